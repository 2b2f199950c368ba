import { Hono } from 'hono'
import { PAGE_HEADERS, renderMessage } from '../page.js'
import type { PlatformKit } from '../platform.js'
import { TokenError } from '../token-error.js'
import type { IssuedTokens } from '../token-service.js'
import { hasEnded } from './access.js'
import { describeTokenError } from './errors.js'
import { readScopes, SCOPES } from './scopes.js'

/** The page on which people consent. It has no sessions, so `disable_auto_auth` changes nothing: they are always asked. */
export function createConsentRoutes(kit: PlatformKit): Hono {
  const { tokens } = kit
  const app = new Hono()
  /** @see https://developers.tiktok.com/doc/login-kit-web */
  app.get('/v2/auth/authorize/', (c) => {
    const query = new URL(c.req.url).searchParams
    const refuse = (what: string) => c.html(renderMessage('Something went wrong', what), 400, PAGE_HEADERS)
    const client = tokens.client(query.get('client_key') ?? '')
    const redirectUri = query.get('redirect_uri') ?? ''
    // Who cannot be trusted with an answer gets a page.
    if (!client) return refuse('client_key')
    if (!tokens.allowsRedirect(client, redirectUri)) return refuse('redirect_uri')

    const back = (parameters: Record<string, string>) => {
      const state = query.get('state')
      const url = new URL(redirectUri)
      for (const [name, value] of Object.entries({ ...parameters, ...(state !== null && { state }) }))
        url.searchParams.set(name, value)
      return url.href
    }
    const fail = (error: string, description: string) =>
      c.redirect(back({ error, error_description: description }))
    if (query.get('response_type') !== 'code')
      return fail('unsupported_response_type', 'The response type is not supported.')
    const asked = readScopes(query.get('scope') ?? '')
    if (asked.length === 0 || asked.some((name) => !Object.hasOwn(SCOPES, name)))
      return fail('invalid_scope', 'The requested scope is invalid, unknown, or malformed.')

    return kit.consent.ask(c, {
      clientName: client.name,
      scopes: asked.map((name) => ({ name, why: SCOPES[name] ?? '', required: false })),
      onAllow({ personId, scopes }) {
        if (scopes.length === 0) return back({ error: 'access_denied', error_description: 'Denied.' })
        const code = tokens.createCode({ clientId: client.id, redirectUri, personId, scopes })
        return back({ code, scopes: scopes.join(',') })
      },
      onDeny: () => back({ error: 'access_denied', error_description: 'The user denied the request.' }),
    })
  })
  return app
}

/** Tokens. @see https://developers.tiktok.com/doc/oauth-get-a-user-access-token */
export function createTokenRoutes(kit: PlatformKit): Hono {
  const { tokens, world } = kit
  const app = new Hono()
  app.post('/v2/oauth/token/', async (c) => {
    const form = new URLSearchParams(await c.req.text())
    const proof = readClient(form)
    c.header('cache-control', 'no-store')
    if (!proof) return c.json(describeTokenError(kit, 'invalid_request', 'Client key or secret is missing.'))
    switch (form.get('grant_type')) {
      case 'authorization_code':
        return c.json(
          describeTokens(
            tokens.exchangeCode({
              ...proof,
              // As it stands: one that is still encoded for an address is another one.
              code: form.get('code') ?? '',
              redirectUri: form.get('redirect_uri') ?? undefined,
            }),
          ),
        )
      case 'refresh_token': {
        const refreshToken = form.get('refresh_token') ?? ''
        const personId = tokens.grantOf(refreshToken)?.personId ?? ''
        if (personId !== '' && hasEnded(world.person(personId)))
          throw new TokenError('invalid_grant', 'grant_revoked', 'Refresh token is invalid or expired.')
        return c.json(describeTokens(tokens.refresh({ ...proof, refreshToken })))
      }
      default:
        return c.json(describeTokenError(kit, 'unsupported_grant_type', 'The grant type is not supported.'))
    }
  })

  /** Disconnects the app from the account. How a dead token is answered is not documented. */
  app.post('/v2/oauth/revoke/', async (c) => {
    const form = new URLSearchParams(await c.req.text())
    const proof = readClient(form)
    if (!proof) return c.json(describeTokenError(kit, 'invalid_request', 'Client key or secret is missing.'))
    const client = tokens.authenticateClient(proof)
    const found = tokens.inspect(form.get('token') ?? '')
    if (found.state !== 'valid' || found.client.id !== client.id || found.personId === null)
      throw new TokenError('invalid_grant', 'grant_revoked', 'Access token is invalid or expired.')
    tokens.revokePerson(found.personId, client.id)
    return c.json({})
  })
  return app
}

/** The client by names of TikTok's own; neither `client_id` nor HTTP Basic will do. */
function readClient(form: URLSearchParams) {
  const clientId = form.get('client_key')
  const clientSecret = form.get('client_secret')
  return clientId && clientSecret ? { clientId, clientSecret } : null
}

const describeTokens = (issued: IssuedTokens) => ({
  open_id: issued.personId,
  scope: issued.scopes.join(','),
  access_token: issued.accessToken,
  expires_in: issued.expiresInSeconds,
  refresh_token: issued.refreshToken,
  refresh_expires_in: issued.refreshExpiresInSeconds,
  token_type: 'Bearer',
})
