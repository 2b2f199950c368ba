import { isFinal, type Scope, type Store } from '@postmcp/core'

/** How far back posts are looked for that are not published yet. */
const recentGroups = 100
const dayMs = 24 * 60 * 60 * 1000

/** Tells how long nobody has asked for anything. Requests that only ask whether the server lives do not count. */
export class RequestClock {
  #underWay = 0
  #lastAt = Date.now()

  /** Answers a request, and remembers that there was one. */
  async counted(request: Request, answer: () => Response | Promise<Response>): Promise<Response> {
    if (/^\/(healthz|readyz)$/.test(new URL(request.url).pathname)) return answer()
    this.#underWay += 1
    try {
      return await answer()
    } finally {
      this.#underWay -= 1
      this.touch()
    }
  }

  touch(): void {
    this.#lastAt = Date.now()
  }

  idleMs(): number {
    return this.#underWay > 0 ? 0 : Date.now() - this.#lastAt
  }
}

/** Whether there is something that needs this server: a connection somebody is busy with, or a post on its way. */
async function isNeeded(store: Store, { workspaceId }: Scope): Promise<boolean> {
  // All that expire by tomorrow are all there are.
  const open = await store.connections.listStale(new Date(Date.now() + dayMs), new Date(0), 1)
  if (open.length > 0) return true
  const groups = await store.postGroups.list(workspaceId, { limit: recentGroups })
  const ids = groups.map(({ id }) => id)
  const posts = await store.posts.listByGroups(workspaceId, ids)
  return posts.some((post) => !isFinal(post) && post.state !== 'draft' && post.state !== 'scheduled')
}

/** Resolves once nobody has used the server for so long and nothing needs it; or when the signal is aborted. */
export async function untilIdle(
  { store, owner, clock }: { store: Store; owner: Scope; clock: RequestClock },
  idleMs: number,
  signal: AbortSignal,
): Promise<void> {
  let unanswered = 0
  while (!signal.aborted) {
    const leftMs = idleMs - clock.idleMs()
    if (leftMs > 0) await pause(leftMs, signal)
    else {
      const needed = await isNeeded(store, owner).catch(() => null)
      // A database that cannot be asked is asked once more after as long. One that is gone, with its directory, must not keep a
      // server on its port for ever.
      unanswered = needed === null ? unanswered + 1 : 0
      if (needed === false || unanswered > 1) return
      clock.touch()
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
