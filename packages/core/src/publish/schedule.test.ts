import { describe, expect, it } from 'vitest'
import { readSchedule } from './schedule.js'

const now = new Date('2026-11-22T12:00:00Z')
const read = (publishAt: string, timeZone?: string) => {
  const schedule = readSchedule({ publishAt, timeZone }, now)
  return 'issue' in schedule ? schedule.issue.code : schedule.publishAt.toISOString()
}

describe('a time', () => {
  it.each([
    ['tomorrow', undefined, 'schedule_malformed'],
    ['2026-13-01T09:00Z', undefined, 'schedule_malformed'],
    ['2026-12-01T09:00', undefined, 'time_zone_missing'],
    ['2026-12-01T09:00', 'Europe/Atlantis', 'time_zone_unknown'],
    ['2026-11-22T11:58:00Z', undefined, 'schedule_in_the_past'],
    ['2026-11-22T12:30', 'Europe/Berlin', 'schedule_in_the_past'],
    ['2036-01-01T00:00:00Z', undefined, 'schedule_too_far'],
    ['2027-03-28T02:30', 'Europe/Berlin', 'schedule_skipped'],
  ])('%s in %s is told %s', (publishAt, timeZone, code) => {
    expect(read(publishAt, timeZone)).toBe(code)
  })

  it.each([
    ['2026-12-01T09:00:00Z', undefined, '2026-12-01T09:00:00.000Z'],
    ['2026-12-01T09:00+01:00', undefined, '2026-12-01T08:00:00.000Z'],
    ['2026-12-01T09:00', 'Europe/Berlin', '2026-12-01T08:00:00.000Z'],
    ['2027-06-01T09:00', 'Europe/Berlin', '2027-06-01T07:00:00.000Z'],
    // Twice on that night; the first one counts.
    ['2027-10-31T02:30', 'Europe/Berlin', '2027-10-31T00:30:00.000Z'],
    // An instant stays what it is, whatever the zone in which it is shown.
    ['2026-12-01T09:00:00Z', 'Asia/Tokyo', '2026-12-01T09:00:00.000Z'],
  ])('%s in %s is an instant', (publishAt, timeZone, instant) => {
    expect(read(publishAt, timeZone)).toBe(instant)
  })

  it('that is just over is now: clocks differ', () => {
    expect(read('2026-11-22T11:59:30Z')).toBe(now.toISOString())
  })
})
