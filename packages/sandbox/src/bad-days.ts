import type { HttpBindings } from '@hono/node-server'
import type { MiddlewareHandler } from 'hono'
import type { PlatformErrors } from './platform.js'

/**
 * What can go wrong at a platform.
 * - `rate_limited`: refused for now, as the platform words it
 * - `server_error`: an error of the platform, as it words it
 * - `garbage`: status 200 with a web page, as of a proxy in between
 * - `lost_request`: the connection breaks before the platform has seen the request
 * - `lost_answer`: the platform acts, and the connection breaks before the answer
 * - `slow`: the answer takes its time
 * - `slow_media`: requests are answered as ever, but uploads take so long to be ready
 */
export type BadDay = BadDayFault & {
  /** How many requests meet it. Default: all, until healed. */
  times?: number
  /** How many requests it spares before, of those it is about. Default: none. */
  after?: number
  /** Start of the path below the platform's base, or a pattern for it. Default: every path. */
  path?: string | RegExp
  /** Default: every method. */
  method?: string
}

type BadDayFault =
  | { fault: 'rate_limited'; seconds?: number }
  | { fault: 'server_error' | 'garbage' | 'lost_request' | 'lost_answer' }
  | { fault: 'slow'; milliseconds: number }
  | { fault: 'slow_media'; seconds: number }

/** Names of all faults. */
export const FAULTS = [
  'rate_limited',
  'server_error',
  'garbage',
  'lost_request',
  'lost_answer',
  'slow',
  'slow_media',
] as const satisfies BadDay['fault'][]

/** Seconds to come back after, where nothing else is said. */
const RATE_LIMIT_SECONDS = 120

/** A request on its way: before the platform acts on it, or after that and before it answers. */
export interface SeenRequest {
  at: 'request' | 'answer'
  method: string
  /** Below the platform's base. */
  path: string
}

/** Waited for before a request goes on; `break`: the connection breaks there instead. */
type Watcher = (seen: SeenRequest) => Promise<'break' | undefined> | 'break' | undefined

/** A bad day with what is left of its counts. */
interface SetDay {
  day: BadDay
  spared: number
  left: number
}

/** The bad days of one platform: which trouble its API requests meet. Consent pages and the sandbox's own pages never do. */
export class BadDays {
  #days: SetDay[] = []
  readonly #watchers = new Set<Watcher>()

  /** From now on requests meet this, until `heal` or until it has happened `times` times. Adds to what is set already. */
  set(day: BadDay): void {
    this.#days.push({ day, spared: day.after ?? 0, left: day.times ?? Number.POSITIVE_INFINITY })
  }

  /** The next request, or the next so many, meet this. */
  failNext(fault: Exclude<BadDay['fault'], 'slow' | 'slow_media'>, times = 1): void {
    this.set({ fault, times })
  }

  heal(): void {
    this.#days = []
  }

  /** What is set, oldest first. */
  current(): BadDay[] {
    return this.#days.map(({ day }) => day)
  }

  /** How long uploads take before they are ready, where the platform works on them after answering. */
  mediaSeconds(): number {
    const slow = this.current().find((day) => day.fault === 'slow_media')
    return slow?.fault === 'slow_media' ? slow.seconds : 0
  }

  /** Shows every request on its way to somebody who may hold or break it. @returns what ends that */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  /** Shows a request to those who watch. @returns whether one of them wants it broken */
  async show(seen: SeenRequest): Promise<boolean> {
    const said = await Promise.all([...this.#watchers].map((watcher) => watcher(seen)))
    return said.includes('break')
  }

  /** The trouble that this request meets; null on a good day. Counts. */
  take(method: string, path: string): BadDay | null {
    let met: SetDay | undefined
    for (const each of this.#days) {
      if (!isMet(each.day, method, path)) continue
      if (each.spared > 0) each.spared -= 1
      else met ??= each
    }
    if (!met) return null
    met.left -= 1
    if (met.left <= 0) this.#days = this.#days.filter((one) => one !== met)
    return met.day
  }
}

function isMet({ fault, method, path: place }: BadDay, askedMethod: string, path: string): boolean {
  if (fault === 'slow_media') return false
  if (method !== undefined && method.toUpperCase() !== askedMethod) return false
  if (place === undefined) return true
  return typeof place === 'string' ? path.startsWith(place) : new RegExp(place.source, place.flags).test(path)
}

/**
 * Lets requests meet what the bad days say.
 *
 * @param pathOf the path below the platform's base; null for pages that have no bad days
 */
export function meetBadDays(
  badDays: BadDays,
  errors: PlatformErrors,
  pathOf: (url: URL) => string | null,
): MiddlewareHandler<{ Bindings: Partial<HttpBindings> }> {
  return async (c, next) => {
    const path = pathOf(new URL(c.req.url))
    if (path === null) return next()
    const breakConnection = () => {
      c.env?.incoming?.socket.destroy()
      return new Response('The connection broke.', { status: 502 })
    }
    const { method } = c.req
    if (await badDays.show({ at: 'request', method, path })) return breakConnection()
    const day = badDays.take(method, path)
    switch (day?.fault) {
      case 'rate_limited':
        return errors.rateLimited(day.seconds ?? RATE_LIMIT_SECONDS)
      case 'server_error':
        return errors.serverError()
      case 'garbage':
        return new Response(WEB_PAGE, { headers: { 'content-type': 'text/html' } })
      case 'lost_request':
        return breakConnection()
      case 'lost_answer':
        await next()
        c.res = undefined
        return breakConnection()
      case 'slow':
        await new Promise((resolve) => setTimeout(resolve, day.milliseconds))
    }
    await next()
    if (!(await badDays.show({ at: 'answer', method, path }))) return
    c.res = undefined
    return breakConnection()
  }
}

const WEB_PAGE = '<!doctype html><title>Welcome</title><p>The web server is working.</p>'
