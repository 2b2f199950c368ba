import { type PlatformKit, TokenError } from '@postmcp/sandbox'
import { Hono } from '../hono.js'

const SCOPES: Readonly<Record<string, string>> = { pages: 'See your pages', notes: 'Write notes on them' }

/** The consent page, and tokens as RFC 6749 words them. @see https://docs.example.com/oauth */
export function createOAuth({ tokens, consent, world }: PlatformKit) {
  const app = new Hono()

  app.get('/oauth/authorize', (c) => {
    const query = c.req.query()
    const { client_id: clientId = '', redirect_uri: redirectUri = '', state } = query
    const client = tokens.client(clientId)
    // Who cannot be trusted with an answer gets a page.
    if (!client || !tokens.allowsRedirect(client, redirectUri)) return c.text('There is no such app.', 400)
    const back = (parameters: Record<string, string>) => {
      const url = new URL(redirectUri)
      for (const [name, value] of Object.entries({ ...parameters, ...(state !== undefined && { state }) }))
        url.searchParams.set(name, value)
      return url.href
    }
    const scopes = (query.scope ?? '').split(' ').filter(Boolean)
    const isGood = scopes.length > 0 && scopes.every((scope) => Object.hasOwn(SCOPES, scope))
    if (!isGood) return c.redirect(back({ error: 'invalid_scope' }))
    const challenge = {
      codeChallenge: query.code_challenge,
      codeChallengeMethod: query.code_challenge_method,
    }
    try {
      tokens.checkChallenge(challenge)
    } catch {
      return c.redirect(back({ error: 'invalid_request' }))
    }
    return consent.ask(c, {
      clientName: client.name,
      scopes: scopes.map((name) => ({ name, why: SCOPES[name] ?? '', required: true })),
      choose: {
        kind: 'pages',
        min: 1,
        itemsOf: (personId) =>
          world.resourcesOf(personId, 'page').map(({ id, name }) => ({ id, label: name })),
      },
      onAllow: (decision) =>
        back({ code: tokens.createCode({ clientId, redirectUri, ...challenge, ...decision }) }),
      onDeny: () => back({ error: 'access_denied' }),
    })
  })

  app.post('/oauth/token', async (c) => {
    const form = new URLSearchParams(await c.req.text())
    const text = (name: string) => form.get(name) ?? ''
    const proof = { clientId: text('client_id'), clientSecret: text('client_secret') }
    const issued =
      form.get('grant_type') === 'refresh_token'
        ? tokens.refresh({ ...proof, refreshToken: text('refresh_token') })
        : tokens.exchangeCode({
            ...proof,
            code: text('code'),
            redirectUri: text('redirect_uri'),
            codeVerifier: text('code_verifier'),
          })
    return c.json({
      access_token: issued.accessToken,
      token_type: 'bearer',
      expires_in: issued.expiresInSeconds,
      refresh_token: issued.refreshToken,
      refresh_token_expires_in: issued.refreshExpiresInSeconds,
      scope: issued.scopes.join(' '),
    })
  })

  app.post('/oauth/revoke', async (c) => {
    const form = new URLSearchParams(await c.req.text())
    const text = (name: string) => form.get(name) ?? ''
    tokens.authenticateClient({ clientId: text('client_id'), clientSecret: text('client_secret') })
    const grant = tokens.grantOf(text('token'))
    if (grant) tokens.revokeGrant(grant.id)
    return c.json({}) // said of an unknown token as well
  })

  app.onError((error, c) => {
    if (!(error instanceof TokenError)) throw error
    const status = error.code === 'invalid_client' ? 401 : 400
    return c.json({ error: error.code, error_description: error.message }, status)
  })
  return app
}
