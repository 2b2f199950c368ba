import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createPublishingWorld, type PublishingWorld } from '../testing/publishing-world.js'
import { connectUser, createScope } from '../testing/test-core.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { changePostGroup } from './change-post-group.js'
import { createPostGroup } from './create-post-group.js'
import { getPostGroup } from './post-group.js'
import { cancelPostGroup } from './settle-post.js'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())

const inHours = (world: PublishingWorld, hours: number) =>
  new Date(world.clock.now().getTime() + hours * 3_600_000).toISOString()

const change = (world: PublishingWorld, groupId: string, more: object) =>
  changePostGroup(world.core, world.scope, groupId as `pg_${string}`, { version: 1, ...more })

describe('a scheduled post', () => {
  it('waits for its time, and goes out then', async () => {
    const world = await createPublishingWorld(database)
    const post = await world.createPost('Later', { publishAt: inHours(world, 2) })
    expect(post.state).toBe('scheduled')
    expect(await world.core.store.posts.takeDue(world.clock.now(), 30, 10)).toEqual([])
    world.clock.advance(7200)
    const due = await world.core.store.posts.takeDue(world.clock.now(), 30, 10)
    expect(due.map(({ postId }) => postId)).toContain(post.id)
    expect(await world.nextTurn(post.id)).toMatchObject({ state: 'published' })
  })

  it('that was missed goes out within its grace, and fails after it, unseen', async () => {
    const world = await createPublishingWorld(database)
    const soon = await world.createPost('One', { publishAt: inHours(world, 1), graceSeconds: 600 })
    const late = await world.createPost('Two', { publishAt: inHours(world, 2), graceSeconds: 600 })
    world.clock.advance(3600 + 599)
    await world.core.store.posts.takeDue(world.clock.now(), 30, 10)
    expect(await world.nextTurn(soon.id)).toMatchObject({ state: 'published' })
    world.clock.advance(3600 + 2)
    await world.core.store.posts.takeDue(world.clock.now(), 30, 10)
    expect(await world.nextTurn(late.id)).toMatchObject({
      state: 'failed',
      failure: { code: 'schedule_missed' },
    })
    expect(world.platform.posts.map(({ text }) => text)).toEqual(['One'])
    expect(await world.attempts(late.id)).toEqual([])
  })

  it('that waits for its platform after it was begun is not missed', async () => {
    const world = await createPublishingWorld(database, { publishing: 'prepared' })
    const post = await world.createPost('One', { publishAt: inHours(world, 1), graceSeconds: 60 })
    world.clock.advance(3600)
    await world.core.store.posts.takeDue(world.clock.now(), 30, 10)
    await world.nextTurn(post.id)
    world.clock.advance(86_400)
    expect(await world.finish(post.id)).toMatchObject({ state: 'published' })
  })

  it('can be moved, by whoever saw its present version', async () => {
    const world = await createPublishingWorld(database)
    const { groupId } = await world.createPost('Later', { publishAt: inHours(world, 2) })
    const moved = await change(world, groupId, { publishAt: '2027-06-01T09:00', timeZone: 'Europe/Berlin' })
    expect(moved).toMatchObject({
      group: { version: 2, publishAt: new Date('2027-06-01T07:00:00Z'), timeZone: 'Europe/Berlin' },
      posts: [{ state: 'scheduled', dueAt: new Date('2027-06-01T07:00:00Z') }],
    })
    await expect(change(world, groupId, { publishAt: inHours(world, 3) })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('somebody else'),
    })
  })

  it('is changed by one of two who change it at once', async () => {
    const world = await createPublishingWorld(database)
    const { groupId } = await world.createPost('Later', { publishAt: inHours(world, 2) })
    const outcomes = await Promise.allSettled(
      ['one', 'two'].map((text) => change(world, groupId, { content: { text, media: [] } })),
    )
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const { group } = await getPostGroup(world.core, world.scope, groupId)
    expect(group.version).toBe(2)
  })

  it('can be given other content and other targets', async () => {
    const world = await createPublishingWorld(database)
    const bob = await connectUser(world.core, world.scope, world.platform, 'bob')
    const { groupId } = await world.createPost('Later', { publishAt: inHours(world, 2) })
    const changed = await change(world, groupId, {
      content: { text: 'Another', media: [] },
      targets: [{ accountId: bob.id, overrides: { text: 'For Bob' } }],
    })
    const byState = changed.posts.sort((a, b) => a.state.localeCompare(b.state))
    expect(byState).toMatchObject([
      { accountId: world.account.id, state: 'cancelled' },
      { accountId: bob.id, state: 'scheduled', target: { overrides: { text: 'For Bob' } } },
    ])
    expect(changed.status).toBe('scheduled')
  })

  it('is validated anew, and stays what it was when it does not hold', async () => {
    const world = await createPublishingWorld(database)
    const { groupId } = await world.createPost('Later', { publishAt: inHours(world, 2) })
    const tooLong = { content: { text: 'x'.repeat(301), media: [] } }
    await expect(change(world, groupId, tooLong)).rejects.toMatchObject({ code: 'validation_failed' })
    await expect(change(world, groupId, { publishAt: '2020-01-01T00:00:00Z' })).rejects.toMatchObject({
      issues: [{ code: 'schedule_in_the_past' }],
    })
    const { group } = await getPostGroup(world.core, world.scope, groupId)
    expect(group).toMatchObject({ version: 1, content: { text: 'Later' } })
  })

  it('cannot be changed once it is being published, and is cancelled until then', async () => {
    const world = await createPublishingWorld(database)
    const post = await world.createPost('Now')
    await expect(change(world, post.groupId, { publishAt: 'now' })).rejects.toMatchObject({
      code: 'conflict',
    })
    const later = await world.createPost('Later', { publishAt: inHours(world, 2) })
    await cancelPostGroup(world.core, world.scope, later.groupId)
    await expect(change(world, later.groupId, { publishAt: 'now' })).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(await world.get(later.id)).toMatchObject({ state: 'cancelled' })
  })
})

describe('a draft', () => {
  it('may be incomplete, and is published only when it holds', async () => {
    const world = await createPublishingWorld(database)
    const post = await world.createPost('x'.repeat(301), { draft: true })
    expect(post).toMatchObject({ state: 'draft', wakeAt: null })
    await expect(change(world, post.groupId, { publishAt: 'now' })).rejects.toMatchObject({
      code: 'validation_failed',
    })
    await change(world, post.groupId, { content: { text: 'Short', media: [] } })
    const released = await change(world, post.groupId, { version: 2, publishAt: 'now' })
    expect(released).toMatchObject({ status: 'publishing', posts: [{ state: 'queued' }] })
    expect(await world.nextTurn(post.id)).toMatchObject({ state: 'published' })
  })

  it('names accounts and files that exist', async () => {
    const world = await createPublishingWorld(database)
    const draft = {
      content: { text: 'Hello', media: [{ mediaId: 'media_00000000000000000000000000' as const }] },
      targets: [{ accountId: world.account.id }],
      draft: true,
    }
    await expect(createPostGroup(world.core, world.scope, draft)).rejects.toMatchObject({
      issues: [{ code: 'media_not_found' }],
    })
    const stranger = await createScope(world.core)
    await expect(
      createPostGroup(world.core, stranger, { ...draft, content: { text: 'Hello', media: [] } }),
    ).rejects.toMatchObject({ code: 'not_found' })
  })

  it('cannot be made to name what is not there, or one account twice', async () => {
    const world = await createPublishingWorld(database)
    const { groupId } = await world.createPost('Draft', { draft: true })
    const media = [{ mediaId: 'media_00000000000000000000000000' as const }]
    await expect(change(world, groupId, { content: { text: 'Draft', media } })).rejects.toMatchObject({
      issues: [{ code: 'media_not_found' }],
    })
    const targets = [{ accountId: world.account.id }, { accountId: world.account.id }]
    await expect(change(world, groupId, { targets })).rejects.toMatchObject({
      issues: expect.arrayContaining([expect.objectContaining({ code: 'duplicate_target' })]),
    })
  })

  it('stays one when an account is taken out', async () => {
    const world = await createPublishingWorld(database)
    const bob = await connectUser(world.core, world.scope, world.platform, 'bob')
    const { groupId } = await world.createPost('Draft', {
      draft: true,
      targets: [{ accountId: world.account.id }, { accountId: bob.id }],
    })
    const changed = await change(world, groupId, { targets: [{ accountId: bob.id }] })
    expect(changed.status).toBe('draft')
    expect(changed.posts.map(({ state }) => state).sort()).toEqual(['cancelled', 'draft'])
  })

  it('becomes one again when its time is taken away', async () => {
    const world = await createPublishingWorld(database)
    const { groupId } = await world.createPost('Later', { publishAt: inHours(world, 2) })
    expect(await change(world, groupId, { publishAt: null })).toMatchObject({
      status: 'draft',
      group: { publishAt: null },
    })
  })
})

describe('a quota', () => {
  const quotas = [{ what: 'posts', max: 2, perSeconds: 86_400 }]

  it('counts what went out and what will, and refuses what exceeds it', async () => {
    const world = await createPublishingWorld(database, { publish: { quotas } })
    const first = await world.createPost('One')
    await world.nextTurn(first.id)
    const { groupId } = await world.createPost('Two', { publishAt: inHours(world, 1) })
    await expect(world.createPost('Three', { publishAt: inHours(world, 2) })).rejects.toMatchObject({
      code: 'validation_failed',
      issues: [{ code: 'quota_reached', allowed: 2, found: 3 }],
    })
    // One that is there already may be moved, and the next day has room again.
    await change(world, groupId, { publishAt: inHours(world, 3) })
    await world.createPost('Three', { publishAt: inHours(world, 30) })
  })
})

describe('the pace', () => {
  it('of an account spreads posts that are due together', async () => {
    const pace = { account: { max: 2, perSeconds: 60 } }
    const world = await createPublishingWorld(database, { publish: { pace } })
    const posts = []
    for (const text of ['One', 'Two', 'Three', 'Four']) posts.push(await world.createPost(text))
    const started = world.clock.now().getTime()
    for (const { id } of posts) await world.nextTurn(id)
    for (const { id } of posts) await world.finish(id)
    const seconds = world.platform.posts.map(({ at }) => (at.getTime() - started) / 1000)
    expect(seconds).toEqual([0, 0, 30, 60])
  })
})
