import { Temporal } from 'temporal-polyfill'
import type { Issue } from '../model/errors.js'

/** When something is to be published, as a user says it. */
export interface ScheduleDraft {
  /** An instant (`2026-12-01T09:00:00Z`, `2026-12-01T09:00+01:00`), or a local time (`2026-12-01T09:00`) with a zone. */
  publishAt: string
  /** IANA name, such as `Europe/Berlin`. */
  timeZone?: string | undefined
}

export type Schedule = { publishAt: Date; timeZone: string | null } | { issue: Issue }

const issue = (code: string, field: string, message: string, more: Partial<Issue> = {}): Schedule => ({
  issue: { code, severity: 'error', message, field, ...more },
})

/** A little past is now: clocks differ. */
const toleranceMs = 60_000

/** Longer ahead is a slip of the pen. */
const furthestDays = 3 * 366

/** Reads when something is to be published; pure. */
export function readSchedule({ publishAt, timeZone }: ScheduleDraft, now: Date): Schedule {
  if (timeZone !== undefined && !isZone(timeZone)) {
    return issue(
      'time_zone_unknown',
      'timeZone',
      `There is no time zone ${timeZone}; use an IANA name such as Europe/Berlin.`,
    )
  }
  const instant = readInstant(publishAt, timeZone)
  if (!(instant instanceof Date)) return instant
  const ms = instant.getTime() - now.getTime()
  if (ms < -toleranceMs) {
    return issue(
      'schedule_in_the_past',
      'publishAt',
      `${publishAt} is in the past; it is ${now.toISOString()} now. Leave the time out to publish at once.`,
      { found: instant.toISOString() },
    )
  }
  if (ms > furthestDays * 86_400_000) {
    return issue('schedule_too_far', 'publishAt', 'Nothing can be scheduled more than three years ahead.')
  }
  return { publishAt: ms < 0 ? now : instant, timeZone: timeZone ?? null }
}

/** Whether it is the IANA name of a time zone. */
export const isZone = (name: string): boolean => {
  try {
    return Temporal.Now.zonedDateTimeISO(name) !== undefined
  } catch {
    return false
  }
}

function readInstant(text: string, timeZone: string | undefined): Date | Schedule {
  try {
    return new Date(Temporal.Instant.from(text).epochMilliseconds)
  } catch {
    // not an instant; perhaps a local time
  }
  let local: Temporal.PlainDateTime
  try {
    local = Temporal.PlainDateTime.from(text)
  } catch {
    return issue(
      'schedule_malformed',
      'publishAt',
      'This is no time; write it like 2026-12-01T09:00:00Z, or like 2026-12-01T09:00 with a time zone.',
    )
  }
  if (timeZone === undefined) {
    return issue(
      'time_zone_missing',
      'timeZone',
      `${text} is a local time: say in which time zone, or write it like ${text}Z.`,
    )
  }
  const zoned = local.toZonedDateTime(timeZone)
  if (!zoned.toPlainDateTime().equals(local)) {
    return issue(
      'schedule_skipped',
      'publishAt',
      `There is no ${text} in ${timeZone}: the clock is put forward there.`,
    )
  }
  return new Date(zoned.epochMilliseconds)
}
