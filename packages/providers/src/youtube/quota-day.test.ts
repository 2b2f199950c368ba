import { describe, expect, it } from 'vitest'
import { nextPacificMidnight } from './quota-day.js'

describe('the quota of a day ends', () => {
  it.each([
    ['in winter', '2026-11-22T12:00:00.000Z', '2026-11-23T08:00:00.000Z'],
    ['in summer', '2026-07-01T06:59:59.500Z', '2026-07-01T07:00:00.000Z'],
    ['at midnight, a day later', '2026-07-01T07:00:00.000Z', '2026-07-02T07:00:00.000Z'],
    ['on the day of 23 hours', '2026-03-08T08:30:00.000Z', '2026-03-09T07:00:00.000Z'],
    ['on the day of 25 hours', '2026-11-01T07:30:00.000Z', '2026-11-02T08:00:00.000Z'],
  ])('%s', (_, now, midnight) => {
    expect(nextPacificMidnight(new Date(now)).toISOString()).toBe(midnight)
  })
})
