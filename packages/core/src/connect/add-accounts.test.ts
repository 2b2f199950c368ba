import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { CoreContext } from '../core-context.js'
import type { Account } from '../model/account.js'
import type { ConnectStep } from '../model/connection.js'
import type { AccountId, GrantId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import { PlatformError } from '../provider/platform-error.js'
import type { Provider } from '../provider/provider.js'
import { openTarget } from '../refresh/target-access.js'
import { openGrant } from '../refresh/use-grant.js'
import { verifyAccount } from '../refresh/verify-account.js'
import { createFakeClock, type FakeClock } from '../testing/fake-clock.js'
import { createMemoryOAuth, type MemoryOAuth, memoryOAuthClient } from '../testing/memory-oauth.js'
import { createScope, createTestCore } from '../testing/test-core.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { addAccounts } from './add-accounts.js'
import { connectAccount, continueConnection } from './connect-account.js'
import { getConnection, getConnectStep } from './connection-steps.js'
import { disconnectAccount } from './disconnect-account.js'
import { endStaleConnections } from './end-stale-connections.js'
import { completeByPaste } from './oauth-connection.js'

let database: TestDatabase
let memo: MemoryOAuth
let clock: FakeClock
let core: CoreContext
let scope: Scope
/** Takes the place of the platform's list of targets. */
let list: Provider['listTargets'] | null
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())
beforeEach(() => begin({}))

async function begin(
  options: Parameters<typeof createMemoryOAuth>[0],
  workspace: { maxAccounts?: number } = {},
) {
  memo = createMemoryOAuth(options)
  list = null
  const provider: Provider = {
    ...memo.provider,
    listTargets: (ctx, access) => (list ?? memo.provider.listTargets)(ctx, access),
  }
  clock = createFakeClock()
  core = await createTestCore(database, {
    platforms: [{ provider }],
    clock,
    http: memo.http,
    clients: { memo: memoryOAuthClient },
  })
  scope = await createScope(core, workspace)
}

const target = (targetId: string) => ({
  targetId,
  handle: targetId,
  displayName: null,
  avatarUrl: null,
  profileUrl: null,
  secrets: { key: `secret of ${targetId}` },
})
const pages = (...ids: string[]) => {
  memo.person.targets = ids.map(target)
}
const isChoice = (step: ConnectStep): ConnectStep & { type: 'select_targets' } => {
  if (step.type === 'select_targets') return step
  throw new Error(`The step is ${step.type}.`)
}
const isConnected = (step: ConnectStep): Account[] => {
  if (step.type === 'connected') return step.accounts
  throw new Error(`The step is ${step.type}.`)
}

/** Connects one page of the person's. */
async function connectPage(targetId = 'one'): Promise<Account & { grantId: GrantId }> {
  const step = await connectAccount(core, scope, { platform: 'memo', fields: {} })
  if (step.type !== 'authorize') throw new Error(`The step is ${step.type}.`)
  const back = memo.consent(step.authorizationUrl).href
  const next = await completeByPaste(core, scope, step.connectionId, back)
  const done =
    next.type === 'connected'
      ? next
      : await continueConnection(core, scope, next.connectionId, { targetIds: [targetId] })
  const [account] = isConnected(done)
  if (!account?.grantId) throw new Error('Nothing was connected.')
  return { ...account, grantId: account.grantId }
}
const add = (id: AccountId, targetIds?: string[], key?: string) =>
  addAccounts(core, scope, id, { targetIds }, key)
const revocations = () => memo.requests.filter(({ path }) => path === '/revoke').length
const exchanges = () => memo.requests.filter(({ path }) => path === '/token').length

describe('adding from an authorization that is there', () => {
  it('lists what is left, says what is connected, and asks nobody for a consent', async () => {
    pages('one', 'two', 'three')
    const account = await connectPage()
    const step = isChoice(await add(account.id))
    expect(step.targets.map(({ targetId }) => targetId)).toEqual(['two', 'three'])
    expect(step.alreadyConnected).toMatchObject([{ targetId: 'one', accountId: account.id }])
    expect(step.accountsLeft).toBeNull()
    expect(exchanges()).toBe(1)
    expect(await getConnectStep(core, scope, step.connectionId)).toEqual(step)
  })

  it('makes accounts of what is chosen, on the same grant, with secrets of their own', async () => {
    pages('one', 'two', 'three')
    const account = await connectPage()
    const { grant } = await openGrant(core, scope.workspaceId, account.grantId)
    const { connectionId } = isChoice(await add(account.id))
    const added = isConnected(
      await continueConnection(core, scope, connectionId, { targetIds: ['two', 'three'] }),
    )
    expect(added.map(({ targetId, grantId }) => [targetId, grantId])).toEqual([
      ['two', account.grantId],
      ['three', account.grantId],
    ])
    const [two] = added
    expect((await openTarget(core, two as Account)).secrets).toEqual({ key: 'secret of two' })
    const after = await openGrant(core, scope.workspaceId, account.grantId)
    expect(after.grant).toEqual(grant)
    expect(await getConnection(core, scope, connectionId)).toMatchObject({ state: 'connected' })
  })

  it('adds what is named at once', async () => {
    pages('one', 'two', 'three')
    const account = await connectPage()
    expect(isConnected(await add(account.id, ['three'])).map(({ handle }) => handle)).toEqual(['three'])
  })

  it('sees what has come since the consent, and what comes while one chooses', async () => {
    pages('one')
    const account = await connectPage()
    pages('one', 'two')
    const { connectionId, targets } = isChoice(await add(account.id))
    expect(targets.map(({ targetId }) => targetId)).toEqual(['two'])
    pages('one', 'two', 'three')
    const again = isChoice(await continueConnection(core, scope, connectionId, { refreshTargets: true }))
    expect(again.targets.map(({ targetId }) => targetId)).toEqual(['two', 'three'])
  })

  it('uses the tokens as they are when it is done, and writes over none that are newer', async () => {
    pages('one', 'two')
    const account = await connectPage()
    const { connectionId } = isChoice(await add(account.id))
    clock.advance(3600) // the access token ends while somebody thinks
    const stillOpen = core.store.connections
    await stillOpen.advance(scope.workspaceId, connectionId, ['selecting_targets'], {
      state: 'selecting_targets',
      expiresAt: new Date(clock.now().getTime() + 60_000),
    })
    await continueConnection(core, scope, connectionId, { targetIds: ['two'] })
    const { grant, access } = await openGrant(core, scope.workspaceId, account.grantId)
    expect(grant.version).toBe(2)
    expect(memo.living.has(access.tokens.refreshToken ?? '')).toBe(true)
    expect(memo.requests.map(({ form }) => form.get('grant_type'))).toEqual([
      'authorization_code',
      'refresh_token',
    ])
  })

  it('revives what was disconnected, under its id', async () => {
    pages('one', 'two')
    const account = await connectPage()
    const [two] = isConnected(await add(account.id, ['two']))
    await disconnectAccount(core, scope, two?.id as AccountId)
    const step = isChoice(await add(account.id))
    expect(step.targets.map(({ targetId }) => targetId)).toEqual(['two'])
    const [again] = isConnected(await add(account.id, ['two']))
    expect(again?.id).toBe(two?.id)
    expect((await verifyAccount(core, scope, again?.id as AccountId, 'stored')).health.status).toBe('active')
  })

  it.each([
    ['what is connected already', ['one'], 'conflict'],
    ['what the platform does not name', ['nothing'], 'invalid_request'],
    ['nothing at all', [], 'invalid_request'],
  ])('refuses %s, and keeps the choice open', async (_, targetIds, code) => {
    pages('one', 'two')
    const account = await connectPage()
    await expect(add(account.id, targetIds)).rejects.toMatchObject({ code })
    const { connectionId } = isChoice(await add(account.id))
    await expect(continueConnection(core, scope, connectionId, { targetIds })).rejects.toMatchObject({
      code,
    })
    expect(
      isConnected(await continueConnection(core, scope, connectionId, { targetIds: ['two'] })),
    ).toHaveLength(1)
  })

  it('is done once under one key', async () => {
    pages('one', 'two')
    const account = await connectPage()
    const [first, second] = [await add(account.id, ['two'], 'key-1'), await add(account.id, ['two'], 'key-1')]
    expect(second).toMatchObject({ type: 'connected', connectionId: first.connectionId })
    const [choice, same] = [
      await add(account.id, undefined, 'key-2'),
      await add(account.id, undefined, 'key-2'),
    ]
    expect(same.connectionId).toBe(choice.connectionId)
  })

  it('is of its workspace only', async () => {
    pages('one', 'two')
    const account = await connectPage()
    const stranger = await createScope(core)
    await expect(addAccounts(core, stranger, account.id, {})).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('the plan', () => {
  it('says how many more there is room for, and is all or nothing', async () => {
    await begin({}, { maxAccounts: 2 })
    pages('one', 'two', 'three')
    const account = await connectPage()
    const step = isChoice(await add(account.id))
    expect(step.accountsLeft).toBe(1)
    const both = continueConnection(core, scope, step.connectionId, { targetIds: ['two', 'three'] })
    await expect(both).rejects.toMatchObject({
      code: 'plan_limit_reached',
      message: 'Your plan has room for 1 more of 2 accounts; 2 were to be added.',
    })
    await continueConnection(core, scope, step.connectionId, { targetIds: ['two'] })
    expect(isChoice(await add(account.id)).accountsLeft).toBe(0)
    await expect(add(account.id, ['three'])).rejects.toMatchObject({ code: 'plan_limit_reached' })
  })

  it('is not overrun by many who add at once', async () => {
    await begin({}, { maxAccounts: 3 })
    pages('one', ...Array.from({ length: 10 }, (_, index) => `more-${index}`))
    const account = await connectPage()
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => add(account.id, [`more-${index}`])),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
    expect(await core.store.accounts.countConnected(scope.workspaceId)).toBe(3)
  })

  it('gives one target to one of many who choose it at once', async () => {
    pages('one', 'two')
    const account = await connectPage()
    const results = await Promise.allSettled(Array.from({ length: 6 }, () => add(account.id, ['two'])))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('is said when a first connection chooses as well', async () => {
    await begin({}, { maxAccounts: 2 })
    pages('one', 'two')
    const step = await connectAccount(core, scope, { platform: 'memo', fields: {} })
    if (step.type !== 'authorize') throw new Error(step.type)
    const back = memo.consent(step.authorizationUrl).href
    expect(await completeByPaste(core, scope, step.connectionId, back)).toMatchObject({
      type: 'select_targets',
      accountsLeft: 2,
      alreadyConnected: [],
    })
  })
})

describe('an addition that comes to nothing', () => {
  it('ends nothing at the platform when nobody chooses', async () => {
    pages('one', 'two')
    const account = await connectPage()
    const { connectionId } = isChoice(await add(account.id))
    clock.advance(31 * 60)
    while ((await endStaleConnections(core)).more);
    expect(await getConnection(core, scope, connectionId)).toMatchObject({ state: 'expired' })
    const { grant, access } = await openGrant(core, scope.workspaceId, account.grantId)
    expect(grant.health.status).toBe('active')
    expect(memo.living.has(access.tokens.refreshToken ?? '')).toBe(true)
  })

  it('ends nothing when it is refused', async () => {
    pages('one', 'two')
    const account = await connectPage()
    await expect(add(account.id, ['nothing'])).rejects.toMatchObject({ code: 'invalid_request' })
    expect(revocations()).toBe(0)
    expect(memo.living.size).toBe(2)
  })

  it('passes on what is wrong at the platform, and says nothing about the account', async () => {
    pages('one', 'two')
    const account = await connectPage()
    list = async () => {
      throw new PlatformError({ status: 503, platformCode: 'server_error', message: 'Later.' })
    }
    await expect(add(account.id)).rejects.toMatchObject({ code: 'platform_unavailable' })
    expect((await verifyAccount(core, scope, account.id, 'stored')).health.status).toBe('active')
  })

  it('is refused when the authorization was given up between the list and the choice', async () => {
    pages('one', 'two')
    const account = await connectPage()
    const { connectionId } = isChoice(await add(account.id))
    await disconnectAccount(core, scope, account.id)
    await expect(continueConnection(core, scope, connectionId, { targetIds: ['two'] })).rejects.toMatchObject(
      { code: 'account_not_publishable', nextAction: expect.stringContaining('Reconnect') },
    )
    await expect(
      continueConnection(core, scope, connectionId, { refreshTargets: true }),
    ).rejects.toMatchObject({ code: 'account_not_publishable' })
  })

  it('does not hang an account on a grant that is given up while the platform is asked', async () => {
    pages('one', 'two')
    const account = await connectPage()
    list = async () => {
      list = null
      await disconnectAccount(core, scope, account.id)
      return memo.person.targets
    }
    await expect(add(account.id, ['two'])).rejects.toMatchObject({ code: 'account_not_publishable' })
    expect(await core.store.accounts.countConnected(scope.workspaceId)).toBe(0)
  })
})

describe('an authorization that has ended', () => {
  const lost = new PlatformError({ status: 400, platformCode: 'invalid_grant', message: 'Gone.' })

  it.each<[string, (account: Account & { grantId: GrantId }) => Promise<unknown>]>([
    ['was given up here', ({ id }) => disconnectAccount(core, scope, id)],
    [
      'lost its secrets',
      ({ grantId }) => core.store.credentials.deleteAllOf(scope.workspaceId, 'grant', grantId),
    ],
    [
      'is known to be lost',
      ({ grantId }) =>
        core.store.grants.recordHealth(scope.workspaceId, grantId, 1, {
          status: 'revoked',
          reason: 'token_revoked',
          since: clock.now(),
          detectedBy: 'callback',
          platformCode: null,
          missingScopes: [],
        }),
    ],
    [
      'cannot be refreshed any more',
      async () => {
        clock.advance(3600)
        memo.living.clear()
      },
    ],
  ])('that %s is answered with the step of a reconnect', async (_, end) => {
    pages('one', 'two')
    const account = await connectPage()
    await end(account)
    const step = await add(account.id)
    if (step.type !== 'authorize') throw new Error(step.type)
    expect(await getConnection(core, scope, step.connectionId)).toMatchObject({
      reconnectAccountId: account.id,
      grantId: null,
    })
    const back = memo.consent(step.authorizationUrl).href
    const [renewed] = isConnected(await completeByPaste(core, scope, step.connectionId, back))
    expect(renewed?.id).toBe(account.id)
    expect(isConnected(await add(account.id, ['two']))).toHaveLength(1)
  })

  const refusing = () => {
    const classify = core.providers.get('memo')
    classify.classifyError = () => ({ kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' })
    list = async () => {
      throw lost
    }
  }

  it('is seen by the refusal of the platform, which says so of the account', async () => {
    pages('one', 'two')
    const account = await connectPage()
    refusing()
    expect((await add(account.id)).type).toBe('authorize')
    expect((await verifyAccount(core, scope, account.id, 'stored')).health).toMatchObject({
      status: 'revoked',
      detectedBy: 'verify',
    })
  })

  it('says nothing of accounts that live on without it', async () => {
    await begin({ tokens: { neededToPublish: false } })
    pages('one', 'two')
    const account = await connectPage()
    refusing()
    expect((await add(account.id)).type).toBe('authorize')
    expect((await verifyAccount(core, scope, account.id, 'stored')).health.status).toBe('active')
  })
})
