import { Temporal } from 'temporal-polyfill'
import { type Issue, PostMcpError } from '../model/errors.js'
import { isZone } from './schedule.js'

/** A stretch of time, as a user says it. */
export interface TimeRange {
  /** An instant, or, with `timeZone`, a local time or a day. */
  from?: string | undefined
  /** The same; a day counts to its end. */
  to?: string | undefined
  /** IANA name. */
  timeZone?: string | undefined
}

/**
 * Reads a stretch of time; pure.
 * @returns its first instant, and the first one after it
 * @throws PostMcpError `invalid_request` that says what is wrong with which end
 */
export function readTimeRange({ from, to, timeZone }: TimeRange): {
  from: Date | undefined
  before: Date | undefined
} {
  if (timeZone !== undefined && !isZone(timeZone)) {
    const words = `There is no time zone ${timeZone}; use an IANA name such as Europe/Berlin.`
    throw refusal('time_zone_unknown', 'timeZone', words)
  }
  const range = { from: readEnd('from', from, timeZone), before: readEnd('to', to, timeZone) }
  if (range.from && range.before && range.from >= range.before) {
    throw refusal('range_empty', 'to', `Nothing lies between ${from} and ${to}.`)
  }
  return range
}

function readEnd(
  end: 'from' | 'to',
  text: string | undefined,
  timeZone: string | undefined,
): Date | undefined {
  if (text === undefined) return undefined
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text)
  // Years of more digits lie beyond what a database knows.
  if (!/^\d{4}-/.test(text)) throw malformed(end)
  if (!isDay) {
    try {
      return new Date(Temporal.Instant.from(text).epochMilliseconds)
    } catch {
      // not an instant; perhaps a local time
    }
  }
  let local: Temporal.PlainDateTime
  try {
    local = Temporal.PlainDateTime.from(text)
  } catch {
    throw malformed(end)
  }
  if (timeZone === undefined) {
    const words = `${text} is a local time: say in which time zone, or write it like 2026-12-01T09:00:00Z.`
    throw refusal('time_zone_missing', 'timeZone', words)
  }
  const through = isDay && end === 'to' ? local.add({ days: 1 }) : local
  return new Date(through.toZonedDateTime(timeZone).epochMilliseconds)
}

const malformed = (end: string) =>
  refusal(
    'time_malformed',
    end,
    'This is no time; write it like 2026-12-01T09:00:00Z, or with a time zone like 2026-12-01T09:00 or 2026-12-01.',
  )

function refusal(code: string, field: string, message: string): PostMcpError {
  const issues: Issue[] = [{ code, severity: 'error', message, field }]
  return new PostMcpError('invalid_request', `The request is not valid: ${field}: ${message}`, { issues })
}
