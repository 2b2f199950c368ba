import type { Logger } from '@postmcp/core'
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
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
        route: routePath(c, -1),
        status: c.res.status,
        ms: Math.round(performance.now() - started),
        workspaceId: c.get('scope')?.workspaceId,
      },
      'request',
    )
  }
