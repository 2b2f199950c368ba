import type { MiddlewareHandler } from 'hono'
import type { PlatformKit } from '../platform.js'

const LIMIT = 50

/** The headers every answer has; clients pace themselves by them. */
export const rateLimitHeaders = (
  { now }: PlatformKit,
  { remaining, resetAfterSeconds }: { remaining: number; resetAfterSeconds: number },
): Record<string, string> => ({
  'x-ratelimit-limit': String(LIMIT),
  'x-ratelimit-remaining': String(remaining),
  'x-ratelimit-reset': (now().getTime() / 1000 + resetAfterSeconds).toFixed(3),
  'x-ratelimit-reset-after': resetAfterSeconds.toFixed(3),
  'x-ratelimit-bucket': '0123456789abcdef0123456789abcdef',
})

/** Tells of limits that are never reached here. */
export const sendRateLimits =
  (kit: PlatformKit): MiddlewareHandler =>
  async (c, next) => {
    await next()
    const headers = rateLimitHeaders(kit, { remaining: LIMIT - 1, resetAfterSeconds: 1 })
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value)
  }
