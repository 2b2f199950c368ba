import { setTimeout as sleep } from 'node:timers/promises'
import { endStaleConnections } from './connect/end-stale-connections.js'
import type { CoreContext } from './core-context.js'
import { deleteUnusedMedia, sweepStorage } from './media/delete-media.js'
import { isPostMcpError } from './model/errors.js'
import { TurnQueue } from './publish/turn-queue.js'
import { verifyUncheckedAccounts, warnOfEndingAccess } from './refresh/check-health.js'
import { refreshDueGrants } from './refresh/refresh-due-grants.js'

/** Posts the sweeper wakes in one go. */
const sweepBatch = 500
/** The sweeper rests at least so long, however many posts are due. */
const leastSweepMs = 200
/** A scheduled post that nobody woke for this long missed its time. */
const overdueAfterSeconds = 60
/** Of them, so many are named. */
const mostTold = 100
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
  const turns = new TurnQueue(core)
  const stopping = new AbortController()
  let sweptAt = 0

  /** @returns when to sweep again, where a post is due before the usual time */
  async function sweepOnce(): Promise<Date | undefined> {
    for (let taken = sweepBatch; taken === sweepBatch && !stopping.signal.aborted; ) {
      await core.store.transaction(async (tx) => {
        const due = await tx.posts.takeDue(core.clock.now(), wakeAgainSeconds, sweepBatch)
        await tx.jobs.wake(due)
        taken = due.length
      })
    }
    await core.store.inboundEvents.deleteOlderThan(
      new Date(core.clock.now().getTime() - 7 * 24 * 60 * 60 * 1000),
    )
    await core.store.idempotency.deleteOlderThan(new Date(core.clock.now().getTime() - 24 * 60 * 60 * 1000))
    return core.store.posts.nextWakeAt()
  }

  /** Posts whose time passed while nobody was here; they go out or fail as their groups say. */
  async function tellOverdue(): Promise<void> {
    const before = new Date(core.clock.now().getTime() - overdueAfterSeconds * 1000)
    const overdue = await core.store.posts.listOverdue(before, mostTold)
    if (overdue.length === 0) return
    const posts = overdue.map(({ postId, dueAt }) => ({ postId, dueAt }))
    core.logger.warn({ posts }, 'posts were due while no worker ran')
  }

  /** Apart from the posts: a slow platform must not keep those of others waiting. */
  async function refreshOnce(): Promise<void> {
    while (!stopping.signal.aborted && (await refreshDueGrants(core)).more);
  }

  /** What nobody waits for. */
  async function tidyOnce(): Promise<void> {
    for (const chore of [
      endStaleConnections,
      warnOfEndingAccess,
      verifyUncheckedAccounts,
      deleteUnusedMedia,
    ]) {
      while (!stopping.signal.aborted && (await chore(core)).more);
    }
    sweptAt = await sweepStorage(core, sweptAt)
  }

  /** @param work may return when it should be done again, if that is sooner than usual */
  async function regularly(work: () => Promise<unknown>): Promise<void> {
    while (!stopping.signal.aborted) {
      let sooner: unknown
      try {
        sooner = await work()
      } catch (error) {
        const code = isPostMcpError(error) ? error.code : 'internal_error'
        core.logger.error({ code, error: error instanceof Error ? error.message : 'unknown' }, 'sweep failed')
      }
      const usualMs = core.timings.sweep * 1000
      const ms =
        sooner instanceof Date
          ? Math.max(sooner.getTime() - core.clock.now().getTime(), leastSweepMs)
          : usualMs
      await sleep(Math.min(ms, usualMs), undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  await tellOverdue().catch(() => {}) // a database that is away is told by what comes next
  const consumer = await core.store.consume((wakeUps) => turns.add(wakeUps))
  const sweeping = Promise.all([regularly(sweepOnce), regularly(refreshOnce), regularly(tidyOnce)])
  return {
    async stop() {
      stopping.abort()
      await consumer.stop()
      await sweeping
      await turns.close()
      await core.refreshFlights.settled()
    },
  }
}
