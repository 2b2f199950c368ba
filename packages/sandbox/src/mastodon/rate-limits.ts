import type { MiddlewareHandler } from 'hono'
import { readBearer } from './access.js'
import { createErrors } from './errors.js'
import type { Instance } from './server.js'

const WINDOW_SECONDS = 300
const REQUESTS_PER_WINDOW = 300

/** Counts requests by access token, tells the rest in headers, and refuses the 301st in five minutes. */
export const limitRequests =
  ({ kit, requests }: Instance): MiddlewareHandler =>
  async (c, next) => {
    const now = kit.now().getTime()
    const token = readBearer(c)
    const key = token ?? 'nobody'
    const running = requests.get(key)
    const window =
      running && running.endsAt > now ? running : { count: 0, endsAt: now + WINDOW_SECONDS * 1000 }
    requests.set(key, window)
    window.count += 1
    // Without a token the real limit counts by address; on one machine that would be everybody.
    if (token !== undefined && window.count > REQUESTS_PER_WINDOW)
      return createErrors(kit).rateLimited(Math.ceil((window.endsAt - now) / 1000))
    await next()
    c.res.headers.set('x-ratelimit-limit', String(REQUESTS_PER_WINDOW))
    c.res.headers.set('x-ratelimit-remaining', String(Math.max(0, REQUESTS_PER_WINDOW - window.count)))
    c.res.headers.set('x-ratelimit-reset', new Date(window.endsAt).toISOString())
  }
