/** The time in the sandbox: that of the machine, or of a test, plus what it was moved by. */
export interface SandboxClock {
  now(): Date
  /** Moves the time forward, so that codes and tokens end. */
  advance(seconds: number): void
}

/**
 * Starts a clock.
 *
 * @param now the time it follows; default: the time of the machine
 */
export function createSandboxClock(now: () => Date = () => new Date()): SandboxClock {
  let aheadMs = 0
  return {
    now: () => new Date(now().getTime() + aheadMs),
    advance(seconds) {
      aheadMs += seconds * 1000
    },
  }
}
