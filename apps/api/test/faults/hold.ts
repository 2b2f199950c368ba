import type { SeenRequest } from '@postmcp/sandbox'
import type { Lane } from './lane.js'

/** A request that is held at a platform. */
export interface Hold {
  isReached(): boolean
  /** Which request it was; null until it is reached. */
  reached(): Pick<SeenRequest, 'method' | 'path'> | null
  /** Lets it go on, or breaks its connection; one that comes later is not held any more. */
  release(how?: 'break'): void
}

/** Holds the request of this number, from 0, before the platform acts on it or before it answers. */
export function holdAt(lane: Lane, number: number, at: SeenRequest['at']): Hold {
  const { promise, resolve } = Promise.withResolvers<'break' | undefined>()
  let count = 0
  let reached: SeenRequest | null = null
  const stop = lane.handle.badDays.watch((seen) => {
    if (seen.at !== at) return undefined
    count += 1
    if (count !== number + 1) return undefined
    reached = seen
    return promise
  })
  return {
    isReached: () => reached !== null,
    reached: () => reached,
    release(how) {
      stop()
      resolve(how)
    },
  }
}
