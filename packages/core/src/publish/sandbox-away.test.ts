import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { connectAccount } from '../connect/connect-account.js'
import { createPublishingWorld } from '../testing/publishing-world.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())

/** With a process that never knew the workspace as anything but one of the sandbox. */
async function createSandboxWorld() {
  const world = await createPublishingWorld(database)
  const { workspaceId } = world.scope
  await database.query("update workspaces set mode = 'sandbox' where id = $1", [workspaceId])
  return { ...world, core: await world.startProcess() }
}

it('a post waits while no sandbox runs, as for any platform that is away, and goes out when one runs again', async () => {
  const world = await createSandboxWorld()
  const { sandbox } = world.core.environments
  const post = await world.createPost()
  world.core.environments.sandbox = null
  expect(await world.nextTurn(post.id, world.core)).toMatchObject({
    state: 'queued',
    failure: { code: 'platform_unavailable' },
  })
  expect(world.platform.posts).toEqual([])
  world.core.environments.sandbox = sandbox
  expect(await world.finish(post.id, world.core)).toMatchObject({ state: 'published' })
  expect(world.platform.posts).toHaveLength(1)
})

it('connecting meanwhile says that no sandbox runs, and how one is started', async () => {
  const world = await createSandboxWorld()
  world.core.environments.sandbox = null
  const { id } = world.platform.provider.manifest
  const fields = { identifier: 'ann', password: 'any' }
  await expect(connectAccount(world.core, world.scope, { platform: id, fields })).rejects.toMatchObject({
    code: 'platform_unavailable',
    message: 'This is a sandbox workspace, and no sandbox runs.',
    nextAction: expect.stringContaining('postmcp serve'),
  })
})
