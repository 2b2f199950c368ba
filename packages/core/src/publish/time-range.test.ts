import { expect, it } from 'vitest'
import { readTimeRange } from './time-range.js'

const timeZone = 'Europe/Berlin'

it.each([
  [{ from: '2026-12-01T09:00:00Z' }, '2026-12-01T09:00:00.000Z', undefined],
  [
    { from: '2026-12-01T09:00+01:00', to: '2026-12-01T10:00:00Z' },
    '2026-12-01T08:00:00.000Z',
    '2026-12-01T10:00:00.000Z',
  ],
  [{ from: '2026-12-01T09:00', timeZone }, '2026-12-01T08:00:00.000Z', undefined],
  [
    { from: '2026-12-01', to: '2026-12-07', timeZone },
    '2026-11-30T23:00:00.000Z',
    '2026-12-07T23:00:00.000Z',
  ],
  // The day has 23 hours.
  [
    { from: '2026-03-29', to: '2026-03-29', timeZone },
    '2026-03-28T23:00:00.000Z',
    '2026-03-29T22:00:00.000Z',
  ],
  [{}, undefined, undefined],
])('%j is from %s, before %s', (range, from, before) => {
  const read = readTimeRange(range)
  expect([read.from?.toISOString(), read.before?.toISOString()]).toEqual([from, before])
})

it.each([
  [{ from: 'tomorrow' }, 'from', 'time_malformed'],
  [{ to: '2026-13-01', timeZone }, 'to', 'time_malformed'],
  [{ to: '+012026-12-01T00:00:00Z' }, 'to', 'time_malformed'],
  [{ from: '2026-12-01' }, 'timeZone', 'time_zone_missing'],
  [{ from: '2026-12-01', timeZone: 'Europe/Nowhere' }, 'timeZone', 'time_zone_unknown'],
  [{ from: '2026-12-02', to: '2026-12-01', timeZone }, 'to', 'range_empty'],
])('%j is refused: %s %s', (range, field, code) => {
  let refused: unknown
  try {
    readTimeRange(range)
  } catch (error) {
    refused = error
  }
  expect(refused).toMatchObject({ code: 'invalid_request', issues: [{ code, field, severity: 'error' }] })
})
