import { XrpcError } from './errors.js'

/** So many points in so many seconds, for each key. */
export interface RateLimit {
  name: string
  points: number
  seconds: number
}

/** What one request takes from one limit. */
export interface Charge {
  limit: RateLimit
  key: string
  points: number
}

/**
 * The limits of the reference PDS.
 * @see https://docs.bsky.app/docs/advanced-guides/rate-limits
 */
export const LIMITS = {
  calls: { name: 'global-ip', points: 3000, seconds: 300 },
  loginsPerDay: { name: 'login-day', points: 300, seconds: 86_400 },
  logins: { name: 'login', points: 30, seconds: 300 },
  writesPerHour: { name: 'repo-write-hour', points: 5000, seconds: 3600 },
  writesPerDay: { name: 'repo-write-day', points: 35_000, seconds: 86_400 },
  uploads: { name: 'upload-day', points: 1000, seconds: 86_400 },
} as const satisfies Record<string, RateLimit>

/** Counts what is used up, in windows that begin with their first request. */
export class RateLimits {
  readonly #now: () => Date
  readonly #windows = new Map<string, { used: number; endsAt: number }>()

  constructor(now: () => Date) {
    this.#now = now
  }

  /**
   * Takes the points of one request.
   * @returns the headers that tell of the limit with the least left
   * @throws XrpcError 429 with the same headers
   */
  take(charges: readonly Charge[]): Record<string, string> {
    const tallies = charges.map((charge) => ({ ...charge.limit, ...this.#count(charge) }))
    const [tightest] = tallies.toSorted((one, other) => one.left - other.left)
    if (!tightest) return {}
    const { points, seconds, left, endsAt } = tightest
    const headers = {
      'ratelimit-limit': String(points),
      'ratelimit-remaining': String(Math.max(0, left)),
      'ratelimit-reset': String(Math.floor(endsAt / 1000)),
      'ratelimit-policy': `${points};w=${seconds}`,
    }
    if (left >= 0) return headers
    const retryAfter = String(Math.ceil((endsAt - this.#now().getTime()) / 1000))
    throw new XrpcError(429, 'RateLimitExceeded', 'Rate Limit Exceeded', {
      ...headers,
      'retry-after': retryAfter,
    })
  }

  #count({ limit, key, points }: Charge): { left: number; endsAt: number } {
    const now = this.#now().getTime()
    const id = `${limit.name} ${key}`
    const running = this.#windows.get(id)
    const window = running && running.endsAt > now ? running : { used: 0, endsAt: now + limit.seconds * 1000 }
    this.#windows.set(id, window)
    window.used += points
    return { left: limit.points - window.used, endsAt: window.endsAt }
  }
}
