/** Longer waits are mistakes of whoever says so. */
const longestSeconds = 31 * 24 * 60 * 60

/**
 * When to come back, from the headers of an answer: `Retry-After` (seconds or a date, RFC 9110 section 10.2.3), else a reset
 * header in epoch seconds. Undefined when none is there or readable.
 */
export function retryAfter(headers: Headers, now: Date, resetHeader = 'ratelimit-reset'): Date | undefined {
  const credible = (instant: Date) => instant.getTime() <= now.getTime() + longestSeconds * 1000
  const value = headers.get('retry-after')
  if (value !== null) {
    const instant = /^\d+$/.test(value) ? new Date(now.getTime() + Number(value) * 1000) : new Date(value)
    if (credible(instant)) return instant
  }
  const reset = headers.get(resetHeader)
  if (reset === null || !/^\d+$/.test(reset)) return undefined
  const instant = new Date(Number(reset) * 1000)
  return credible(instant) ? instant : undefined
}
