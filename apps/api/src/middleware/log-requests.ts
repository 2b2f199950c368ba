import type { Logger } from '@postmcp/core'
import type { Context, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { AppEnv } from '../app-env.js'

/** One line a request: what was asked by its route, never by its address, for people paste anything into one. */
export const logRequests =
  (logger: Logger): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    const started = performance.now()
    await next()
    logger.info(
      {
        requestId: c.get('requestId'),
        method: c.req.method,
        route: routeOf(c),
        status: c.res.status,
        ms: Math.round(performance.now() - started),
        workspaceId: c.get('scope')?.workspaceId,
      },
      'request',
    )
  }

/** The pattern that answered; `/*` where none did, for middleware matches everything. */
const routeOf = (c: Context<AppEnv>): string =>
  matchedRoutes(c)
    .map(({ path }) => path)
    .findLast((path) => !path.endsWith('*')) ?? '/*'
