import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { reconnectAccount } from '../connect/connect-account.js'
import type { CoreContext } from '../core-context.js'
import { TransportError } from '../http/http-client.js'
import { isFinal } from '../model/post.js'
import type { Store } from '../store/store.js'
import {
  type Behaviour,
  behaviours,
  type Hook,
  type MemoryPlatformOptions,
} from '../testing/memory-platform.js'
import { createPublishingWorld, type PublishingWorld } from '../testing/publishing-world.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { runPostTurn } from './post-turn.js'
import { retryPostGroup } from './retry-post-group.js'
import { resolvePost } from './settle-post.js'

/*
 * Whatever goes wrong, in whatever order, a post is public at most once, and what we call failed is not public. Random
 * schedules of faults are played against platforms of every kind of memory: faults of the platform and of the way to it,
 * requests that arrive late, and the death of the process before or after any of its dealings with platform or database.
 */

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())

type Fault =
  | { what: 'platform'; hook: Hook; how: keyof typeof hows }
  /** The process dies before or after its n-th call of the store in this turn. */
  | { what: 'death'; at: number; when: 'before' | 'after' }
  | { what: 'time'; seconds: number }

const hows = {
  works: 1,
  answerLost: 1,
  requestLost: 1,
  unreachable: 1,
  garbage: 1,
  rateLimited: 1,
  breakdown: 1,
  tokenExpired: 1,
  refused: 1,
  killedBefore: 1,
  killedAfter: 1,
  arrivesLate: 1,
  killedAndArrivesLate: 1,
}

const faults: fc.Arbitrary<Fault> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('platform' as const),
      hook: fc.constantFrom<Hook>('send', 'send', 'send', 'start', 'find', 'poll'),
      how: fc.constantFrom(...(Object.keys(hows) as (keyof typeof hows)[])),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('death' as const),
      at: fc.integer({ min: 1, max: 14 }),
      when: fc.constantFrom('before' as const, 'after' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('time' as const), seconds: fc.constantFrom(1, 40, 600, 4000) }),
  },
)

/** What one process of the play has before it: the end may come at any call of the store. */
interface Fate {
  callsLeft: number
  when: 'before' | 'after'
  died: PromiseWithResolvers<void>
}

function mortal(store: Store, fate: () => Fate): Store {
  const lives =
    <A extends unknown[], R>(method: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const mine = fate()
      mine.callsLeft -= 1
      const dies = mine.callsLeft === 0
      const die = () => {
        mine.died.resolve()
        return new Promise<never>(() => {})
      }
      if (dies && mine.when === 'before') return die()
      const result = await method(...args)
      return dies ? die() : result
    }
  const groups = Object.entries(store).map(([name, group]) => [
    name,
    typeof group === 'function'
      ? group
      : Object.fromEntries(
          Object.entries(group as Record<string, (...args: unknown[]) => Promise<unknown>>).map(
            ([key, method]) => [key, lives(method)],
          ),
        ),
  ])
  return {
    ...(Object.fromEntries(groups) as Store),
    transaction: lives(store.transaction) as Store['transaction'],
  }
}

class Play {
  readonly #world: PublishingWorld
  #core: CoreContext
  #fate: Fate = { callsLeft: 0, when: 'before', died: Promise.withResolvers() }
  #arrivals: { at: number; act: () => Promise<unknown> }[] = []

  constructor(world: PublishingWorld) {
    this.#world = world
    this.#core = world.core
  }

  #behaviour(how: keyof typeof hows): Behaviour {
    const { clock } = this.#world
    const later = (act: () => Promise<unknown>) =>
      this.#arrivals.push({ at: clock.now().getTime() + 29_000, act })
    const die = () => {
      this.#fate.died.resolve()
      return new Promise<never>(() => {})
    }
    switch (how) {
      case 'rateLimited':
        return behaviours.answers(429, 'RateLimited', new Date(clock.now().getTime() + 30_000))
      case 'breakdown':
        return behaviours.answers(500, 'Boom')
      case 'refused':
        return behaviours.answers(400, 'Refused')
      case 'tokenExpired':
        return behaviours.answers(401, 'TokenExpired')
      case 'killedBefore':
        return die
      case 'killedAfter':
        return async (act) => {
          await act()
          return die()
        }
      case 'arrivesLate':
        return async (act) => {
          later(act)
          throw new TransportError('no answer in time', 'maybe', 'timeout')
        }
      case 'killedAndArrivesLate':
        return async (act) => {
          later(act)
          return die()
        }
      default:
        return behaviours[how]
    }
  }

  /** One turn, and what arrives late before it; a process that dies is followed by another one. */
  async turn(id: `post_${string}`, fate: Pick<Fate, 'callsLeft' | 'when'>): Promise<void> {
    const { clock, scope } = this.#world
    const { dueAt } = await this.#world.get(id)
    const wait = (dueAt.getTime() - clock.now().getTime()) / 1000
    if (wait > 0) clock.advance(wait)
    const due = this.#arrivals.filter(({ at }) => at <= clock.now().getTime())
    this.#arrivals = this.#arrivals.filter(({ at }) => at > clock.now().getTime())
    for (const { act } of due) await act().catch(() => {})
    await database.query(
      "update posts set lease_until = now() - interval '1 second' where lease_until is not null",
    )
    await database.query(
      'update grants set refresh_lease_until = now() where refresh_lease_until is not null',
    )
    const died = Promise.withResolvers<void>()
    this.#fate = { ...fate, died }
    const mine = this.#fate
    this.#core = await this.#world.startProcess({ wrapStore: (store) => mortal(store, () => mine) })
    await Promise.race([runPostTurn(this.#core, { ...scope, postId: id }), died.promise])
  }

  async run(schedule: Fault[]): Promise<{ state: string; visible: number; final: boolean }> {
    const { platform, clock } = this.#world
    platform.posts.length = 0
    const post = await this.#world.createPost()
    const visible = () => {
      expect(platform.posts.length).toBeLessThanOrEqual(1)
      return platform.posts.length
    }
    for (const fault of schedule) {
      if (isFinal(await this.#world.get(post.id))) break
      if (fault.what === 'time') clock.advance(fault.seconds)
      // Of a post that it took, a platform says later that it is refused only when it is not public.
      const isPossible = fault.what === 'platform' && (fault.how !== 'refused' || fault.hook === 'send')
      if (fault.what === 'platform' && isPossible) platform.next(fault.hook, this.#behaviour(fault.how))
      await this.turn(
        post.id,
        fault.what === 'death' ? { callsLeft: fault.at, when: fault.when } : { callsLeft: 0, when: 'before' },
      )
      visible()
    }
    platform.clear()
    for (let turn = 0; turn < 60 && !isFinal(await this.#world.get(post.id)); turn++) {
      await this.turn(post.id, { callsLeft: 0, when: 'before' })
      visible()
    }
    clock.advance(60)
    for (const { act } of this.#arrivals.splice(0)) await act().catch(() => {})
    const end = await this.#world.get(post.id)
    return { state: end.state, visible: visible(), final: isFinal(end) }
  }

  /** What a person does afterwards: sees to the account, says what became of it, and tries again. */
  async seeToIt(postId: `post_${string}`): Promise<void> {
    const { core, scope, account, platform } = this.#world
    const fields = { identifier: 'ann', password: 'password of ann' }
    await reconnectAccount(core, scope, account.id, { fields: fields })
    if (!isFinal(await this.#world.get(postId))) await this.#world.finish(postId)
    const post = await this.#world.get(postId)
    if (post.state === 'unknown')
      await resolvePost(core, scope, postId, platform.posts.length > 0 ? 'published' : 'failed')
    await retryPostGroup(core, scope, post.groupId)
    if (!isFinal(await this.#world.get(postId))) await this.#world.finish(postId)
  }
}

const kinds: Record<string, Omit<MemoryPlatformOptions, 'clock'>> = {
  'knows our key for ever and can be read': {
    dedupe: { kind: 'record_key', windowSeconds: null },
    reconcile: 'key',
    canFind: true,
  },
  'knows our key for an hour and cannot be read': {
    dedupe: { kind: 'idempotency_key', windowSeconds: 3600 },
    reconcile: 'key',
  },
  'can be read': { reconcile: { read: ['posts:read'] }, canFind: true },
  'remembers nothing': { reconcile: 'never' },
  'publishes some time after it took the post': { reconcile: 'never', publishing: 'later' },
}

describe.each(Object.entries(kinds))('on a platform that %s', (_name, options) => {
  it('a post survives the death of its process at any of its steps', async () => {
    const world = await createPublishingWorld(database, options)
    for (let at = 1; at <= 14; at++) {
      for (const when of ['before', 'after'] as const) {
        const play = new Play(world)
        const { state, visible } = await play.run([{ what: 'death', at, when }])
        if (state === 'unknown') expect(options.reconcile).toBe('never')
        else expect([state, visible]).toEqual(['published', 1])
      }
    }
  })

  it('a post is public at most once, and a failed one not at all', async () => {
    const world = await createPublishingWorld(database, options)
    await fc.assert(
      fc.asyncProperty(fc.array(faults, { minLength: 1, maxLength: 7 }), async (schedule) => {
        const play = new Play(world)
        const { state, visible, final } = await play.run(schedule)
        expect(final).toBe(true)
        if (state === 'published') expect(visible).toBe(1)
        else if (state === 'failed') expect(visible).toBe(0)
        else expect(state).toBe('unknown')
        const { id } = await newestPost(world)
        await play.seeToIt(id)
        expect(world.platform.posts).toHaveLength(1)
        expect((await world.get(id)).state).toBe('published')
      }),
      { numRuns: Number(process.env.POSTMCP_PROPERTY_RUNS ?? 20) },
    )
  }, 600_000)
})

async function newestPost(world: PublishingWorld): Promise<{ id: `post_${string}` }> {
  const [row] = await database.query<{ id: `post_${string}` }>(
    'select id from posts where workspace_id = $1 order by id desc limit 1',
    [world.scope.workspaceId],
  )
  if (!row) throw new Error('there is no post')
  return row
}
