import { PostMcpError } from '@postmcp/core'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { AppEnv } from '../app-env.js'
import { asPostMcpError } from '../middleware/problem.js'
import { errorPage } from '../pages/connect-pages.js'
import { pageHeaders } from '../pages/page.js'
import type { SandboxAccess } from '../sandbox/sandbox-access.js'

const answerWithinMs = 10_000

/**
 * What a simulated page is sent with. It stands on our origin and is not ours, so it has no origin of its own in the browser
 * (`sandbox`), runs nothing, loads nothing, and may send its form.
 */
const simulatedPageHeaders = {
  ...pageHeaders,
  'content-security-policy':
    "sandbox allow-forms; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
}

/**
 * The consent pages of the simulated platforms at `/sandbox/{platform}`, for people whose browser is not on this machine. Nothing
 * else of the sandbox is shown here: whoever may consent needs no key, and with the rest could register applications, publish under
 * our name, and look at what others tried.
 */
export function sandboxPages(sandbox: Pick<SandboxAccess, 'pageAt'>): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  app.onError(async (thrown, c) => {
    const error = asPostMcpError(thrown)
    const page = await errorPage(error, c.get('requestId'))
    return c.html(page, error.status as ContentfulStatusCode, pageHeaders)
  })
  app.on(['GET', 'POST'], '/sandbox/:platform/:path{.*}', bodyLimit({ maxSize: 64 * 1024 }), async (c) => {
    // As it was sent: what is decoded could mean another path there than it does here.
    const { pathname, search } = new URL(c.req.url)
    const [, platform = '', path = ''] = /^\/sandbox\/([a-z]+)(\/.*)$/.exec(pathname) ?? []
    const address = sandbox.pageAt(platform, c.req.method, path)
    if (address === null) throw new PostMcpError('not_found', 'There is no such page of the sandbox here.')
    const answer = await ask(c, `${address}${search}`)
    const type = answer.headers.get('content-type') ?? ''
    const location = answer.headers.get('location')
    return c.body(await answer.text(), answer.status as ContentfulStatusCode, {
      ...simulatedPageHeaders,
      'content-type': type.startsWith('text/html') ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8',
      ...(location !== null && { location }),
    })
  })
  return app
}

/** @throws PostMcpError `platform_unavailable` */
async function ask(c: Context, address: string): Promise<Response> {
  const { method } = c.req
  const type = c.req.header('content-type')
  try {
    return await fetch(address, {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(answerWithinMs),
      ...(method === 'POST' && {
        body: await c.req.arrayBuffer(),
        headers: { ...(type !== undefined && { 'content-type': type }) },
      }),
    })
  } catch (cause) {
    throw new PostMcpError('platform_unavailable', 'The sandbox does not answer.', { cause })
  }
}
