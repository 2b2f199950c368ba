import { type Context, Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import { TokenError } from '../token-error.js'
import type { TokenPolicy } from '../token-policy.js'
import type { IssuedTokens } from '../token-service.js'
import { problemOf, readToken, requireScope } from './access.js'
import { GraphApiError } from './errors.js'

/** Life of a long-lived token: a little less than 60 days. */
const LONG_LIFE_SECONDS = 5_183_944
const DAY_SECONDS = 24 * 60 * 60

/** How Instagram and Threads deal with codes and tokens: a code lives an hour, and so does the token it is changed for. */
export const loginPolicy = (tokenPrefix: string): TokenPolicy => ({
  codeLifeSeconds: 3600,
  accessLifeSeconds: 3600,
  refreshLifeSeconds: null,
  rotation: 'none',
  replay: 'single_use',
  codeReplayRevokes: false,
  pkce: 'ignored',
  formats: {
    accessToken: (random) => `${tokenPrefix}${random.text(60)}`,
    code: (random) => `AQ${random.text(40)}`,
  },
})

/**
 * The endpoint that changes a code. Its refusals have a form of their own and no code but 400; their words, but for those on
 * codes and on unknown applications, are made up.
 */
export function createExchangeRoute(kit: PlatformKit, describe: (issued: IssuedTokens) => string): Hono {
  const app = new Hono()
  app.onError((error, c) => {
    if (!(error instanceof TokenError)) throw error
    const words: Partial<Record<TokenError['reason'], string>> = {
      client_unknown: 'Invalid platform app',
      secret_wrong: 'Error validating client secret.',
      redirect_uri_mismatch:
        'Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request',
      code_used: 'This authorization code has been used',
    }
    const error_message = words[error.reason] ?? 'Matching code was not found or was already used.'
    return c.json({ error_type: 'OAuthException', code: 400, error_message }, 400)
  })
  app.post('/oauth/access_token', async (c) => {
    const form = await c.req.parseBody()
    const text = (name: string) => (form[name] === undefined ? undefined : String(form[name]))
    const issued = kit.tokens.exchangeCode({
      clientId: text('client_id') ?? '',
      clientSecret: text('client_secret') ?? '',
      code: text('code') ?? '',
      redirectUri: text('redirect_uri'),
    })
    return c.body(describe(issued), 200, { 'content-type': 'application/json' })
  })
  return app
}

/** The endpoints that change a token of an hour for one of 60 days, and extend that one. */
export function createLongLivedRoutes(
  kit: PlatformKit,
  names: { exchange: string; refresh: string; scope: string },
): Hono {
  const { tokens, now } = kit
  const app = new Hono()

  const shown = (c: Context, grantType: string) => {
    if (c.req.query('grant_type') !== grantType)
      throw new GraphApiError(100, `Unsupported grant_type, it must be ${grantType}.`)
    const token = readToken(c) ?? ''
    const problem = problemOf(kit, token)
    if (problem) throw problem
    const found = tokens.inspect(token)
    if (found.state === 'unknown') throw new GraphApiError(190, 'Invalid OAuth access token', { status: 401 })
    return found
  }
  const answerLongLived = (c: Context, grantId: string) => {
    const { token } = tokens.issueAccessToken(grantId, {
      lifeSeconds: LONG_LIFE_SECONDS,
      facts: { isLongLived: true },
    })
    return c.json({ access_token: token, token_type: 'bearer', expires_in: LONG_LIFE_SECONDS })
  }

  app.get('/access_token', (c) => {
    const { grant, client } = shown(c, names.exchange)
    tokens.authenticateClient({ clientId: client.id, clientSecret: c.req.query('client_secret') })
    return answerLongLived(c, grant.id)
  })

  app.get('/refresh_access_token', (c) => {
    const found = shown(c, names.refresh)
    requireScope(found, names.scope)
    const ageSeconds = (now().getTime() - found.token.issuedAt.getTime()) / 1000
    // How the real one words this is not known.
    if (found.token.facts.isLongLived !== true || ageSeconds < DAY_SECONDS)
      throw new GraphApiError(100, 'Only a long-lived token that is at least 24 hours old can be refreshed.')
    return answerLongLived(c, found.grant.id)
  })
  return app
}
