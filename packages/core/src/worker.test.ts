import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { systemClock } from './model/ambient.js'
import { createPostGroup, validateDraft } from './publish/create-post-group.js'
import { getPostGroup, listPostGroups } from './publish/post-group.js'
import { publishGroupHere } from './publish/publish-group-here.js'
import { behaviours, createMemoryPlatform, gate, type MemoryPlatform } from './testing/memory-platform.js'
import { connectUser, createScope, createTestCore } from './testing/test-core.js'
import { createTestDatabase, type TestDatabase } from './testing/test-database.js'
import { startWorker } from './worker.js'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())

const clock = { ...systemClock, advance() {} }

async function createWorld(...others: MemoryPlatform[]) {
  const platform = createMemoryPlatform({
    clock,
    dedupe: { kind: 'record_key', windowSeconds: null },
    reconcile: 'key',
  })
  const startProcess = () =>
    createTestCore(database, { platforms: [platform, ...others], clock, timings: { postLease: 2 } })
  const core = await startProcess()
  const scope = await createScope(core)
  const account = await connectUser(core, scope, platform, 'ann')
  const create = (text: string) =>
    createPostGroup(core, scope, { content: { text, media: [] }, targets: [{ accountId: account.id }] })
  return { platform, startProcess, core, scope, account, create }
}

describe('workers', () => {
  it('publish what is created, each post once, however many there are', async () => {
    const world = await createWorld()
    const workers = await Promise.all([startWorker(world.core), startWorker(await world.startProcess())])
    const groups = await Promise.all(Array.from({ length: 40 }, (_, i) => world.create(`post ${i}`)))
    await vi.waitFor(() => expect(world.platform.posts).toHaveLength(40), { timeout: 8000 })
    await Promise.all(workers.map((worker) => worker.stop()))
    expect(new Set(world.platform.posts.map(({ text }) => text)).size).toBe(40)
    for (const { group } of groups)
      expect((await getPostGroup(world.core, world.scope, group.id)).status).toBe('published')
    expect(await listPostGroups(world.core, world.scope, { limit: 100 })).toHaveLength(40)
  })

  it('find posts whose wake-ups were lost', async () => {
    const world = await createWorld()
    const { group } = await world.create('lost')
    await database.query('delete from pgboss.job')
    await database.query('update posts set wake_at = now() where group_id = $1', [group.id])
    const worker = await startWorker(world.core)
    await vi.waitFor(() => expect(world.platform.posts).toHaveLength(1), { timeout: 5000 })
    await worker.stop()
  })

  it('take nothing new when they are told to stop, and finish what they have', async () => {
    const world = await createWorld()
    const worker = await startWorker(world.core)
    const slow = gate()
    world.platform.next('send', slow.behaviour)
    const { group } = await world.create('slow')
    await slow.reached
    const stopping = worker.stop()
    const late = await world.create('late')
    let stopped = false
    void stopping.then(() => {
      stopped = true
    })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(stopped).toBe(false)
    slow.open()
    await stopping
    expect((await getPostGroup(world.core, world.scope, group.id)).status).toBe('published')
    expect((await getPostGroup(world.core, world.scope, late.group.id)).status).toBe('publishing')
  })

  it('do not let a slow refresh keep posts waiting', async () => {
    const slow = createMemoryPlatform({ clock, id: 'slow', accessTokenSeconds: 30 })
    const world = await createWorld(slow)
    await connectUser(world.core, world.scope, slow, 'zed')
    await database.query("update grants set refresh_at = case when platform = 'slow' then now() end")
    const hanging = gate()
    slow.always('refresh', hanging.behaviour)
    const worker = await startWorker(world.core)
    await hanging.reached
    const { group } = await world.create('quick')
    await database.query('delete from pgboss.job')
    await database.query('update posts set wake_at = now() where group_id = $1 and wake_at is not null', [
      group.id,
    ])
    await vi.waitFor(() => expect(world.platform.posts).toHaveLength(1), { timeout: 4000 })
    hanging.open()
    await worker.stop()
  })
})

describe('publishing one group here', () => {
  it('publishes that group and no other', async () => {
    const world = await createWorld()
    const [mine, other] = [await world.create('mine'), await world.create('other')]
    const done = await publishGroupHere(world.core, world.scope, mine.group.id, new Date(Date.now() + 5000))
    expect(done.status).toBe('published')
    expect((await getPostGroup(world.core, world.scope, other.group.id)).status).toBe('publishing')
    expect(world.platform.posts).toMatchObject([{ text: 'mine' }])
  })

  it('comes back in time with what remains', async () => {
    const world = await createWorld()
    const { group } = await world.create('mine')
    world.platform.always('start', behaviours.unreachable)
    const view = await publishGroupHere(world.core, world.scope, group.id, new Date(Date.now() + 300))
    expect(view).toMatchObject({
      status: 'publishing',
      posts: [{ state: 'queued', failure: { code: 'platform_unavailable' } }],
    })
  })
})

describe('creating a group', () => {
  it('is refused with every issue, and leaves nothing', async () => {
    const { core, scope, account } = await createWorld()
    const draft = {
      content: { text: '', media: [{ mediaId: 'media_x' as const }] },
      targets: [{ accountId: account.id }, { accountId: account.id }],
    }
    await expect(createPostGroup(core, scope, draft)).rejects.toMatchObject({
      code: 'validation_failed',
      issues: [{ code: 'media_not_found' }, { code: 'duplicate_target', field: 'targets.1' }],
    })
    expect(await validateDraft(core, scope, { ...draft, targets: [] })).toMatchObject([
      { code: 'no_targets' },
    ])
    expect(await listPostGroups(core, scope, { limit: 1 })).toEqual([])
  })

  it('is refused for accounts of another workspace', async () => {
    const world = await createWorld()
    const stranger = await createScope(world.core)
    const draft = { content: { text: 'x', media: [] }, targets: [{ accountId: world.account.id }] }
    await expect(createPostGroup(world.core, stranger, draft)).rejects.toMatchObject({ code: 'not_found' })
    const { group } = await world.create('x')
    await expect(getPostGroup(world.core, stranger, group.id)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('happens once per Idempotency-Key', async () => {
    const { core, scope, account } = await createWorld()
    const draft = { content: { text: 'x', media: [] }, targets: [{ accountId: account.id }] }
    const made = await Promise.allSettled(
      Array.from({ length: 5 }, () => createPostGroup(core, scope, draft, 'key')),
    )
    const ids = new Set(made.flatMap((each) => (each.status === 'fulfilled' ? [each.value.group.id] : [])))
    expect(ids.size).toBe(1)
    expect((await createPostGroup(core, scope, draft, 'key')).group.id).toBe([...ids][0])
    expect(await listPostGroups(core, scope, { limit: 9 })).toHaveLength(1)
    await expect(
      createPostGroup(core, scope, { ...draft, content: { text: 'y', media: [] } }, 'key'),
    ).rejects.toMatchObject({ code: 'idempotency_key_reused' })
  })
})
