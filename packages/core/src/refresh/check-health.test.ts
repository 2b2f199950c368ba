import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { connectAccount } from '../connect/connect-account.js'
import { completeByPaste } from '../connect/oauth-connection.js'
import type { CoreContext } from '../core-context.js'
import type { Account } from '../model/account.js'
import { PostMcpError } from '../model/errors.js'
import type { Scope } from '../model/scope.js'
import { createFakeClock, type FakeClock } from '../testing/fake-clock.js'
import { createMemoryOAuth, type MemoryOAuth, memoryOAuthClient } from '../testing/memory-oauth.js'
import { createScope, createTestCore } from '../testing/test-core.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { getAccount } from '../workspace/accounts.js'
import { verifyUncheckedAccounts, warnOfEndingAccess } from './check-health.js'
import { receiveCallback } from './receive-callback.js'

let database: TestDatabase
let memo: MemoryOAuth
let clock: FakeClock
let core: CoreContext
let scope: Scope
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())
beforeEach(async () => {
  memo = createMemoryOAuth()
  clock = createFakeClock()
  const clients = { memo: memoryOAuthClient }
  core = await createTestCore(database, { platforms: [memo], clock, http: memo.http, clients })
  scope = await createScope(core)
  await database.query(
    "update accounts set status = 'disconnected', grant_id = null, status_reason = 'x'",
    [],
  )
  await database.query("update grants set status = 'disconnected', status_reason = 'x'", [])
})

async function connect(subject = 'ann'): Promise<Account> {
  memo.person.subject = subject
  memo.person.targets = [
    { targetId: `id-${subject}`, handle: subject, displayName: null, avatarUrl: null, profileUrl: null },
  ]
  const step = await connectAccount(core, scope, { platform: 'memo', fields: {} })
  if (step.type !== 'authorize') throw new Error(step.type)
  const back = memo.consent(step.authorizationUrl).href
  const done = await completeByPaste(core, scope, step.connectionId, back)
  const account = done.type === 'connected' ? done.accounts[0] : undefined
  if (!account) throw new Error(done.type)
  return account
}
const statusOf = async ({ id }: Account) => (await getAccount(core, scope, id)).health.status
const eventsOf = async (type: string) =>
  (
    await database.query<{ payload: object }>(
      'select payload from events where workspace_id = $1 and type = $2',
      [scope.workspaceId, type],
    )
  ).map(({ payload }) => payload)

describe('an account nobody asks about', () => {
  it('is verified once a day, so that an access taken away is found', async () => {
    const account = await connect()
    let asked = 0
    memo.provider.verify = async () => {
      asked++
      return { status: 'revoked', reason: 'target_not_granted', platformCode: 'gone' }
    }
    await verifyUncheckedAccounts(core)
    expect(asked).toBe(0)
    clock.advance(2 * 86_400)
    await Promise.all([verifyUncheckedAccounts(core), verifyUncheckedAccounts(core)])
    expect(asked).toBe(1)
    expect(await statusOf(account)).toBe('revoked')
    await verifyUncheckedAccounts(core)
    expect(asked).toBe(1)
  })
})

describe('access that ends', () => {
  it('is told of 14 and 3 days ahead, once each, and not again after a new consent', async () => {
    memo.provider.manifest.tokens.reconsentAfterDays = 60
    const account = await connect()
    expect(await getAccount(core, scope, account.id)).toMatchObject({
      reconsentBy: new Date(clock.now().getTime() + 60 * 86_400_000),
    })
    const sweep = async (days: number) => {
      clock.advance(days * 86_400)
      while ((await warnOfEndingAccess(core)).more);
      while ((await warnOfEndingAccess(core)).more);
      return (await eventsOf('account.expiring')).length
    }
    expect([await sweep(45), await sweep(2), await sweep(5), await sweep(6), await sweep(1)]).toEqual([
      0, 1, 1, 2, 2,
    ])
    expect(await eventsOf('account.expiring')).toMatchObject([
      { accountId: account.id, days: 14 },
      { days: 3 },
    ])
    await connect()
    expect(await sweep(1)).toBe(2)
  })
})

describe('a callback of the platform', () => {
  const address = { platform: 'memo', clientRef: 'operator' }
  const call = (clientRef = 'operator') =>
    receiveCallback(
      core,
      { ...address, clientRef },
      { method: 'POST', headers: new Headers(), query: new URLSearchParams(), body: new Uint8Array() },
    )
  const says = (eventId: string, subject: string, targetId?: string) => {
    memo.provider.receive = () => [
      {
        type: 'revoked',
        eventId,
        subject,
        platformCode: 'app_removed',
        ...(targetId !== undefined && { targetId }),
      },
    ]
  }

  it('ends the grants of whom it names, at once, and of nobody else', async () => {
    const [ann, bob] = [await connect('ann'), await connect('bob')]
    says('e1', 'ann')
    await call()
    expect([await statusOf(ann), await statusOf(bob)]).toEqual(['revoked', 'active'])
    expect((await getAccount(core, scope, ann.id)).health).toMatchObject({
      detectedBy: 'callback',
      platformCode: 'app_removed',
    })
  })

  it('that comes again does not end what was reconnected meanwhile', async () => {
    await connect()
    says('e2', 'ann')
    await call()
    const again = await connect()
    await call()
    expect(await statusOf(again)).toBe('active')
  })

  it('whose signature is not good changes nothing', async () => {
    const account = await connect()
    memo.provider.receive = () => {
      throw new PostMcpError('unauthorized', 'The signature is not good.')
    }
    await expect(call()).rejects.toMatchObject({ code: 'unauthorized' })
    expect(await statusOf(account)).toBe('active')
  })

  it('to an address nobody gave out finds nobody', async () => {
    says('e3', 'ann')
    await expect(call('client_00000000000000000000000000')).rejects.toMatchObject({ code: 'not_found' })
    await expect(call('nonsense')).rejects.toMatchObject({ code: 'not_found' })
  })

  it('that wants everything deleted destroys the secrets', async () => {
    const account = await connect()
    memo.provider.receive = () => [
      { type: 'deletion_requested', eventId: 'e4', subject: 'ann', confirmation: 'c' },
      { type: 'answer', body: '{"confirmation_code":"c"}', contentType: 'application/json' },
    ]
    expect(await call()).toEqual({ body: '{"confirmation_code":"c"}', contentType: 'application/json' })
    const rows = await database.query(
      'select 1 from credentials where workspace_id = $1 and owner_type = $2',
      [scope.workspaceId, 'grant'],
    )
    expect(rows).toEqual([])
    expect(await statusOf(account)).toBe('revoked')
  })
})
