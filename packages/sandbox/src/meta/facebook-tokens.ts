import { Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { TokenPolicy } from '../token-policy.js'
import type { AccessToken } from '../token-service.js'
import { problemOf } from './access.js'
import { GraphApiError } from './errors.js'

/** Life of a long-lived token of a person: a little less than 60 days. */
const LONG_LIFE_SECONDS = 5_183_944

/** How Facebook Login deals with codes and tokens. */
export const FACEBOOK_LOGIN_POLICY = {
  // How long a code lives is not documented; a short-lived token lives one or two hours.
  codeLifeSeconds: 600,
  accessLifeSeconds: 5400,
  consents: 'merge',
  formats: { accessToken: (random) => `EAA${random.text(60)}`, code: (random) => `AQ${random.text(40)}` },
} as const satisfies Partial<TokenPolicy>

/** The token endpoint of Facebook Login; its parameters travel in the query. @see https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived */
export function createTokenRoutes(kit: PlatformKit): Hono {
  const { tokens } = kit
  const app = new Hono()
  app.on(['GET', 'POST'], '/oauth/access_token', async (c) => {
    const form = c.req.method === 'POST' ? await c.req.parseBody() : {}
    const parameter = (name: string) =>
      c.req.query(name) ?? (form[name] === undefined ? undefined : String(form[name]))
    const proof = { clientId: parameter('client_id') ?? '', clientSecret: parameter('client_secret') }
    const client = tokens.authenticateClient(proof)
    switch (parameter('grant_type')) {
      case 'fb_exchange_token': {
        const shown = parameter('fb_exchange_token') ?? ''
        const problem = problemOf(kit, shown)
        if (problem) throw problem
        const grant = tokens.grantOf(shown)
        if (!grant || grant.clientId !== client.id)
          throw new GraphApiError(190, 'The token is for another app.')
        const long = tokens.issueAccessToken(grant.id, {
          lifeSeconds: LONG_LIFE_SECONDS,
          facts: { isLongLived: true },
        })
        return c.json(describeToken(long.token, LONG_LIFE_SECONDS))
      }
      case 'client_credentials':
        return c.json({ access_token: `${client.id}|${proof.clientSecret}`, token_type: 'bearer' })
      case undefined:
      case 'authorization_code': {
        const issued = tokens.exchangeCode({
          ...proof,
          code: parameter('code') ?? '',
          redirectUri: parameter('redirect_uri'),
        })
        return c.json(describeToken(issued.accessToken, issued.expiresInSeconds))
      }
      default:
        throw new GraphApiError(100, `Invalid grant_type: ${parameter('grant_type')}.`)
    }
  })
  return app
}

const describeToken = (token: string, expiresIn: number | null) => ({
  access_token: token,
  token_type: 'bearer',
  ...(expiresIn !== null && { expires_in: expiresIn }),
})

/** Whether a token of a Page made with this one has no end. */
export const isLongLived = ({ facts }: AccessToken): boolean => facts.isLongLived === true
