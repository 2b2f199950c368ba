import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { reconnectAccount } from '../connect/connect-account.js'
import { disconnectAccount } from '../connect/disconnect-account.js'
import { TransportError } from '../http/http-client.js'
import { PostMcpError } from '../model/errors.js'
import type { Store } from '../store/store.js'
import { behaviours, gate } from '../testing/memory-platform.js'
import { createPublishingWorld } from '../testing/publishing-world.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { runPostTurn } from './post-turn.js'
import { retryPostGroup } from './retry-post-group.js'
import { cancelPostGroup, deletePost, resolvePost } from './settle-post.js'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())

const key = { kind: 'idempotency_key', windowSeconds: 3600 } as const
const worldWithKey = () => createPublishingWorld(database, { dedupe: key, reconcile: 'key', canFind: true })
const worldWithBareKey = () => createPublishingWorld(database, { dedupe: key, reconcile: 'key' })
const worldThatReads = () =>
  createPublishingWorld(database, { reconcile: { read: ['posts:read'] }, canFind: true })
const worldThatCannotTell = () => createPublishingWorld(database, { reconcile: 'never' })

/** A store whose transactions or single methods fail or hang when the test says so. */
const breakable = (store: Store, state: { broken: boolean }): Store => ({
  ...store,
  transaction: (work) =>
    state.broken
      ? Promise.reject(new PostMcpError('database_unavailable', 'The database does not answer.'))
      : store.transaction(work),
})

describe('a turn in fair weather', () => {
  it('publishes, and keeps what the platform made of it', async () => {
    const world = await worldThatCannotTell()
    const post = await world.createPost()
    const done = await world.nextTurn(post.id)
    expect(done).toMatchObject({ state: 'published', failure: null, wakeAt: null, sent: { kind: 'post' } })
    expect(world.platform.posts).toMatchObject([{ text: 'Hello', targetId: 'id-ann' }])
    expect(await world.attempts(post.id)).toMatchObject([{ number: 1, outcome: 'sent' }])
    expect(
      (await world.core.store.accounts.get(world.scope.workspaceId, world.account.id))?.lastUsedAt,
    ).not.toBeNull()
    const events = await database.query<{ type: string }>(
      "select type from events where workspace_id = $1 and type like 'post.%'",
      [world.scope.workspaceId],
    )
    expect(events).toEqual([{ type: 'post.published' }])
  })

  it('takes a post once and leaves a final one alone', async () => {
    const world = await worldThatCannotTell()
    const post = await world.createPost()
    const wakeUp = { workspaceId: world.scope.workspaceId, postId: post.id }
    const taken = await Promise.all(Array.from({ length: 5 }, () => runPostTurn(world.core, wakeUp)))
    expect(taken.filter(Boolean)).toHaveLength(1)
    expect(await runPostTurn(world.core, wakeUp)).toBe(false)
    expect(world.platform.posts).toHaveLength(1)
  })

  it('puts a post back while the platform prepares it, and goes on from there', async () => {
    const world = await createPublishingWorld(database, { publishing: 'prepared' })
    const post = await world.createPost()
    const waiting = await world.nextTurn(post.id)
    expect(waiting).toMatchObject({
      state: 'publishing',
      checkpoint: { stage: 'container' },
      checkpointSends: false,
    })
    expect(waiting.wakeAt).toEqual(new Date(world.clock.now().getTime() + 5000))
    expect(await runPostTurn(world.core, { ...world.scope, postId: post.id })).toBe(false) // not due
    expect((await world.nextTurn(post.id)).state).toBe('published')
    expect(world.platform.calls).toEqual(['authenticate', 'start', 'poll', 'send'])
  })

  it('follows a post that the platform publishes some time after it took it', async () => {
    const world = await createPublishingWorld(database, { publishing: 'later' })
    const post = await world.createPost()
    expect(await world.nextTurn(post.id)).toMatchObject({ state: 'publishing', checkpointSends: false })
    expect(await world.attempts(post.id)).toMatchObject([{ outcome: 'sent' }])
    expect((await world.nextTurn(post.id)).state).toBe('published')
    expect(world.platform.posts).toHaveLength(1)
  })

  it('sends the very bytes that were prepared, in the same order of fields on every try', async () => {
    const world = await worldWithBareKey()
    const bodies: string[] = []
    const { provider } = world.platform
    const send = provider.continuePublish
    vi.spyOn(provider, 'startPublish').mockResolvedValue({
      type: 'send',
      checkpoint: { text: 'z', stage: 'send', key: 'k', b: 1, a: { d: 1, c: 2 }, replies: [] },
    })
    vi.spyOn(provider, 'continuePublish').mockImplementation((ctx, input, checkpoint) => {
      bodies.push(JSON.stringify(checkpoint))
      if (!send) throw new Error('The platform publishes.')
      return send(ctx, input, checkpoint)
    })
    world.platform.next('send', behaviours.requestLost)
    const post = await world.createPost()
    await world.finish(post.id)
    expect(bodies).toEqual(
      Array(2).fill('{"text":"z","stage":"send","key":"k","b":1,"a":{"d":1,"c":2},"replies":[]}'),
    )
  })
})

describe('a turn in bad weather', () => {
  it('comes back no earlier than the platform asks', async () => {
    const world = await worldThatCannotTell()
    const post = await world.createPost()
    const retryAfter = new Date(world.clock.now().getTime() + 900_000)
    world.platform.next('send', behaviours.answers(429, 'RateLimited', retryAfter))
    const later = await world.nextTurn(post.id)
    expect(later).toMatchObject({ state: 'queued', dueAt: retryAfter, failure: { code: 'rate_limited' } })
    expect(await world.attempts(post.id)).toMatchObject([{ outcome: 'not_sent' }])
    expect(await runPostTurn(world.core, { ...world.scope, postId: post.id })).toBe(false)
    expect((await world.nextTurn(post.id)).state).toBe('published')
  })

  it('tries again when nothing was reached, and gives up after two dozen times', async () => {
    const world = await worldThatCannotTell()
    const post = await world.createPost()
    world.platform.always('send', behaviours.unreachable)
    const done = await world.finish(post.id)
    expect(done).toMatchObject({ state: 'failed', failure: { code: 'platform_unavailable' } })
    expect(world.platform.calls.filter((hook) => hook === 'send')).toHaveLength(24)
  })

  it('goes out once when the platform is back after an hour', async () => {
    const world = await worldThatCannotTell()
    const post = await world.createPost()
    const backAt = world.clock.now().getTime() + 3_600_000
    world.platform.always('send', behaviours.unreachable)
    while (world.clock.now().getTime() < backAt) {
      expect(await world.nextTurn(post.id)).toMatchObject({
        state: 'queued',
        failure: { code: 'platform_unavailable' },
      })
    }
    world.platform.always('send', undefined)
    expect(await world.finish(post.id)).toMatchObject({ state: 'published', failure: null })
    expect(world.platform.posts).toHaveLength(1)
    expect((await world.get(post.id)).publishedAt?.getTime()).toBeLessThan(backAt + 2 * 900_000)
  })

  it('ends a refused post, and says what the platform said', async () => {
    const world = await worldThatCannotTell()
    const post = await world.createPost()
    world.platform.next('send', behaviours.answers(400, 'Refused'))
    expect(await world.nextTurn(post.id)).toMatchObject({
      state: 'failed',
      checkpoint: null,
      failure: {
        code: 'refused_by_platform',
        platformCode: 'Refused',
        message: 'Memory answered Refused. simulated.',
      },
    })
  })

  it('replaces an access token that died on the way, once, and goes on', async () => {
    const world = await worldThatCannotTell()
    const post = await world.createPost()
    world.platform.expireAccessTokens()
    expect((await world.nextTurn(post.id)).state).toBe('published')
    expect(world.platform.calls.filter((hook) => hook === 'refresh')).toHaveLength(1)

    const another = await world.createPost()
    world.platform.always('send', behaviours.answers(401, 'TokenExpired'))
    expect(await world.nextTurn(another.id)).toMatchObject({ state: 'queued' })
    expect(world.platform.calls.filter((hook) => hook === 'refresh')).toHaveLength(2)
  })

  it('fails without an attempt when the account cannot publish, and names what to do', async () => {
    const world = await worldThatCannotTell()
    const post = await world.createPost()
    world.platform.revokeAll('ann')
    const failed = await world.nextTurn(post.id)
    expect(failed).toMatchObject({ state: 'failed', failure: { code: 'account_not_publishable' } })
    expect(failed.failure?.message).toBe('@id-ann.example.org cannot publish: revoked, token_revoked.')
    expect(failed.failure?.nextAction).toContain(`postmcp post retry --post-group-id ${post.groupId}`)

    const next = await world.createPost()
    const calls = world.platform.calls.length
    expect(await world.nextTurn(next.id)).toMatchObject({ state: 'failed' })
    expect(world.platform.calls.length).toBe(calls)
    expect(await world.attempts(next.id)).toEqual([])
  })

  it('records what a refusal says about the account alone', async () => {
    const world = await worldThatCannotTell()
    const post = await world.createPost()
    world.platform.user('ann').state = 'taken_down'
    expect(await world.nextTurn(post.id)).toMatchObject({ state: 'failed' })
    const account = await world.core.store.accounts.get(world.scope.workspaceId, world.account.id)
    expect(account?.health).toMatchObject({
      status: 'verification_failed',
      reason: 'account_taken_down',
      detectedBy: 'publish',
      platformCode: 'TakenDown',
    })
  })

  it('gives no verdict when the account was reconnected while the platform refused the old session', async () => {
    const world = await worldThatCannotTell()
    const post = await world.createPost()
    const slow = gate()
    world.platform.next('start', slow.behaviour)
    const turn = runPostTurn(world.core, { ...world.scope, postId: post.id })
    await slow.reached
    world.platform.revokeAll('ann')
    await reconnectAccount(world.core, world.scope, world.account.id, {
      fields: {
        identifier: 'ann',
        password: 'password of ann',
      },
    })
    slow.open()
    await turn
    const account = await world.core.store.accounts.get(world.scope.workspaceId, world.account.id)
    expect(account?.health.status).toBe('active')
    expect((await world.get(post.id)).state).toBe('queued')
    expect((await world.finish(post.id)).state).toBe('published')
  })

  it('does not end a post because the database failed for a moment', async () => {
    const state = { broken: false }
    const world = await createPublishingWorld(database, {
      core: {
        wrapStore: (store) => ({
          ...store,
          media: {
            ...store.media,
            getMany: (...given) =>
              state.broken
                ? Promise.reject(new PostMcpError('database_unavailable', 'gone'))
                : store.media.getMany(...given),
          },
        }),
      },
    })
    const post = await world.createPost()
    state.broken = true
    expect((await world.nextTurn(post.id)).state).toBe('publishing')
    state.broken = false
    expect((await world.finish(post.id)).state).toBe('published')
    expect(world.platform.posts).toHaveLength(1)
  })

  it('puts a post back after something nobody foresaw', async () => {
    const world = await worldThatCannotTell()
    const post = await world.createPost()
    vi.spyOn(world.platform.provider, 'startPublish').mockRejectedValueOnce(new TypeError('oops, a secret'))
    const back = await world.nextTurn(post.id)
    expect(back).toMatchObject({ state: 'publishing', failure: { code: 'internal_error' } })
    expect(back.failure?.message).not.toContain('secret')
    expect((await world.nextTurn(post.id)).state).toBe('published')
  })
})

describe('an answer that is lost', () => {
  it('is cleared up by the same key, and the post appears once', async () => {
    for (const how of [
      behaviours.answerLost,
      behaviours.requestLost,
      behaviours.garbage,
      behaviours.answers(500, 'Boom'),
    ]) {
      const world = await worldWithBareKey()
      const post = await world.createPost()
      world.platform.next('send', how)
      expect(await world.nextTurn(post.id)).toMatchObject({ state: 'unknown' })
      expect((await world.nextTurn(post.id)).state).toBe('published')
      expect(world.platform.posts).toHaveLength(1)
      const keys = new Set((await world.attempts(post.id)).map((attempt) => attempt.dedupeKey))
      expect(keys.size).toBe(1)
    }
  })

  it('is not repeated for a kind of target that does not know the key', async () => {
    for (const [exceptKind, state, sends] of [
      ['profile', 'unknown', 1],
      ['page', 'published', 2],
    ] as const) {
      const dedupe = { ...key, exceptKinds: [exceptKind] }
      const world = await createPublishingWorld(database, { dedupe, reconcile: 'key' })
      const post = await world.createPost()
      world.platform.next('send', behaviours.answerLost)
      expect(await world.finish(post.id)).toMatchObject({ state })
      expect(await world.attempts(post.id)).toHaveLength(sends)
    }
  })

  it('is cleared up by looking, not before the request can no longer arrive', async () => {
    const world = await worldThatReads()
    const post = await world.createPost()
    world.platform.next('send', behaviours.answerLost)
    await world.nextTurn(post.id)
    const [attempt] = await world.attempts(post.id)
    const waiting = await world.nextTurn(post.id)
    expect(waiting).toMatchObject({ state: 'unknown' })
    expect(waiting.dueAt.getTime()).toBe(attempt!.sendDeadline.getTime() + 5000)
    expect(world.platform.calls).not.toContain('find')
    expect((await world.nextTurn(post.id)).state).toBe('published')
    expect(world.platform.posts).toHaveLength(1)
    expect(await world.attempts(post.id)).toMatchObject([{ outcome: 'sent' }])
  })

  it('leads to another try only when the post is certainly not there', async () => {
    const world = await worldThatReads()
    const post = await world.createPost()
    world.platform.next('send', behaviours.requestLost)
    expect((await world.finish(post.id)).state).toBe('published')
    expect(world.platform.posts).toHaveLength(1)
    expect(await world.attempts(post.id)).toMatchObject([{ outcome: 'not_sent' }, { outcome: 'sent' }])
  })

  it('is left to a person where the platform cannot be asked', async () => {
    const world = await worldThatCannotTell()
    const post = await world.createPost()
    world.platform.next('send', behaviours.answerLost)
    const unknown = await world.finish(post.id)
    expect(unknown).toMatchObject({ state: 'unknown', wakeAt: null, failure: { code: 'outcome_unknown' } })
    expect(unknown.failure?.nextAction).toContain(`postmcp post resolve --post ${post.id}`)
    expect(world.platform.calls.filter((hook) => hook === 'send')).toHaveLength(1)
  })

  it('is left to a person at once where the platform cannot tell of this one post', async () => {
    const world = await worldThatReads()
    const post = await world.createPost()
    world.platform.next('send', behaviours.answerLost)
    world.platform.next('find', () =>
      Promise.reject(new PostMcpError('outcome_unknown', 'Two posts look like it.')),
    )
    const unknown = await world.finish(post.id)
    expect(unknown).toMatchObject({ state: 'unknown', wakeAt: null, failure: { code: 'outcome_unknown' } })
    expect(unknown.failure?.message).toBe('Two posts look like it. The post may be public or not.')
    expect(world.platform.calls.filter((hook) => hook === 'find')).toHaveLength(1)
  })

  it('is looked for with fresh tokens when those of the attempt have run out meanwhile', async () => {
    const world = await worldThatReads()
    const post = await world.createPost()
    world.platform.next('send', behaviours.answerLost)
    await world.nextTurn(post.id)
    world.clock.advance(7200)
    expect((await world.nextTurn(post.id)).state).toBe('published')
    expect(world.platform.posts).toHaveLength(1)
  })

  it('is looked for again while the platform cannot answer, and left to a person after three days', async () => {
    const world = await worldThatReads()
    const post = await world.createPost()
    world.platform.next('send', behaviours.answerLost)
    world.platform.always('find', behaviours.unreachable)
    await world.nextTurn(post.id)
    await world.nextTurn(post.id)
    expect(await world.nextTurn(post.id)).toMatchObject({
      state: 'unknown',
      failure: { code: 'platform_unavailable' },
    })
    world.clock.advance(3 * 24 * 3600)
    expect(await world.nextTurn(post.id)).toMatchObject({ state: 'unknown', wakeAt: null })
  })

  it('is not repeated for ever on a platform that always breaks down', async () => {
    for (const world of [await worldThatReads(), await worldWithKey()]) {
      const post = await world.createPost()
      world.platform.always('send', behaviours.answers(500, 'Boom'))
      expect(await world.finish(post.id)).toMatchObject({
        state: 'failed',
        failure: { platformCode: 'Boom' },
      })
    }
    const world = await worldWithBareKey()
    const post = await world.createPost()
    world.platform.always('send', behaviours.answers(500, 'Boom'))
    expect(await world.finish(post.id)).toMatchObject({ state: 'unknown', wakeAt: null })
  })

  it('stays unknown through a rate limit, so that nobody cancels what may be public', async () => {
    const world = await worldWithBareKey()
    const post = await world.createPost()
    world.platform.next('send', behaviours.answerLost, behaviours.answers(429, 'RateLimited'))
    await world.nextTurn(post.id)
    expect(await world.nextTurn(post.id)).toMatchObject({
      state: 'unknown',
      failure: { code: 'rate_limited' },
    })
    await cancelPostGroup(world.core, world.scope, post.groupId)
    expect((await world.finish(post.id)).state).toBe('published')
    expect(world.platform.posts).toHaveLength(1)
  })

  it('stays unknown when the repetition is refused, until the first is cleared up', async () => {
    const world = await worldWithBareKey()
    const post = await world.createPost()
    world.platform.next('send', behaviours.answerLost)
    world.platform.always('send', undefined)
    world.platform.next('send', behaviours.answers(400, 'Refused'))
    await world.nextTurn(post.id)
    expect(await world.nextTurn(post.id)).toMatchObject({ state: 'unknown' })
    expect((await world.finish(post.id)).state).toBe('published')
    expect(world.platform.posts).toHaveLength(1)
  })

  it('is not called failed while the first request may still arrive, though the repetition was refused', async () => {
    const world = await worldWithKey()
    const post = await world.createPost()
    let arrive = async () => {}
    world.platform.next(
      'send',
      async (act) => {
        arrive = async () => void (await act())
        throw new TransportError('no answer in time', 'maybe', 'timeout')
      },
      behaviours.answers(400, 'Refused'),
    )
    await world.nextTurn(post.id)
    expect(await world.nextTurn(post.id)).toMatchObject({ state: 'unknown' })
    await arrive()
    expect((await world.finish(post.id)).state).toBe('published')
    expect(world.platform.posts).toHaveLength(1)
  })

  it('is not repeated when the platform may have forgotten the key by the time it arrives', async () => {
    const world = await worldWithBareKey()
    const post = await world.createPost()
    world.platform.next('send', behaviours.answerLost)
    await world.nextTurn(post.id)
    world.clock.advance(3580)
    expect(await world.nextTurn(post.id)).toMatchObject({ state: 'unknown', wakeAt: null })
    expect(world.platform.posts).toHaveLength(1)
  })

  it('is looked up when the platform says that it has the key already', async () => {
    const world = await worldWithKey()
    const post = await world.createPost()
    world.platform.next('send', async (act) => {
      await act()
      throw (await behaviours
        .answers(
          409,
          'Duplicate',
        )(act)
        .catch((error) => error)) as Error
    })
    expect(await world.nextTurn(post.id)).toMatchObject({ state: 'published', sent: { kind: 'post' } })
  })

  it('of a post whose account was revoked meanwhile is never called failed unseen', async () => {
    const world = await worldThatReads()
    const post = await world.createPost()
    world.platform.next('send', behaviours.answerLost)
    await world.nextTurn(post.id)
    world.platform.revokeAll('ann')
    await world.nextTurn(post.id)
    const post2 = await world.nextTurn(post.id)
    expect(post2).toMatchObject({ state: 'unknown' })
    const account = await world.core.store.accounts.get(world.scope.workspaceId, world.account.id)
    const grant = await world.core.store.grants.get(world.scope.workspaceId, account!.grantId!)
    expect(grant?.health.status).toBe('revoked')
    await reconnectAccount(world.core, world.scope, world.account.id, {
      fields: {
        identifier: 'ann',
        password: 'password of ann',
      },
    })
    expect((await world.finish(post.id)).state).toBe('published')
    expect(world.platform.posts).toHaveLength(1)
  })

  it('of a post the platform has taken is left to a person when the account is lost, and goes on after a reconnect', async () => {
    const world = await createPublishingWorld(database, { publishing: 'later' })
    const post = await world.createPost()
    await world.nextTurn(post.id)
    world.platform.revokeAll('ann')
    expect(await world.nextTurn(post.id)).toMatchObject({ state: 'unknown', wakeAt: null })
    await reconnectAccount(world.core, world.scope, world.account.id, {
      fields: {
        identifier: 'ann',
        password: 'password of ann',
      },
    })
    expect((await world.finish(post.id)).state).toBe('published')
    expect(world.platform.posts).toHaveLength(1)
  })

  it('is no question when the platform refuses later what it had taken', async () => {
    const world = await createPublishingWorld(database, { publishing: 'later' })
    const post = await world.createPost()
    await world.nextTurn(post.id)
    world.platform.next('poll', behaviours.answers(400, 'Refused'))
    expect(await world.nextTurn(post.id)).toMatchObject({ state: 'failed' })
    expect(await world.attempts(post.id)).toMatchObject([{ outcome: 'not_sent' }])
  })

  it('of a post of a disconnected account is left to a person', async () => {
    const world = await worldWithKey()
    const post = await world.createPost()
    world.platform.next('send', behaviours.answerLost)
    await world.nextTurn(post.id)
    await disconnectAccount(world.core, world.scope, world.account.id)
    expect(await world.finish(post.id)).toMatchObject({ state: 'unknown', wakeAt: null })
  })
})

describe('a process that dies', () => {
  const deaths = ['killedBefore', 'killedAfter'] as const
  for (const death of deaths) {
    it(`during the call (${death}) leaves a post that appears once, with a key, by reading, or not again at all`, async () => {
      for (const [world, end] of [
        [await worldWithKey(), 'published'],
        [await worldWithBareKey(), 'published'],
        [await worldThatReads(), 'published'],
        [await worldThatCannotTell(), 'unknown'],
      ] as const) {
        const post = await world.createPost()
        world.platform.next('send', behaviours[death])
        void runPostTurn(world.core, { ...world.scope, postId: post.id })
        await vi.waitFor(() => expect(world.platform.calls).toContain('send'))
        const other = await world.startProcess()
        expect((await world.finish(post.id, other)).state).toBe(end)
        if (end === 'published') expect(world.platform.posts).toHaveLength(1)
        expect(world.platform.calls.filter((hook) => hook === 'send').length).toBeLessThanOrEqual(2)
      }
    })
  }

  it('before the journal was opened simply starts anew', async () => {
    const world = await worldThatCannotTell()
    const post = await world.createPost()
    world.platform.next('start', behaviours.killedAfter)
    void runPostTurn(world.core, { ...world.scope, postId: post.id })
    await vi.waitFor(() => expect(world.platform.calls).toContain('start'))
    expect((await world.finish(post.id, await world.startProcess())).state).toBe('published')
  })

  it('is not robbed of a post before its lease is over', async () => {
    const world = await worldThatCannotTell()
    const post = await world.createPost()
    const slow = gate()
    world.platform.next('send', slow.behaviour)
    const turn = runPostTurn(world.core, { ...world.scope, postId: post.id })
    await slow.reached
    const other = await world.startProcess()
    world.clock.advance(60)
    expect(await runPostTurn(other, { ...world.scope, postId: post.id })).toBe(false)
    slow.open()
    await turn
    expect((await world.get(post.id)).state).toBe('published')
  })

  it('and rises again past its lease writes nothing', async () => {
    const world = await worldWithKey()
    const post = await world.createPost()
    const slow = gate()
    world.platform.next('send', slow.behaviour)
    const turn = runPostTurn(world.core, { ...world.scope, postId: post.id })
    await slow.reached
    const other = await world.startProcess()
    const published = await world.finish(post.id, other)
    slow.open()
    await turn
    expect(await world.get(post.id)).toEqual(published)
    expect(world.platform.posts).toHaveLength(1)
    expect(published.fence).toBeGreaterThan(1)
  })

  it('and a database that is away when the outcome comes does not cost the outcome', async () => {
    const state = { broken: false }
    const world = await createPublishingWorld(database, {
      core: { wrapStore: (store) => breakable(store, state), timings: { postLease: 30 } },
    })
    const post = await world.createPost()
    world.platform.next('send', async (act) => {
      const answer = await act()
      state.broken = true
      setTimeout(() => {
        state.broken = false
      }, 250)
      return answer
    })
    expect((await world.nextTurn(post.id)).state).toBe('published')
  })
})

describe('what a person does about a post', () => {
  it('retries only what failed, under the dedupe key it had, and publishes once', async () => {
    const world = await worldWithKey()
    const post = await world.createPost()
    world.platform.next('send', behaviours.answers(400, 'Refused'))
    const failed = await world.nextTurn(post.id)
    const result = await retryPostGroup(world.core, world.scope, post.groupId)
    expect(result).toMatchObject({ retried: [post.id], reconciling: [], notRetried: [] })
    const done = await world.finish(post.id)
    expect(done).toMatchObject({ state: 'published', dedupeKey: failed.dedupeKey })
    expect(await retryPostGroup(world.core, world.scope, post.groupId)).toMatchObject({
      retried: [],
      notRetried: [],
    })
    expect(world.platform.posts).toHaveLength(1)
  })

  it('is told which account needs a reconnect, and after it the retry publishes exactly once', async () => {
    const world = await worldThatCannotTell()
    const post = await world.createPost()
    world.platform.revokeAll('ann')
    await world.nextTurn(post.id)
    const refused = await retryPostGroup(world.core, world.scope, post.groupId)
    expect(refused.retried).toEqual([])
    expect(refused.notRetried).toMatchObject([{ postId: post.id, code: 'account_not_publishable' }])
    await reconnectAccount(world.core, world.scope, world.account.id, {
      fields: {
        identifier: 'ann',
        password: 'password of ann',
      },
    })
    expect((await retryPostGroup(world.core, world.scope, post.groupId)).retried).toEqual([post.id])
    expect((await world.finish(post.id)).state).toBe('published')
    expect(world.platform.posts).toHaveLength(1)
  })

  it('looks first when the outcome is unknown', async () => {
    const world = await worldThatReads()
    const post = await world.createPost()
    world.platform.next('send', behaviours.answerLost)
    await world.nextTurn(post.id)
    const result = await retryPostGroup(world.core, world.scope, post.groupId)
    expect(result).toMatchObject({ retried: [], reconciling: [post.id] })
    expect((await world.finish(post.id)).state).toBe('published')
    expect(world.platform.posts).toHaveLength(1)
  })

  it('says what became of it', async () => {
    for (const as of ['published', 'failed'] as const) {
      const world = await worldThatCannotTell()
      const post = await world.createPost()
      world.platform.next('send', behaviours.answerLost)
      await expect(resolvePost(world.core, world.scope, post.id, as)).rejects.toMatchObject({
        code: 'conflict',
      })
      await world.finish(post.id)
      expect(await resolvePost(world.core, world.scope, post.id, as)).toMatchObject({
        state: as,
        wakeAt: null,
      })
      expect(await world.attempts(post.id)).toMatchObject([
        { outcome: as === 'published' ? 'sent' : 'not_sent' },
      ])
      await expect(resolvePost(world.core, world.scope, post.id, as)).rejects.toMatchObject({
        code: 'conflict',
      })
    }
  })

  it('cancels what has not begun, and nothing else', async () => {
    const world = await createPublishingWorld(database, { publishing: 'prepared' })
    const [waiting, begun] = [await world.createPost(), await world.createPost()]
    await world.nextTurn(begun.id)
    const cancelled = await cancelPostGroup(world.core, world.scope, waiting.groupId)
    expect(cancelled).toMatchObject({ status: 'cancelled', posts: [{ state: 'cancelled' }] })
    expect(await runPostTurn(world.core, { ...world.scope, postId: waiting.id })).toBe(false)
    expect(await cancelPostGroup(world.core, world.scope, begun.groupId)).toMatchObject({
      status: 'publishing',
    })
    expect((await world.finish(begun.id)).state).toBe('published')
  })

  it('deletes what is published, again and again with the same result', async () => {
    const world = await worldThatCannotTell()
    const post = await world.createPost()
    await expect(deletePost(world.core, world.scope, post.id)).rejects.toMatchObject({ code: 'conflict' })
    await world.finish(post.id)
    world.platform.expireAccessTokens()
    const { deletedAt } = await deletePost(world.core, world.scope, post.id)
    expect(deletedAt).not.toBeNull()
    expect(world.platform.posts).toEqual([])
    expect((await deletePost(world.core, world.scope, post.id)).deletedAt).toEqual(deletedAt)
  })

  it('deletes nothing without the permission it takes, and says how to get it', async () => {
    const world = await createPublishingWorld(database, { publish: { deleteScopes: ['remove'] } })
    const post = await world.createPost()
    await world.finish(post.id)
    await expect(deletePost(world.core, world.scope, post.id)).rejects.toMatchObject({
      code: 'missing_permission',
      nextAction: expect.stringContaining('remove to POSTMCP_MEMORY_OPTIONAL_SCOPES'),
    })
    expect(world.platform.posts).toHaveLength(1)
  })
})
