import { type Context, Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import { problemOf } from './access.js'
import { GraphApiError } from './errors.js'
import { pageOf } from './page-tokens.js'

/** Days after a consent on which the person's data may no longer be read. */
const DATA_ACCESS_DAYS = 90

/** Scopes that are granted for single Pages. */
const pagesOf = (scope: string, pageIds: readonly string[]) =>
  scope.startsWith('pages_') ? [...pageIds] : null

/**
 * What a token is worth, for its own app.
 * @param targetsOf what a scope is granted for, given the Pages that were chosen; null: for everything
 * @see https://developers.facebook.com/docs/graph-api/reference/debug_token
 */
export function createDebugRoutes(
  kit: PlatformKit,
  targetsOf: (scope: string, pageIds: readonly string[]) => string[] | null = pagesOf,
): Hono {
  const app = new Hono()
  app.get('/debug_token', (c) => {
    const client = requireApp(kit, c)
    const input = c.req.query('input_token') ?? ''
    const found = kit.tokens.inspect(input)
    const problem = problemOf(kit, input)
    const error = problem && { code: problem.code, message: problem.message, subcode: problem.subcode }
    if (found.state === 'unknown') return c.json({ data: { is_valid: false, scopes: [], error } })
    if (found.client.id !== client.id)
      throw new GraphApiError(100, '(#100) The App_id in the input_token did not match the Viewing App')
    const { token, grant, scopes, resourceIds, personId } = found
    const pageId = pageOf(found)
    return c.json({
      data: {
        app_id: client.id,
        application: client.name,
        type: pageId === undefined ? 'USER' : 'PAGE',
        is_valid: problem === null,
        issued_at: toSeconds(token.issuedAt),
        expires_at: token.expiresAt ? toSeconds(token.expiresAt) : 0,
        data_access_expires_at: toSeconds(grant.createdAt) + DATA_ACCESS_DAYS * 24 * 3600,
        scopes,
        granular_scopes: scopes
          .filter((scope) => scope !== 'public_profile')
          .map((scope) => {
            const targets = targetsOf(scope, resourceIds)
            return targets ? { scope, target_ids: targets } : { scope }
          }),
        user_id: personId,
        ...(pageId !== undefined && { profile_id: pageId }),
        ...(error && { error }),
      },
    })
  })
  return app
}

/** The app that asks, by `{app id}|{app secret}`. */
function requireApp(kit: PlatformKit, c: Context) {
  const [clientId = '', clientSecret = ''] = (c.req.query('access_token') ?? '').split('|')
  return kit.tokens.authenticateClient({ clientId, clientSecret })
}

const toSeconds = (instant: Date) => Math.floor(instant.getTime() / 1000)
