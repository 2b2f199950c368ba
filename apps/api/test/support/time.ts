import { renameSync, writeFileSync } from 'node:fs'
import type { Clock } from '@postmcp/core'

/** A clock in the hands of a test. */
export interface Time extends Clock {
  advance(seconds: number): void
  /** Moves it just past this instant, if it is not there yet. */
  moveTo(instant: Date): void
}

/** A clock that stands still until it is moved. */
export function standingTime(): Time {
  let now = Date.now()
  return {
    now: () => new Date(now),
    advance(seconds) {
      now += seconds * 1000
    },
    moveTo(instant) {
      now = Math.max(now, instant.getTime() + 1)
    },
  }
}

/**
 * A clock that goes as that of the machine does, ahead of it by as much as stands in a file: all processes that read the file have
 * the same time at once, also those that were stopped meanwhile.
 */
export function sharedTime(file: string): Time {
  let aheadMs = 0
  const move = (milliseconds: number) => {
    aheadMs += Math.max(0, milliseconds)
    // Whole or not at all, for whoever reads it right now.
    writeFileSync(`${file}.new`, String(aheadMs))
    renameSync(`${file}.new`, file)
  }
  move(0)
  const now = () => new Date(Date.now() + aheadMs)
  return {
    now,
    advance: (seconds) => move(seconds * 1000),
    moveTo: (instant) => move(instant.getTime() + 1 - now().getTime()),
  }
}
