import { type CoreContext, receiveCallback } from '@postmcp/core'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { AppEnv } from '../app-env.js'

/** More than any platform sends, less than hurts. */
const maxBytes = 1024 * 1024

/**
 * Where platforms call us back, for example when a person takes away our access: `/hooks/{platform}/{clientRef}`. They prove
 * themselves by a signature over the body as it came.
 */
export function hookRoutes(core: CoreContext): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  app.on(['GET', 'POST'], '/hooks/:platform/:clientRef', bodyLimit({ maxSize: maxBytes }), async (c) => {
    const { platform, clientRef } = c.req.param()
    const answer = await receiveCallback(
      core,
      { platform, clientRef },
      {
        method: c.req.method === 'GET' ? 'GET' : 'POST',
        headers: c.req.raw.headers,
        query: new URL(c.req.url).searchParams,
        body: new Uint8Array(await c.req.arrayBuffer()),
      },
    )
    return answer ? c.body(answer.body, 200, { 'content-type': answer.contentType }) : c.body(null, 200)
  })
  return app
}
