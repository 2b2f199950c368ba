import { type Context, Hono } from 'hono'
import { PAGE_HEADERS, renderMessage } from '../page.js'
import type { PlatformKit } from '../platform.js'
import { TokenError } from '../token-error.js'
import type { IssuedTokens } from '../token-service.js'
import { readBearer } from './access.js'
import { identityOf } from './identity.js'
import { SCOPES } from './scopes.js'

/** The page on which people consent. @see https://developers.google.com/identity/protocols/oauth2/web-server */
export function createConsentRoutes(kit: PlatformKit): Hono {
  const { tokens, world } = kit
  const app = new Hono()
  app.get('/o/oauth2/v2/auth', (c) => {
    const query = new URL(c.req.url).searchParams
    const refuse = (code: string, status: 400 | 401 = 400) =>
      c.html(renderMessage('Access blocked', `Error ${status}: ${code}`), status, PAGE_HEADERS)
    const client = tokens.client(query.get('client_id') ?? '')
    const redirectUri = query.get('redirect_uri') ?? ''
    // All mistakes of a client are told to the person; nobody is sent back.
    if (!client) return refuse('invalid_client', 401)
    if (!tokens.allowsRedirect(client, redirectUri)) return refuse('redirect_uri_mismatch')
    if (query.get('response_type') !== 'code') return refuse('unsupported_response_type')
    const asked = (query.get('scope') ?? '').split(' ').filter(Boolean)
    if (asked.length === 0) return refuse('invalid_request')
    if (asked.some((name) => !Object.hasOwn(SCOPES, name))) return refuse('invalid_scope')
    const challenge = {
      codeChallenge: query.get('code_challenge') ?? undefined,
      codeChallengeMethod: query.get('code_challenge_method') ?? undefined,
    }
    try {
      tokens.checkChallenge(challenge)
    } catch (error) {
      if (error instanceof TokenError) return refuse('invalid_request')
      throw error
    }

    const back = (parameters: Record<string, string>) => {
      const state = query.get('state')
      const url = new URL(redirectUri)
      for (const [name, value] of Object.entries({ ...(state !== null && { state }), ...parameters }))
        url.searchParams.set(name, value)
      return url.href
    }
    const services = asked.filter((name) => name !== 'openid')
    const prompts = (query.get('prompt') ?? '').split(' ')
    return kit.consent.ask(c, {
      clientName: client.name,
      // With more than one service each has a box of its own, which may be left empty.
      scopes: asked.map((name) => ({
        name,
        why: SCOPES[name] ?? '',
        required: name === 'openid' || services.length === 1,
      })),
      choose: {
        kind: 'channels',
        itemsOf: (personId) =>
          world.resourcesOf(personId, 'channel').map(({ id, name }) => ({ id, label: name })),
        isSingle: true,
      },
      onAllow(decision) {
        const { personId, resourceIds } = decision
        if (services.length > 0 && !decision.scopes.some((name) => name !== 'openid'))
          return back({ error: 'access_denied' })
        const earlier = tokens
          .grants({ personId, clientId: client.id })
          .filter(
            (grant) =>
              !grant.revokedAt &&
              identityOf(kit, personId, grant.resourceIds) === identityOf(kit, personId, resourceIds),
          )
        const includesEarlier = query.get('include_granted_scopes') === 'true'
        const scopes = [
          ...new Set([
            ...decision.scopes,
            ...(includesEarlier ? earlier.flatMap((grant) => grant.scopes) : []),
          ]),
        ]
        const isOffline = query.get('access_type') === 'offline'
        // Offline access is given once; again only with a new consent.
        const givesRefreshToken = isOffline && (earlier.length === 0 || prompts.includes('consent'))
        const code = tokens.createCode({
          clientId: client.id,
          redirectUri,
          personId,
          resourceIds,
          scopes,
          ...challenge,
          facts: { givesRefreshToken },
        })
        return back({ code, scope: scopes.join(' ') })
      },
      onDeny: () => back({ error: 'access_denied' }),
    })
  })
  return app
}

/** Tokens. @see https://developers.google.com/identity/protocols/oauth2/web-server#exchange-authorization-code */
export function createTokenRoutes(kit: PlatformKit): Hono {
  const { tokens } = kit
  const app = new Hono()
  app.post('/token', async (c) => {
    const form = await readForm(c)
    const proof = readClient(form, c.req.header('authorization'))
    c.header('cache-control', 'no-cache, no-store, max-age=0, must-revalidate')
    switch (form.get('grant_type')) {
      case 'authorization_code': {
        const issued = tokens.exchangeCode({
          ...proof,
          code: form.get('code') ?? '',
          redirectUri: form.get('redirect_uri') ?? undefined,
          codeVerifier: form.get('code_verifier') ?? undefined,
        })
        return c.json(describeTokens(kit, issued, issued.facts.givesRefreshToken === true))
      }
      case 'refresh_token': {
        const issued = tokens.refresh({ ...proof, refreshToken: form.get('refresh_token') ?? '' })
        return c.json(describeTokens(kit, issued, false))
      }
      default:
        return c.json({ error: 'unsupported_grant_type', error_description: 'Invalid grant_type: ' }, 400)
    }
  })

  // No client is asked for: who holds the token may end it.
  app.post('/revoke', async (c) => {
    const form = await readForm(c)
    const grant = tokens.grantOf(form.get('token') ?? c.req.query('token') ?? '')
    if (!grant || grant.revokedAt || grant.personId === null)
      return c.json({ error: 'invalid_token', error_description: 'Token expired or revoked' }, 400)
    const { personId, clientId } = grant
    const identity = identityOf(kit, personId, grant.resourceIds)
    for (const other of tokens.grants({ personId, clientId })) {
      if (identityOf(kit, personId, other.resourceIds) === identity) tokens.revokeGrant(other.id)
    }
    return c.json({})
  })

  app.on(['GET', 'POST'], '/tokeninfo', (c) => {
    const found = tokens.inspect(readBearer(c) ?? '')
    if (found.state !== 'valid')
      return c.json({ error: 'invalid_token', error_description: 'Invalid Value' }, 400)
    const expiresIn = Math.max(0, ((found.token.expiresAt?.getTime() ?? 0) - kit.now().getTime()) / 1000)
    return c.json({
      azp: found.client.id,
      aud: found.client.id,
      ...(found.scopes.includes('openid') && {
        sub: identityOf(kit, found.personId ?? '', found.resourceIds),
      }),
      scope: found.scopes.join(' '),
      exp: String(Math.floor((found.token.expiresAt?.getTime() ?? 0) / 1000)),
      expires_in: String(Math.floor(expiresIn)),
      access_type: 'offline',
    })
  })
  return app
}

const readForm = async (c: Context): Promise<URLSearchParams> => new URLSearchParams(await c.req.text())

function readClient(form: URLSearchParams, authorization: string | undefined) {
  const basic = /^basic\s+(\S+)$/i.exec(authorization ?? '')?.[1]
  if (basic === undefined)
    return { clientId: form.get('client_id') ?? '', clientSecret: form.get('client_secret') ?? undefined }
  const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent)
  return { clientId: id, clientSecret: secret }
}

function describeTokens(kit: PlatformKit, issued: IssuedTokens, givesRefreshToken: boolean) {
  return {
    access_token: issued.accessToken,
    expires_in: (issued.expiresInSeconds ?? 0) - 1,
    ...(givesRefreshToken && {
      refresh_token: issued.refreshToken,
      // Only where the access ends by itself, as in the status "Testing"; 604800 is seven days.
      ...(issued.refreshExpiresInSeconds !== null && {
        refresh_token_expires_in: issued.refreshExpiresInSeconds,
      }),
    }),
    scope: issued.scopes.join(' '),
    token_type: 'Bearer',
    ...(issued.scopes.includes('openid') && { id_token: createIdToken(kit, issued) }),
  }
}

/** An ID token as Google forms them; its signature is no signature, since nobody needs to check it. */
function createIdToken(
  kit: PlatformKit,
  { clientId, personId, resourceIds, issuedAt }: IssuedTokens,
): string {
  const iat = Math.floor(issuedAt.getTime() / 1000)
  const claims = {
    iss: 'https://accounts.google.com',
    azp: clientId,
    aud: clientId,
    sub: identityOf(kit, personId ?? '', resourceIds),
    at_hash: kit.random.text(22),
    iat,
    exp: iat + 3600,
  }
  const header = { alg: 'RS256', kid: kit.random.hex(40), typ: 'JWT' }
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')
  return `${encode(header)}.${encode(claims)}.${kit.random.text(342)}`
}
