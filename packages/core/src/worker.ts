import { setTimeout as sleep } from 'node:timers/promises'
import { endStaleConnections } from './connect/end-stale-connections.js'
import type { CoreContext } from './core-context.js'
import { isPostMcpError } from './model/errors.js'
import { runPostTurn } from './publish/post-turn.js'
import { verifyUncheckedAccounts, warnOfEndingAccess } from './refresh/check-health.js'
import { refreshDueGrants } from './refresh/refresh-due-grants.js'
import type { PostWakeUp } from './store/store.js'

/** Posts that one process works on at the same time. */
const concurrency = 10
/** Posts the sweeper wakes in one go. */
const sweepBatch = 500
/** A woken post that nobody took is woken again after so long. */
const wakeAgainSeconds = 30

/** A running worker. */
export interface Worker {
  /** Takes nothing new and resolves when what is under way is done. */
  stop(): Promise<void>
}

/**
 * Publishes what is due: takes wake-ups from the queue, and sweeps for posts that nobody was woken for, grants that run out and
 * connections that waited too long.
 * Any number of workers may run; what two of them see goes to one.
 */
export async function startWorker(core: CoreContext): Promise<Worker> {
  const turns = new Set<Promise<void>>()
  const stopping = new AbortController()

  function begin(wakeUp: PostWakeUp): void {
    const turn: Promise<void> = runPostTurn(core, wakeUp)
      .then(
        () => {},
        (error: unknown) => {
          core.logger.error(
            { postId: wakeUp.postId, error: error instanceof Error ? error.message : 'unknown' },
            'turn broke off',
          )
        },
      )
      .finally(() => turns.delete(turn))
    turns.add(turn)
  }

  async function take(wakeUps: PostWakeUp[]): Promise<void> {
    for (const wakeUp of wakeUps) {
      while (turns.size >= concurrency) await Promise.race(turns)
      // What is not taken now the sweeper wakes again, here or in another process.
      if (stopping.signal.aborted) return
      begin(wakeUp)
    }
  }

  async function sweepOnce(): Promise<void> {
    await core.store.transaction(async (tx) => {
      await tx.jobs.wake(await tx.posts.takeDue(core.clock.now(), wakeAgainSeconds, sweepBatch))
    })
    await core.store.inboundEvents.deleteOlderThan(
      new Date(core.clock.now().getTime() - 7 * 24 * 60 * 60 * 1000),
    )
    await core.store.idempotency.deleteOlderThan(new Date(core.clock.now().getTime() - 24 * 60 * 60 * 1000))
  }

  /** Apart from the posts: a slow platform must not keep those of others waiting. */
  async function refreshOnce(): Promise<void> {
    while (!stopping.signal.aborted && (await refreshDueGrants(core)).more);
  }

  /** What nobody waits for. */
  async function tidyOnce(): Promise<void> {
    for (const chore of [endStaleConnections, warnOfEndingAccess, verifyUncheckedAccounts]) {
      while (!stopping.signal.aborted && (await chore(core)).more);
    }
  }

  async function regularly(work: () => Promise<void>): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await work()
      } catch (error) {
        const code = isPostMcpError(error) ? error.code : 'internal_error'
        core.logger.error({ code, error: error instanceof Error ? error.message : 'unknown' }, 'sweep failed')
      }
      await sleep(core.timings.sweep * 1000, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  const consumer = await core.store.consume(take)
  const sweeping = Promise.all([regularly(sweepOnce), regularly(refreshOnce), regularly(tidyOnce)])
  return {
    async stop() {
      stopping.abort()
      await consumer.stop()
      await sweeping
      await Promise.allSettled(turns)
      await core.refreshFlights.settled()
    },
  }
}
