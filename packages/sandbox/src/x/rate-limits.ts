import type { MiddlewareHandler } from 'hono'
import type { PlatformKit } from '../platform.js'
import { limitHeaders, tooMany } from './errors.js'

const WINDOW_SECONDS = 900

/** Gives every answer the id one complains with and the build it came from. */
export const describeEachAnswer =
  (kit: PlatformKit): MiddlewareHandler =>
  async (c, next) => {
    await next()
    c.res.headers.set('x-transaction-id', kit.random.hex(16))
    c.res.headers.set('api-version', '2.167')
  }

/** Counts the requests of each person in windows of 15 minutes and refuses those above the limit. */
export function limitPerPerson(kit: PlatformKit, limit: number): MiddlewareHandler {
  const windows = new Map<string, { count: number; endsAt: number }>()
  return async (c, next) => {
    const token = c.req.header('authorization')?.replace(/^bearer\s+/i, '') ?? ''
    const person = kit.tokens.grantOf(token)?.personId ?? 'nobody'
    const now = kit.now().getTime()
    const running = windows.get(person)
    const window =
      running && running.endsAt > now ? running : { count: 0, endsAt: now + WINDOW_SECONDS * 1000 }
    windows.set(person, window)
    window.count += 1
    const reset = new Date(window.endsAt)
    if (window.count > limit) return tooMany(limit, reset)
    await next()
    const headers = limitHeaders(limit, limit - window.count, reset)
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value)
  }
}
