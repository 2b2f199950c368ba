/** The time in the sandbox: that of the machine, or of a test, plus what it was moved by. */
export interface SandboxClock {
  now(): Date
  /** The time it follows, without what it was moved by; for what programs outside compare with their own clock. */
  unmoved(): Date
  /** Moves the time forward, so that codes and tokens end. */
  advance(seconds: number): void
  /** Calls this after each move. */
  onAdvance(listener: () => void): void
}

/**
 * Starts a clock.
 *
 * @param now the time it follows; default: the time of the machine
 */
export function createSandboxClock(now: () => Date = () => new Date()): SandboxClock {
  let aheadMs = 0
  const listeners: (() => void)[] = []
  return {
    now: () => new Date(now().getTime() + aheadMs),
    unmoved: now,
    advance(seconds) {
      aheadMs += seconds * 1000
      for (const listener of listeners) listener()
    },
    onAdvance: (listener) => void listeners.push(listener),
  }
}
