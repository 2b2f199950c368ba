import type { Logger } from '@postmcp/core'
import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from '../app-env.js'

/** One line a request: what was asked by its route, never by its address, for a query may hold anything. */
export const logRequests =
  (logger: Logger): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    const started = performance.now()
    await next()
    logger.info(
      {
        requestId: c.get('requestId'),
        method: c.req.method,
        path: c.req.path,
        status: c.res.status,
        ms: Math.round(performance.now() - started),
        workspaceId: c.get('scope')?.workspaceId,
      },
      'request',
    )
  }
