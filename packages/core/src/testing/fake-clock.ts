import type { Clock } from '../model/ambient.js'

/** A clock that stands still until it is moved. */
export interface FakeClock extends Clock {
  advance(seconds: number): void
}

/** @param start default: now, so that tokens made by a real server are not yet expired */
export function createFakeClock(start: Date = new Date()): FakeClock {
  let now = start.getTime()
  return {
    now: () => new Date(now),
    advance(seconds) {
      now += seconds * 1000
    },
  }
}
