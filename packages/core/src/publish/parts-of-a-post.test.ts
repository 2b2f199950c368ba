import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { behaviours } from '../testing/memory-platform.js'
import { createPublishingWorld } from '../testing/publishing-world.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { runPostTurn } from './post-turn.js'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())

const key = { kind: 'idempotency_key', windowSeconds: 3600 } as const
const thread = { content: { replies: ['Second', 'Third'] } }
const events = (workspaceId: string) =>
  database.query<{ type: string }>("select type from events where workspace_id = $1 and type like 'post.%'", [
    workspaceId,
  ])

describe('a thread', () => {
  it('is published post by post, each with an entry in the journal', async () => {
    const world = await createPublishingWorld(database)
    const post = await world.createPost('First', thread)
    const done = await world.nextTurn(post.id)
    expect(world.platform.posts.map(({ text }) => text)).toEqual(['First', 'Second', 'Third'])
    const [first, second, third] = world.platform.posts
    expect(done).toMatchObject({ state: 'published', failure: null })
    expect(done.sent).toMatchObject({ platformPostId: first?.id, parts: [second?.id, third?.id] })
    expect((await world.attempts(post.id)).map(({ outcome }) => outcome)).toEqual(['sent', 'sent', 'sent'])
  })

  it('stays published when a reply is refused, and says what is missing', async () => {
    const world = await createPublishingWorld(database)
    const post = await world.createPost('First', thread)
    world.platform.next('reply', behaviours.works, behaviours.answers(403, 'Refused'))
    const done = await world.finish(post.id)
    expect(done).toMatchObject({ state: 'published', failure: { code: 'refused_by_platform' } })
    expect(done.sent?.parts).toHaveLength(1)
    expect(world.platform.posts).toHaveLength(2)
    expect(await events(world.scope.workspaceId)).toEqual([{ type: 'post.published' }])
  })

  it.each(['answerLost', 'requestLost'] as const)(
    'goes on where a reply was lost (%s) and can be looked for',
    async (how) => {
      const world = await createPublishingWorld(database, {
        reconcile: { read: ['posts:read'] },
        canFind: true,
      })
      const post = await world.createPost('First', thread)
      world.platform.next('reply', behaviours[how])
      const between = await world.nextTurn(post.id)
      expect(between).toMatchObject({ state: 'publishing', sent: { kind: 'post' } })
      expect(await world.finish(post.id)).toMatchObject({ state: 'published', failure: null })
      expect(world.platform.posts.map(({ text }) => text)).toEqual(['First', 'Second', 'Third'])
    },
  )

  it.each(['answerLost', 'requestLost'] as const)(
    'goes on after a lost reply (%s) by its own key',
    async (how) => {
      const world = await createPublishingWorld(database, { dedupe: key, reconcile: 'key' })
      const post = await world.createPost('First', thread)
      world.platform.next('reply', behaviours[how])
      expect(await world.finish(post.id)).toMatchObject({ state: 'published', failure: null })
      expect(world.platform.posts.map(({ text }) => text)).toEqual(['First', 'Second', 'Third'])
    },
  )

  it('ends as published with a word about a reply nobody can look for, and sends it no second time', async () => {
    const world = await createPublishingWorld(database)
    const post = await world.createPost('First', thread)
    world.platform.next('reply', behaviours.answerLost)
    expect(await world.finish(post.id)).toMatchObject({
      state: 'published',
      failure: { code: 'outcome_unknown' },
    })
    expect(world.platform.posts.map(({ text }) => text)).toEqual(['First', 'Second'])
  })
})

describe('an upload in pieces', () => {
  it('goes on within a turn, and its capability is sealed until the end', async () => {
    const world = await createPublishingWorld(database, { publishing: 'uploaded' })
    const post = await world.createPost()
    world.platform.next('upload', behaviours.works, behaviours.answers(429, 'RateLimited'))
    const between = await world.nextTurn(post.id)
    expect(between).toMatchObject({ state: 'queued', progress: { uploadedBytes: 10, totalBytes: 30 } })
    expect(JSON.stringify(between)).not.toContain('upload-')
    const sealed = () =>
      database.query<{ field: string; sealed: Buffer }>(
        "select field, sealed from credentials where owner_type = 'post' and owner_id = $1",
        [post.id],
      )
    const [row] = await sealed()
    expect(row?.field).toBe('secrets')
    expect(row?.sealed.includes('upload-')).toBe(false)

    expect(await world.finish(post.id)).toMatchObject({ state: 'published', progress: null })
    expect(world.platform.calls.filter((hook) => hook === 'upload')).toHaveLength(4)
    expect(await sealed()).toEqual([])
  })

  it('keeps its post while a call takes longer than a lease', async () => {
    const world = await createPublishingWorld(database, {
      publishing: 'uploaded',
      core: { timings: { postLease: 0.3 } },
    })
    const post = await world.createPost()
    world.platform.next('upload', async (act) => {
      await new Promise((resolve) => setTimeout(resolve, 1000))
      return act()
    })
    const other = await world.startProcess()
    const wakeUp = { workspaceId: world.scope.workspaceId, postId: post.id }
    const turn = runPostTurn(world.core, wakeUp)
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(await runPostTurn(other, wakeUp)).toBe(false)
    await turn
    expect(await world.get(post.id)).toMatchObject({ state: 'published', fence: 1 })
  })
})
