import type { CoreContext } from '../core-context.js'
import type { AccountId } from '../model/ids.js'
import type { PostWakeUp } from '../store/store.js'
import { runPostTurn } from './post-turn.js'

/** A post that waits for its turn, with what decides whether it may begin. */
interface Waiting extends PostWakeUp {
  accountId: AccountId
  platform: string
}

/** Posts that one process works on at the same time. */
const concurrency = 20
/** Of them, posts of one platform: one that answers slowly must not keep the others waiting. */
const perPlatform = 10
/** Posts that are held ready; more are left to other processes. */
const most = 100

/** Gives posts their turns: one at a time for each account, not too many of one platform, first come first served. */
export class TurnQueue {
  readonly #core: CoreContext
  readonly #waiting: Waiting[] = []
  readonly #running = new Map<AccountId, Promise<void>>()
  readonly #ofPlatform = new Map<string, number>()
  #isClosed = false

  constructor(core: CoreContext) {
    this.#core = core
  }

  /** Takes wake-ups over, and waits while there are enough. What is not taken the sweeper wakes again, here or elsewhere. */
  async add(wakeUps: readonly PostWakeUp[]): Promise<void> {
    const due = await this.#core.store.posts.listWaiting(wakeUps, this.#core.clock.now())
    for (const post of due) {
      while (this.#waiting.length >= most && this.#running.size > 0)
        await Promise.race(this.#running.values())
      if (this.#isClosed) return
      this.#push(post)
    }
  }

  /** Takes nothing new and resolves when what is under way is done. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#waiting.length = 0
    while (this.#running.size > 0) await Promise.allSettled(this.#running.values())
  }

  #push(post: Waiting): void {
    if (this.#waiting.some(({ postId }) => postId === post.postId)) return
    this.#waiting.push(post)
    this.#begin()
  }

  #begin(): void {
    while (!this.#isClosed && this.#running.size < concurrency) {
      const index = this.#waiting.findIndex(
        ({ accountId, platform }) =>
          !this.#running.has(accountId) && (this.#ofPlatform.get(platform) ?? 0) < perPlatform,
      )
      const [next] = index < 0 ? [] : this.#waiting.splice(index, 1)
      if (!next) return
      this.#count(next, 1)
      const turn = this.#turn(next).finally(() => {
        this.#count(next, -1)
        this.#running.delete(next.accountId)
        this.#begin()
      })
      this.#running.set(next.accountId, turn)
    }
  }

  #count({ platform }: Waiting, by: 1 | -1): void {
    this.#ofPlatform.set(platform, (this.#ofPlatform.get(platform) ?? 0) + by)
  }

  async #turn(post: Waiting): Promise<void> {
    const { store, clock, logger } = this.#core
    try {
      if (!(await runPostTurn(this.#core, post))) return
      // Others of the account may have been woken while it was busy; they need not wait for the sweeper.
      const postId = await store.posts.nextOfAccount(post.workspaceId, post.accountId, clock.now())
      if (postId && !this.#isClosed) this.#push({ ...post, postId })
    } catch (error) {
      const words = error instanceof Error ? error.message : 'unknown'
      logger.error({ postId: post.postId, error: words }, 'turn broke off')
    }
  }
}
