import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { reconnectAccount } from '../connect/connect-account.js'
import { disconnectAccount } from '../connect/disconnect-account.js'
import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import { createFakeClock } from '../testing/fake-clock.js'
import {
  behaviours,
  createMemoryPlatform,
  gate,
  type MemoryPlatformOptions,
} from '../testing/memory-platform.js'
import { connectUser, createScope, createTestCore, type TestCoreOptions } from '../testing/test-core.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { refreshDueGrants } from './refresh-due-grants.js'
import { useGrant } from './use-grant.js'
import { verifyAccount } from './verify-account.js'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())

async function createWorld(
  options: Partial<MemoryPlatformOptions> & { core?: Partial<TestCoreOptions> } = {},
) {
  const clock = createFakeClock()
  const platform = createMemoryPlatform({ clock, ...options })
  const startProcess = (more: Partial<TestCoreOptions> = {}) =>
    createTestCore(database, { platforms: [platform], clock, ...options.core, ...more })
  const core = await startProcess()
  const scope = await createScope(core)
  const account = await connectUser(core, scope, platform, 'ann')
  const grantId = account.grantId!
  const { workspaceId } = scope
  return {
    clock,
    platform,
    core,
    scope,
    account,
    grantId,
    workspaceId,
    startProcess,
    use: (by: CoreContext = core, need?: Parameters<typeof useGrant>[3]) =>
      useGrant(by, workspaceId, grantId, need),
    grant: async () => (await core.store.grants.get(workspaceId, grantId))!,
    refreshes: () => platform.calls.filter((hook) => hook === 'refresh').length,
    reconnect: () =>
      reconnectAccount(core, scope, account.id, {
        fields: { identifier: 'ann', password: 'password of ann' },
      }),
    history: () => core.store.accounts.listHistory(workspaceId, account.id, 10),
  }
}

describe('using a grant', () => {
  it('gives what there is while it is good', async () => {
    const world = await createWorld()
    const open = await world.use()
    expect(open.access).toMatchObject({ subject: 'ann', settings: { server: 'https://one.example.org' } })
    expect(world.refreshes()).toBe(0)
  })

  it('refreshes once for many callers in one process', async () => {
    const world = await createWorld()
    world.clock.advance(3600)
    const opened = await Promise.all(Array.from({ length: 20 }, () => world.use()))
    expect(world.refreshes()).toBe(1)
    expect(new Set(opened.map(({ access }) => access.tokens.accessToken)).size).toBe(1)
    expect(await world.grant()).toMatchObject({ version: 2, refreshMarker: null })
  })

  it('refreshes once for many processes', async () => {
    const world = await createWorld()
    world.clock.advance(3600)
    const slow = gate()
    world.platform.next('refresh', slow.behaviour)
    const processes = await Promise.all(Array.from({ length: 8 }, () => world.startProcess()))
    const using = processes.map((process) => world.use(process))
    await slow.reached
    slow.open()
    const opened = await Promise.all(using)
    expect(world.refreshes()).toBe(1)
    expect(new Set(opened.map(({ access }) => access.tokens.accessToken)).size).toBe(1)
  })

  it('refreshes once though the new token, too, ends sooner than we like or seems to have ended', async () => {
    for (const accessTokenSeconds of [30, -3600]) {
      const world = await createWorld({ accessTokenSeconds })
      await world.use()
      expect(world.refreshes()).toBe(1)
    }
  })

  it('asks once even when the answer is that the grant is gone', async () => {
    const world = await createWorld()
    world.clock.advance(3600)
    world.platform.revokeAll('ann')
    const slow = gate()
    world.platform.next('refresh', slow.behaviour)
    const processes = await Promise.all(Array.from({ length: 8 }, () => world.startProcess()))
    const using = Promise.allSettled(processes.map((process) => world.use(process)))
    await slow.reached
    slow.open()
    for (const result of await using)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'account_not_publishable' } })
    expect(world.refreshes()).toBe(1)
    await expect(world.use()).rejects.toMatchObject({ code: 'account_not_publishable' })
    expect(world.refreshes()).toBe(1)
  })

  it('uses a token that still lives while another process refreshes, and when the early refresh fails', async () => {
    const world = await createWorld()
    world.clock.advance(3550)
    const before = (await world.core.store.grants.get(world.workspaceId, world.grantId))!.version
    await world.core.store.grants.acquireRefreshLease(world.workspaceId, world.grantId, {
      owner: 'somebody',
      seconds: 60,
      expectedVersion: before,
    })
    expect((await world.use()).grant.version).toBe(before)
    await world.core.store.grants.releaseRefreshLease(world.workspaceId, world.grantId, 'somebody')
    const later = new Date(world.clock.now().getTime() + 60_000)
    for (const how of [
      behaviours.unreachable,
      behaviours.answers(503, 'Unavailable'),
      behaviours.answers(429, 'RateLimited', later),
      behaviours.answers(401, 'BadClient'),
      behaviours.answers(418, 'Refused'),
    ]) {
      world.platform.next('refresh', how)
      expect((await world.use()).grant.version).toBe(before)
      // a 5xx may have used the token up: it is spared from then on
      await database.query('update grants set refresh_fingerprint = null, refresh_sent_at = null')
    }
    expect(await world.grant()).toMatchObject({ health: { status: 'active' } })
    expect(world.refreshes()).toBe(5)
    expect(await world.history()).toHaveLength(1)
  })

  it('says that the platform is away when the token is dead, and changes no status', async () => {
    const world = await createWorld()
    world.clock.advance(3600)
    const later = new Date(world.clock.now().getTime() + 60_000)
    for (const [how, code] of [
      [behaviours.unreachable, 'platform_unavailable'],
      [behaviours.answers(429, 'RateLimited', later), 'rate_limited'],
      [behaviours.answers(418, 'Refused'), 'platform_response_invalid'],
      [behaviours.answers(401, 'BadClient'), 'config_invalid'],
      [behaviours.garbage, 'platform_response_invalid'],
    ] as const) {
      world.platform.next('refresh', how)
      await expect(world.use()).rejects.toMatchObject({ code })
    }
    expect((await world.grant()).health.status).toBe('active')
    expect(await world.history()).toHaveLength(1)
  })

  it('keeps a refresh token that the platform does not replace, and settings that it does', async () => {
    const world = await createWorld()
    const before = await world.use()
    vi.spyOn(world.platform.provider, 'refresh').mockResolvedValueOnce({
      accessToken: 'new access',
      accessTokenExpiresAt: new Date(world.clock.now().getTime() + 7_200_000),
      settings: { server: 'https://two.example.org' },
    })
    world.clock.advance(3600)
    const after = await world.use()
    expect(after.access).toMatchObject({
      settings: { server: 'https://two.example.org' },
      tokens: { accessToken: 'new access', refreshToken: before.access.tokens.refreshToken },
    })
  })
})

describe('a definite refusal', () => {
  it('is written down as needs_reauth with reason, history, event and audit', async () => {
    const world = await createWorld()
    world.clock.advance(3600)
    world.platform.revokeAll('ann')
    await expect(world.use()).rejects.toMatchObject({ code: 'account_not_publishable' })
    expect(await world.grant()).toMatchObject({
      refreshMarker: null,
      health: {
        status: 'needs_reauth',
        reason: 'token_revoked',
        detectedBy: 'refresh',
        platformCode: 'Revoked',
      },
    })
    expect(await world.history()).toMatchObject([{ status: 'needs_reauth' }, { status: 'active' }])
    const told = await database.query<{ payload: object }>(
      "select payload from events where workspace_id = $1 and type = 'account.status_changed'",
      [world.workspaceId],
    )
    expect(told).toMatchObject([
      { payload: { from: 'active', to: 'needs_reauth', accountId: world.account.id } },
    ])
    const audited = await database.query(
      "select 1 from audit_log where workspace_id = $1 and action = 'account.status_changed'",
      [world.workspaceId],
    )
    expect(audited).toHaveLength(1)
  })

  it('of the account alone is verification_failed, and ends when it is over', async () => {
    const world = await createWorld()
    world.platform.user('ann').state = 'taken_down'
    world.clock.advance(3600)
    await expect(world.use()).rejects.toMatchObject({ code: 'account_not_publishable' })
    const failed = await verifyAccount(world.core, world.scope, world.account.id)
    expect(failed).toMatchObject({
      canPublish: false,
      health: { status: 'verification_failed', reason: 'account_taken_down' },
      nextAction: { kind: 'settle_with_platform' },
      check: { source: 'live' },
    })
    expect((await world.grant()).health.status).toBe('active')
    world.platform.user('ann').state = 'fine'
    expect(await verifyAccount(world.core, world.scope, world.account.id)).toMatchObject({
      canPublish: true,
      health: { status: 'active', reason: null },
    })
  })

  it('is no verdict when a reconnect came first', async () => {
    const world = await createWorld()
    world.clock.advance(3600)
    world.platform.revokeAll('ann')
    const slow = gate()
    world.platform.next('refresh', slow.behaviour)
    const using = world.use()
    await slow.reached
    await world.reconnect()
    slow.open()
    expect((await using).grant).toMatchObject({ version: 2, health: { status: 'active' } })
    expect((await world.grant()).health.status).toBe('active')
  })
})

describe('a refresh whose answer was lost', () => {
  const kill = async (
    world: Awaited<ReturnType<typeof createWorld>>,
    how: 'killedBefore' | 'killedAfter',
  ) => {
    world.platform.next('refresh', behaviours[how])
    const before = world.refreshes()
    const victim = await world.startProcess()
    void world.use(victim).catch(() => {})
    await vi.waitFor(() => expect(world.refreshes()).toBe(before + 1))
    // The dead renew nothing.
    await database.query("update grants set refresh_lease_owner = 'the dead' where id = $1", [world.grantId])
  }

  it('is repeated where the platform gives the same answer again', async () => {
    const world = await createWorld({ tokens: { replay: { graceSeconds: 120 } } })
    world.clock.advance(3600)
    await kill(world, 'killedAfter')
    expect((await world.grant()).refreshMarker).not.toBeNull()
    expect((await world.use()).grant).toMatchObject({ version: 2, refreshMarker: null })
    expect(world.refreshes()).toBe(2)
  })

  it('is not repeated while the access token lives, where a token may be used once', async () => {
    const world = await createWorld()
    world.clock.advance(3550)
    await kill(world, 'killedAfter')
    expect((await world.use()).grant.version).toBe(1)
    expect(world.refreshes()).toBe(1)
  })

  it('is repeated as the last resort, and then known to be lost', async () => {
    const world = await createWorld()
    world.clock.advance(3600)
    await kill(world, 'killedAfter')
    await expect(world.use()).rejects.toMatchObject({ code: 'account_not_publishable' })
    expect((await world.grant()).health).toMatchObject({
      status: 'needs_reauth',
      reason: 'refresh_outcome_lost',
    })
  })

  it('does no harm when the request had never left', async () => {
    const world = await createWorld()
    world.clock.advance(3600)
    await kill(world, 'killedBefore')
    expect((await world.use()).grant).toMatchObject({ version: 2, refreshMarker: null })
  })

  it('is waited for as long as its sender lives', async () => {
    const world = await createWorld({ core: { timings: { refreshLease: 0.2 } } })
    world.clock.advance(3600)
    const slow = gate()
    world.platform.next('refresh', slow.behaviour)
    const first = world.use()
    await slow.reached
    const second = world.use(await world.startProcess())
    await new Promise((resolve) => setTimeout(resolve, 500)) // longer than the lease, which is renewed
    slow.open()
    await Promise.all([first, second])
    expect(world.refreshes()).toBe(1)
  })
})

describe('saving refreshed tokens', () => {
  it('is tried again while the database is away, before anything else', async () => {
    let failures = 0
    const world = await createWorld({
      core: {
        wrapStore: (store) => ({
          ...store,
          transaction: (work) =>
            failures-- > 0
              ? Promise.reject(new PostMcpError('database_unavailable', 'gone'))
              : store.transaction(work),
        }),
      },
    })
    world.clock.advance(3600)
    failures = 2
    const using = world.use()
    await vi.waitFor(() => expect(world.refreshes()).toBe(1))
    await world.core.refreshFlights.settled()
    expect((await world.grant()).version).toBe(2)
    expect((await using).grant.version).toBe(2)
    expect(world.refreshes()).toBe(1)
  })

  it('gives way to a reconnect, and what it brought is ended at the platform', async () => {
    const world = await createWorld()
    world.clock.advance(3600)
    const slow = gate()
    world.platform.next('refresh', slow.behaviour)
    const using = world.use()
    await slow.reached
    await world.reconnect()
    slow.open()
    expect((await using).grant.version).toBe(2)
    expect(world.platform.calls.filter((hook) => hook === 'revoke')).toHaveLength(1)
    expect(world.platform.livingSessions('ann')).toBe(1)
    world.clock.advance(3600)
    expect((await world.use()).grant.version).toBe(3)
  })

  it('gives way to a disconnect, and leaves no session behind', async () => {
    const world = await createWorld()
    world.clock.advance(3600)
    const slow = gate()
    world.platform.next('refresh', slow.behaviour)
    const using = world.use()
    await slow.reached
    await disconnectAccount(world.core, world.scope, world.account.id)
    slow.open()
    await expect(using).rejects.toMatchObject({ code: 'account_not_publishable' })
    expect(world.platform.livingSessions('ann')).toBe(0)
    expect(
      await database.query('select 1 from credentials where workspace_id = $1', [world.workspaceId]),
    ).toEqual([])
  })
})

describe('the sweep of grants', () => {
  it('refreshes what is due, once, and comes back to trouble only after a while', async () => {
    const world = await createWorld()
    await database.query('update grants set refresh_at = null where id <> $1', [world.grantId])
    await refreshDueGrants(world.core)
    expect(world.refreshes()).toBe(0)
    world.clock.advance(3580)
    world.platform.next('refresh', behaviours.unreachable)
    await refreshDueGrants(world.core)
    await refreshDueGrants(world.core)
    expect(world.refreshes()).toBe(1)
    world.clock.advance(61)
    await Promise.all([refreshDueGrants(world.core), refreshDueGrants(await world.startProcess())])
    expect(world.refreshes()).toBe(2)
    expect((await world.grant()).version).toBe(2)
  })
})

describe('the status of an account', () => {
  it('is verified live, by a refresh where the platform wants that, unless it was a moment ago', async () => {
    const world = await createWorld()
    expect((await verifyAccount(world.core, world.scope, world.account.id)).check.source).toBe('live')
    expect(world.refreshes()).toBe(1)
    world.clock.advance(59)
    expect((await verifyAccount(world.core, world.scope, world.account.id)).check.source).toBe('recent')
    expect((await verifyAccount(world.core, world.scope, world.account.id, 'stored')).check.source).toBe(
      'stored',
    )
    expect((await verifyAccount(world.core, world.scope, world.account.id, 'live')).check.source).toBe('live')
    expect(world.refreshes()).toBe(2)
    world.clock.advance(61)
    expect((await verifyAccount(world.core, world.scope, world.account.id)).check.source).toBe('live')
  })

  it('says at once that access was taken away, with reason and what to do', async () => {
    const world = await createWorld()
    world.platform.revokeAll('ann')
    const now = world.clock.now()
    const report = await verifyAccount(world.core, world.scope, world.account.id)
    expect(report).toMatchObject({
      canPublish: false,
      health: { status: 'needs_reauth', reason: 'token_revoked', platformCode: 'Revoked' },
      account: { checkedAt: now },
      nextAction: { kind: 'reconnect', command: `postmcp accounts reconnect --account ${world.account.id}` },
    })
    // Nobody asks again for what is gone.
    await verifyAccount(world.core, world.scope, world.account.id, 'live')
    expect(world.refreshes()).toBe(1)
    await world.reconnect()
    expect((await verifyAccount(world.core, world.scope, world.account.id)).health.status).toBe('active')
  })

  it('stays what it was when the platform does not answer or says what nobody understands', async () => {
    const world = await createWorld({ tokens: { verifyBy: 'call' } })
    for (const [how, code] of [
      [behaviours.unreachable, 'platform_unavailable'],
      [behaviours.garbage, 'platform_response_invalid'],
      [behaviours.answers(503, 'Unavailable'), 'platform_unavailable'],
      [behaviours.answers(429, 'RateLimited'), 'rate_limited'],
      [behaviours.answers(400, 'Refused'), 'platform_response_invalid'],
    ] as const) {
      world.platform.next('verify', how)
      const report = await verifyAccount(world.core, world.scope, world.account.id, 'live')
      expect(report).toMatchObject({
        health: { status: 'active' },
        check: { source: 'failed', error: { code } },
      })
    }
    expect(await world.history()).toHaveLength(1)
  })

  it('replaces a token that the platform refused, once', async () => {
    const world = await createWorld({ tokens: { verifyBy: 'call' } })
    world.platform.expireAccessTokens()
    expect((await verifyAccount(world.core, world.scope, world.account.id)).check.source).toBe('live')
    expect(world.refreshes()).toBe(1)
    world.platform.always('verify', behaviours.answers(401, 'TokenExpired'))
    expect(await verifyAccount(world.core, world.scope, world.account.id, 'live')).toMatchObject({
      health: { status: 'active' },
      check: { source: 'failed' },
    })
    expect(world.refreshes()).toBe(2)
  })

  it('is stored for what has no grant, and not found across workspaces', async () => {
    const world = await createWorld()
    const stranger = await createScope(world.core)
    await expect(verifyAccount(world.core, stranger, world.account.id)).rejects.toMatchObject({
      code: 'not_found',
    })
    await disconnectAccount(world.core, world.scope, world.account.id)
    expect(await verifyAccount(world.core, world.scope, world.account.id, 'live')).toMatchObject({
      health: { status: 'disconnected' },
      check: { source: 'stored' },
      nextAction: { kind: 'connect_again' },
    })
  })
})
