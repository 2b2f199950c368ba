import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { reconnectAccount } from '../connect/connect-account.js'
import type { CoreContext } from '../core-context.js'
import { createFakeClock } from '../testing/fake-clock.js'
import { type Behaviour, createMemoryPlatform } from '../testing/memory-platform.js'
import { connectUser, createScope, createTestCore } from '../testing/test-core.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { useGrant } from './use-grant.js'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())

/** The platform has acted, and its answer takes its time. */
function slowAnswer(): { behaviour: Behaviour; acted: Promise<void>; arrive(): void } {
  const acted = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  return {
    acted: acted.promise,
    arrive: () => arrived.resolve(),
    behaviour: async (act) => {
      const answer = await act()
      acted.resolve()
      await arrived.promise
      return answer
    },
  }
}

async function createWorld() {
  const clock = createFakeClock()
  const platform = createMemoryPlatform({ clock, tokens: { replay: { graceSeconds: 120 } } })
  const startProcess = () => createTestCore(database, { platforms: [platform], clock })
  const core = await startProcess()
  const scope = await createScope(core)
  const account = await connectUser(core, scope, platform, 'ann')
  const { grantId } = account
  if (!grantId) throw new Error('There is no grant.')
  const slow = slowAnswer()
  return {
    clock,
    platform,
    slow,
    startProcess,
    reconnect: () =>
      reconnectAccount(core, scope, account.id, {
        fields: { identifier: 'ann', password: 'password of ann' },
      }),
    use: (by: CoreContext = core) => useGrant(by, scope.workspaceId, grantId),
    revocations: () => platform.calls.filter((hook) => hook === 'revoke').length,
    /** A process that was given its answer while it was stopped for longer than its lease. */
    async stall() {
      clock.advance(3600)
      platform.next('refresh', slow.behaviour)
      const using = useGrant(core, scope.workspaceId, grantId)
      await slow.acted
      await database.query("update grants set refresh_lease_owner = 'the stopped' where id = $1", [grantId])
      return { using }
    },
  }
}

describe('a refresh that was overtaken within the grace of the platform', () => {
  it('does not end the session that the other process was given by the same answer', async () => {
    const { use, startProcess, stall, slow, platform, clock, revocations } = await createWorld()
    const { using } = await stall()
    expect((await use(await startProcess())).grant.version).toBe(2)
    slow.arrive()
    expect((await using).grant.version).toBe(2)
    expect(revocations()).toBe(0)
    expect(platform.livingSessions('ann')).toBe(1)
    clock.advance(3600)
    expect((await use()).grant.version).toBe(3)
  })

  it('does not end it when it has been refreshed further, either', async () => {
    const { use, startProcess, stall, slow, platform, clock, revocations } = await createWorld()
    const { using } = await stall()
    const other = await startProcess()
    await use(other)
    clock.advance(3600)
    expect((await use(other)).grant.version).toBe(3)
    slow.arrive()
    expect((await using).grant.version).toBe(3)
    expect(revocations()).toBe(0)
    expect(platform.livingSessions('ann')).toBe(1)
  })

  it('still ends what it brought when a reconnect came in between', async () => {
    const { reconnect, stall, slow, platform, revocations } = await createWorld()
    const { using } = await stall()
    await reconnect()
    slow.arrive()
    expect((await using).grant.version).toBe(2)
    // The session that was replaced, and what the late answer brought of it.
    expect(revocations()).toBe(2)
    expect(platform.livingSessions('ann')).toBe(1)
  })
})
