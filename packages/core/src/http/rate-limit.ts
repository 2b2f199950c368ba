/** Longer waits are mistakes of whoever says so. */
const longestSeconds = 31 * 24 * 60 * 60

/** Numbers below this count seconds from now; no platform's epoch begins later than 2001. */
const leastEpochSeconds = 1_000_000_000

/**
 * When to come back, from the headers of an answer: `Retry-After` (seconds or a date, RFC 9110 section 10.2.3), else a reset
 * header in epoch seconds, seconds from now, or as an ISO date. Undefined when none is there or readable.
 * @param resetHeader default: `RateLimit-Reset`, else `X-RateLimit-Reset`
 */
export function retryAfter(headers: Headers, now: Date, resetHeader?: string): Date | undefined {
  const credible = (instant: Date) => instant.getTime() <= now.getTime() + longestSeconds * 1000
  const value = headers.get('retry-after')
  if (value !== null) {
    const instant = /^\d+$/.test(value) ? new Date(now.getTime() + Number(value) * 1000) : new Date(value)
    if (credible(instant)) return instant
  }
  const reset = resetHeader
    ? headers.get(resetHeader)
    : (['ratelimit-reset', 'x-ratelimit-reset', 'x-rate-limit-reset']
        .map((name) => headers.get(name))
        .find((found) => found !== null) ?? null)
  const instant = reset === null ? undefined : readReset(reset, now)
  return instant && credible(instant) ? instant : undefined
}

function readReset(reset: string, now: Date): Date | undefined {
  if (/^\d{4}-\d\d-\d\dT/.test(reset)) return new Date(reset)
  if (!/^\d+$/.test(reset)) return undefined
  const seconds = Number(reset)
  return new Date(seconds * 1000 + (seconds < leastEpochSeconds ? now.getTime() : 0))
}
