import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { newId } from '../model/ids.js'
import { createPublishingWorld } from '../testing/publishing-world.js'
import { createScope } from '../testing/test-core.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { listPostGroups } from './post-group.js'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())

it('groups are listed by the state of their posts, and by their time on the clock of the user', async () => {
  const world = await createPublishingWorld(database)
  const now = await world.createPost('Now')
  await world.finish(now.id)
  world.clock.advance(1)
  const draft = await world.createPost('Draft', { draft: true })
  world.clock.advance(1)
  const later = await world.createPost('Later', { publishAt: '2027-06-01T00:30', timeZone: 'Europe/Berlin' })
  const list = async (query: Parameters<typeof listPostGroups>[3]) =>
    (await listPostGroups(world.core, world.scope, { limit: 9 }, query)).map(({ group }) => group.id)
  expect(await list({})).toEqual([later.groupId, draft.groupId, now.groupId])
  expect(await list({ states: ['published', 'scheduled'] })).toEqual([later.groupId, now.groupId])
  const day = { from: '2027-06-01', to: '2027-06-01' }
  expect(await list({ ...day, timeZone: 'Europe/Berlin' })).toEqual([later.groupId])
  expect(await list({ ...day, timeZone: 'UTC' })).toEqual([])
  expect(await list({ from: '2020-01-01T00:00Z', states: ['draft'] })).toEqual([draft.groupId])
})

it('what there is not is said, not taken for an empty list', async () => {
  const world = await createPublishingWorld(database)
  const list = (query: Parameters<typeof listPostGroups>[3], scope = world.scope) =>
    listPostGroups(world.core, scope, { limit: 9 }, query)
  await expect(list({ accountIds: [newId('account')] })).rejects.toMatchObject({ code: 'not_found' })
  const stranger = await createScope(world.core)
  await expect(list({ accountIds: [world.account.id] }, stranger)).rejects.toMatchObject({
    code: 'not_found',
  })
  await expect(list({ platforms: ['memori'] })).rejects.toMatchObject({ code: 'unknown_platform' })
  await expect(list({ from: 'soon' })).rejects.toMatchObject({ code: 'invalid_request' })
})
