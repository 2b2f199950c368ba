import { type Context, Hono } from 'hono'
import { PAGE_HEADERS, renderMessage } from '../page.js'
import type { PlatformKit } from '../platform.js'
import { TokenError } from '../token-error.js'
import type { IssuedTokens } from '../token-service.js'
import { readScopes, WHY } from './scopes.js'

const YEAR = 365 * 24 * 3600

/** @see https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow */
export function createOAuth(kit: PlatformKit): Hono {
  const { tokens } = kit
  const app = new Hono()

  app.get('/oauth/v2/authorization', (c) => {
    const query = new URL(c.req.url).searchParams
    const client = tokens.client(query.get('client_id') ?? '')
    const redirectUri = query.get('redirect_uri') ?? ''
    const bummer = (text: string) =>
      c.html(renderMessage('Bummer, something went wrong.', text), 400, PAGE_HEADERS)
    if (!client) return bummer('The client ID is not known.')
    // What is registered is compared without the query.
    if (!tokens.allowsRedirect(client, redirectUri.replace(/\?.*$/, '')) || redirectUri.includes('#'))
      return bummer('The redirect address does not match one that is registered.')

    const back = (parameters: Record<string, string>) => {
      const url = new URL(redirectUri)
      const state = query.get('state')
      const all = { ...parameters, ...(state !== null && { state }) }
      for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value)
      return url.href
    }
    const fail = (error: string, description: string) =>
      c.redirect(back({ error, error_description: description }))
    if (query.get('response_type') !== 'code')
      return fail('invalid_request', 'The response type must be "code".')
    const scopes = readScopes(query.get('scope') ?? '')
    const foreign = scopes.find(
      (scope) => WHY[scope] === undefined || client.scopes?.includes(scope) === false,
    )
    if (foreign !== undefined || scopes.length === 0)
      return fail(
        'unauthorized_scope_error',
        `Scope "${foreign ?? ''}" is not authorized for your application`,
      )

    return kit.consent.ask(c, {
      clientName: client.name,
      // All or nothing.
      scopes: scopes.map((name) => ({ name, required: true, ...(WHY[name] && { why: WHY[name] }) })),
      onAllow: (decision) =>
        back({ code: tokens.createCode({ clientId: client.id, redirectUri, ...decision }) }),
      onDeny: () =>
        back({
          error: 'user_cancelled_authorize',
          error_description: 'The user cancelled the authorization',
        }),
    })
  })

  app.post('/oauth/v2/accessToken', async (c) => {
    const form = await readForm(c)
    const proof = { clientId: form('client_id') ?? '', clientSecret: form('client_secret') }
    switch (form('grant_type')) {
      case 'authorization_code': {
        const issued = tokens.exchangeCode({
          ...proof,
          code: form('code') ?? '',
          redirectUri: form('redirect_uri'),
        })
        endOtherScopes(kit, issued)
        return c.json(describeTokens(kit, issued))
      }
      case 'refresh_token':
        return c.json(
          describeTokens(kit, tokens.refresh({ ...proof, refreshToken: form('refresh_token') ?? '' })),
        )
    }
    throw new TokenError('invalid_request', 'refresh_unsupported', 'The grant type is missing or not known.')
  })

  /** @see https://learn.microsoft.com/en-us/linkedin/shared/authentication/token-introspection */
  app.post('/oauth/v2/introspectToken', async (c) => {
    const form = await readForm(c)
    const client = tokens.authenticateClient({
      clientId: form('client_id') ?? '',
      clientSecret: form('client_secret'),
    })
    const found = tokens.inspect(form('token') ?? '')
    if (found.state === 'unknown' || found.client.id !== client.id)
      return c.json({ error: 'invalid_request', error_description: 'The token is not known.' }, 400)
    const { token, grant, state, scopes } = found
    return c.json({
      active: state === 'valid',
      client_id: client.id,
      authorized_at: seconds(grant.createdAt),
      created_at: seconds(token.issuedAt),
      status: state === 'valid' ? 'active' : state,
      ...(token.expiresAt && { expires_at: seconds(token.expiresAt) }),
      scope: scopes.join(','),
      auth_type: '3L',
    })
  })
  return app
}

async function readForm(c: Context): Promise<(name: string) => string | undefined> {
  const form = await c.req.parseBody()
  return (name) => {
    const value = form[name]
    return typeof value === 'string' ? value : undefined
  }
}

/** A consent with another list of scopes ends what the member gave this application before. */
function endOtherScopes({ tokens }: PlatformKit, issued: IssuedTokens): void {
  const asked = [...issued.scopes].sort().join()
  const { personId, clientId } = issued
  for (const grant of tokens.grants({ personId: personId ?? undefined, clientId })) {
    if ([...grant.scopes].sort().join() !== asked) tokens.revokeGrant(grant.id)
  }
}

function describeTokens(kit: PlatformKit, issued: IssuedTokens) {
  return {
    access_token: issued.accessToken,
    expires_in: issued.expiresInSeconds,
    ...(issued.refreshToken !== null && {
      refresh_token: issued.refreshToken,
      // Counted from the consent: a refresh does not prolong it.
      refresh_token_expires_in: YEAR - secondsSinceConsent(kit, issued),
    }),
    scope: issued.scopes.join(','),
    token_type: 'Bearer',
    ...(issued.scopes.includes('openid') && { id_token: createIdToken(kit, issued) }),
  }
}

function secondsSinceConsent({ tokens, now }: PlatformKit, { grantId }: IssuedTokens): number {
  const grant = tokens.grants().find(({ id }) => id === grantId)
  return grant ? seconds(now()) - seconds(grant.createdAt) : 0
}

/** Signed by nobody: what reads it got it from here. */
function createIdToken(kit: PlatformKit, { personId, clientId, issuedAt, scopes }: IssuedTokens): string {
  const person = kit.world.person(personId ?? '')
  const claims = {
    iss: 'https://www.linkedin.com/oauth',
    aud: clientId,
    sub: personId,
    iat: seconds(issuedAt),
    exp: seconds(issuedAt) + 3600,
    ...(person && scopes.includes('profile') && { name: person.name, picture: kit.avatarUrl(person) }),
  }
  const parts = [JSON.stringify({ alg: 'RS256', typ: 'JWT' }), JSON.stringify(claims), 'simulated']
  return parts.map((part) => Buffer.from(part).toString('base64url')).join('.')
}

const seconds = (instant: Date) => Math.floor(instant.getTime() / 1000)
