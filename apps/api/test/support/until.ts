import { setTimeout as sleep } from 'node:timers/promises'

/** Looks again and again until there is something, for at most so long. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | null | false>,
  withinMs = 20_000,
): Promise<T> {
  const giveUpAt = Date.now() + withinMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== null && found !== false) return found
    if (Date.now() > giveUpAt) throw new Error(`Waited ${withinMs} ms in vain until ${what}.`)
    await sleep(25)
  }
}

/** The promise, or an error that says what did not happen in time. */
export async function inTime<T>(what: string, promise: Promise<T>, withinMs = 20_000): Promise<T> {
  const timer = new AbortController()
  const late = sleep(withinMs, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`Waited ${withinMs} ms in vain for ${what}.`)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    timer.abort()
    late.catch(() => {})
  }
}
