import { type Context, Hono } from 'hono'
import { PAGE_HEADERS, renderMessage } from '../page.js'
import type { PlatformKit } from '../platform.js'
import type { ClientProof, IssuedTokens } from '../token-service.js'
import { ApiError, authenticationFailed, invalidRequest } from './errors.js'
import { readScopes, SCOPES } from './scopes.js'

/** @see https://developers.pinterest.com/docs/getting-started/set-up-authentication-and-authorization/ */
export function createOAuthRoutes(kit: PlatformKit): Hono {
  const { tokens } = kit
  const app = new Hono()

  app.get('/oauth/', (c) => {
    const query = new URL(c.req.url).searchParams
    const client = tokens.client(query.get('client_id') ?? '')
    const redirectUri = query.get('redirect_uri') ?? ''
    const refuse = (what: string) => c.html(renderMessage('Something is wrong', what), 400, PAGE_HEADERS)
    // Who cannot be trusted with an answer gets a page.
    if (!client) return refuse('There is no such app.')
    if (!tokens.allowsRedirect(client, redirectUri))
      return refuse('The redirect address is not one of the app.')

    const answer = (parameters: Record<string, string>) => {
      const state = query.get('state')
      const url = new URL(redirectUri)
      for (const [name, value] of Object.entries({ ...parameters, ...(state !== null && { state }) }))
        url.searchParams.set(name, value)
      return url.href
    }
    if (query.get('response_type') !== 'code')
      return c.redirect(answer({ error: 'unsupported_response_type' }))
    const scopes = readScopes(query.get('scope') ?? '')
    if (scopes.length === 0 || scopes.some((scope) => !Object.hasOwn(SCOPES, scope)))
      return c.redirect(answer({ error: 'invalid_scope' }))

    return kit.consent.ask(c, {
      clientName: client.name,
      // All or nothing.
      scopes: scopes.map((name) => ({ name, required: true, why: SCOPES[name] ?? '' })),
      onAllow: (decision) =>
        answer({ code: tokens.createCode({ clientId: client.id, redirectUri, ...decision }) }),
      onDeny: () => answer({ error: 'access_denied' }),
    })
  })

  app.post('/v5/oauth/token', async (c) => {
    const form = await readForm(c)
    const proof = readClient(c)
    const text = (name: string) => form.get(name) ?? ''
    switch (form.get('grant_type')) {
      case 'authorization_code': {
        const exchange = { ...proof, code: text('code'), redirectUri: text('redirect_uri') }
        return c.json(describeTokens('authorization_code', tokens.exchangeCode(exchange)))
      }
      case 'refresh_token': {
        const scopes = form.has('scope') ? readScopes(text('scope')) : undefined
        const issued = tokens.refresh({ ...proof, refreshToken: text('refresh_token'), scopes })
        return c.json(describeTokens('refresh_token', issued))
      }
      default:
        throw invalidRequest('Invalid request: grant_type is not one of those that are known.')
    }
  })

  // Ends tokens of system users only; nobody here is one.
  app.post('/v5/oauth/token/revoke', async (c) => {
    const form = await readForm(c)
    tokens.authenticateClient(readClient(c))
    if (!form.get('token')) throw invalidRequest('Invalid request: token is missing.')
    throw new ApiError(403, 29, 'You are not permitted to access that resource.')
  })
  return app
}

/** Only a form is read. */
async function readForm(c: Context): Promise<URLSearchParams> {
  const isForm = (c.req.header('content-type') ?? '').startsWith('application/x-www-form-urlencoded')
  if (!isForm) throw invalidRequest('Invalid request: the body is not a form.')
  return new URLSearchParams(await c.req.text())
}

/** Basic authentication is the only way; credentials in the body are not looked at. */
function readClient(c: Context): ClientProof {
  const basic = /^basic\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
  if (basic === undefined) throw authenticationFailed()
  const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent)
  return { clientId: id, clientSecret: secret }
}

/** @see the API description, OauthAccessTokenResponseCode and OauthAccessTokenResponseRefresh */
const describeTokens = (responseType: string, issued: IssuedTokens) => ({
  response_type: responseType,
  access_token: issued.accessToken,
  token_type: 'bearer',
  expires_in: issued.expiresInSeconds,
  scope: issued.scopes.join(','),
  refresh_token: issued.refreshToken,
  refresh_token_expires_in: issued.refreshExpiresInSeconds,
  refresh_token_expires_at:
    Math.floor(issued.issuedAt.getTime() / 1000) + (issued.refreshExpiresInSeconds ?? 0),
})
