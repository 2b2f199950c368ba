import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { CoreContext } from '../core-context.js'
import type { HttpClient } from '../http/http-client.js'
import type { Connection } from '../model/connection.js'
import type { ConnectionId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import type { Store } from '../store/store.js'
import { createFakeClock, type FakeClock } from '../testing/fake-clock.js'
import { createMemoryOAuth, type MemoryOAuth, memoryOAuthClient } from '../testing/memory-oauth.js'
import { createScope, createTestCore } from '../testing/test-core.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { closeConnection } from './close-connection.js'
import { connectAccount, continueConnection } from './connect-account.js'
import { getConnection, presentState } from './connection-steps.js'
import { endStaleConnections } from './end-stale-connections.js'
import { completeByPaste } from './oauth-connection.js'

let database: TestDatabase
let memo: MemoryOAuth
let clock: FakeClock
let core: CoreContext
let scope: Scope
/** What becomes of a revocation before it arrives. */
let onRevocation: (() => Promise<void>) | null
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())
beforeEach(() => begin())

async function begin(wrapStore: (store: Store) => Store = (store) => store) {
  // Everything of the test before is over: only what this one leaves is found.
  await database.query('update connections set state = $1, give_back_at = null', ['failed'])
  memo = createMemoryOAuth()
  onRevocation = null
  const http: HttpClient = {
    async request(request) {
      if (new URL(request.url).pathname === '/revoke') await onRevocation?.()
      return memo.http.request(request)
    },
    within: () => http,
  }
  clock = createFakeClock()
  const clients = { memo: memoryOAuthClient }
  core = await createTestCore(database, { platforms: [memo], clock, http, clients, wrapStore })
  scope = await createScope(core)
  memo.person.targets = ['one', 'two'].map((targetId) => ({
    targetId,
    handle: targetId,
    displayName: null,
    avatarUrl: null,
    profileUrl: null,
  }))
}

/** A connection that waits for a choice, with tokens that live. */
async function waiting(): Promise<Connection> {
  const step = await connectAccount(core, scope, { platform: 'memo', fields: {} })
  if (step.type !== 'authorize') throw new Error(step.type)
  await completeByPaste(core, scope, step.connectionId, memo.consent(step.authorizationUrl).href)
  return getConnection(core, scope, step.connectionId)
}
const choose = (id: ConnectionId) => continueConnection(core, scope, id, { targetIds: ['one'] })
const sweep = async () => {
  while ((await endStaleConnections(core)).more);
}
const revocations = () => memo.requests.filter(({ path }) => path === '/revoke').length
const kept = async (id: string) =>
  (await database.query<{ count: string }>('select count(*) from credentials where owner_id = $1', [id]))[0]
    ?.count

describe('a connection that waited too long', () => {
  it('is closed, ended at the platform and destroyed, once', async () => {
    const { id } = await waiting()
    clock.advance(31 * 60)
    await sweep()
    await sweep()
    expect(revocations()).toBe(1)
    expect(await kept(id)).toBe('0')
    expect(await getConnection(core, scope, id)).toMatchObject({ state: 'expired' })
  })

  it('is closed before anything is ended: a choice that comes meanwhile is refused', async () => {
    const { id } = await waiting()
    clock.advance(31 * 60)
    let chosen: Promise<unknown> | undefined
    onRevocation = async () => {
      clock.advance(-31 * 60) // the clock of whoever chooses says that there is still time
      chosen = choose(id).catch((error: unknown) => error)
      await chosen
    }
    await sweep()
    expect(await chosen).toMatchObject({ code: expect.stringMatching(/^connection_(expired|not_open)$/) })
    expect(await core.store.accounts.countConnected(scope.workspaceId)).toBe(0)
  })

  it('that became an account at the last moment ends nothing', async () => {
    const connection = await waiting()
    clock.advance(31 * 60)
    const seen = presentState(core, connection)
    clock.advance(-31 * 60)
    await choose(connection.id)
    const { state, failureReason } = seen
    expect(await closeConnection(core, connection, { state, failureReason })).toBe(false)
    expect(revocations()).toBe(0)
    expect(memo.living.size).toBe(2)
  })

  it('whose end died with its process is ended by the next one', async () => {
    const { id } = await waiting()
    clock.advance(31 * 60)
    const reached = Promise.withResolvers<void>()
    onRevocation = () => {
      reached.resolve()
      return new Promise(() => {}) // the process is killed
    }
    void endStaleConnections(core)
    await reached.promise
    expect(await kept(id)).toBe('1')
    onRevocation = null
    await sweep()
    expect(revocations()).toBe(0) // its time is not over yet
    clock.advance(61)
    await sweep()
    expect(revocations()).toBe(1)
    expect(await kept(id)).toBe('0')
  })

  it('is ended by one of many who look at once', async () => {
    const { id } = await waiting()
    clock.advance(31 * 60)
    await Promise.all(Array.from({ length: 5 }, () => endStaleConnections(core)))
    expect(revocations()).toBe(1)
    expect(await kept(id)).toBe('0')
  })

  it('stands in nobody’s way when it cannot be ended', async () => {
    const broken = await waiting()
    const { id } = await waiting()
    await database.query('update connections set way = $1 where id = $2', ['no-such-way', broken.id])
    clock.advance(31 * 60)
    await sweep()
    expect(await kept(id)).toBe('0')
    expect(await getConnection(core, scope, broken.id)).toMatchObject({ state: 'expired' })
  })
})

it('what cannot be given back because the platform does not answer is destroyed here all the same', async () => {
  const { id } = await waiting()
  clock.advance(31 * 60)
  onRevocation = async () => {
    throw new Error('no route')
  }
  await sweep()
  expect(await kept(id)).toBe('0')
  clock.advance(3600)
  await sweep()
  expect(await kept(id)).toBe('0')
})
