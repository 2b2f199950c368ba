/**
 * When to come back, from the headers of an answer: `Retry-After` (seconds or a date, RFC 9110 section 10.2.3), else a reset
 * header in epoch seconds. Undefined when none is there or readable.
 */
export function retryAfter(headers: Headers, now: Date, resetHeader = 'ratelimit-reset'): Date | undefined {
  const value = headers.get('retry-after')
  if (value !== null) {
    if (/^\d+$/.test(value)) return new Date(now.getTime() + Number(value) * 1000)
    const date = new Date(value)
    if (!Number.isNaN(date.getTime())) return date
  }
  const reset = headers.get(resetHeader)
  return reset !== null && /^\d+$/.test(reset) ? new Date(Number(reset) * 1000) : undefined
}
