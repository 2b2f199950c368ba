import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import type { ConnectStep } from '../model/connection.js'
import { createPostGroup } from '../publish/create-post-group.js'
import { useGrant } from '../refresh/use-grant.js'
import { createFakeClock } from '../testing/fake-clock.js'
import {
  behaviours,
  createMemoryPlatform,
  gate,
  type MemoryPlatformOptions,
} from '../testing/memory-platform.js'
import { createScope, createTestCore } from '../testing/test-core.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { connectAccount, continueConnection, reconnectAccount } from './connect-account.js'
import { getConnection, getConnectStep } from './connection-steps.js'
import { disconnectAccount } from './disconnect-account.js'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())

async function createWorld(options: Partial<MemoryPlatformOptions> = {}, maxAccounts: number | null = null) {
  const clock = createFakeClock()
  const platform = createMemoryPlatform({ clock, ...options })
  const core = await createTestCore(database, { platforms: [platform], clock })
  const scope = await createScope(core, { maxAccounts })
  platform.addUser('ann')
  const fieldsOf = (name: string) => ({ identifier: name, password: `password of ${name}` })
  const count = async (table: string) =>
    (await database.query(`select 1 from ${table} where workspace_id = $1`, [scope.workspaceId])).length
  return {
    clock,
    platform,
    core,
    scope,
    fieldsOf,
    connect: (fields: Record<string, string> = fieldsOf('ann'), key?: string, by = scope) =>
      connectAccount(core, by, { platform: 'memory', fields }, key),
    count,
    counts: async () => ({
      accounts: await count('accounts'),
      grants: await count('grants'),
      credentials: await count('credentials'),
    }),
    revocations: () => platform.calls.filter((hook) => hook === 'revoke').length,
  }
}

function accountsOf(step: ConnectStep) {
  if (step.type !== 'connected') throw new Error(`this is ${step.type}`)
  return step.accounts
}

const nothing = { accounts: 0, grants: 0, credentials: 0 }

describe('connecting what cannot be connected', () => {
  it('suggests the nearest platform', async () => {
    const { core, scope } = await createWorld()
    await expect(connectAccount(core, scope, { platform: 'memry', fields: {} })).rejects.toMatchObject({
      code: 'unknown_platform',
      message: 'There is no platform "memry". Did you mean "memory"? Known platforms: memory.',
    })
  })

  it('refuses fields that are not asked for, before anything is written', async () => {
    const world = await createWorld()
    await expect(world.connect({ identifier: 'ann', pasword: 'secret' })).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'Memory asks for identifier, password only.',
      issues: [{ code: 'unknown_field', field: 'fields.pasword' }],
    })
    expect(await world.count('connections')).toBe(0)
  })

  it('leaves no rows after wrong credentials but the failed connection', async () => {
    const world = await createWorld()
    await expect(world.connect({ identifier: 'ann', password: 'wrong' })).rejects.toMatchObject({
      code: 'credentials_rejected',
      message: 'Name or password are wrong.',
    })
    expect(await world.counts()).toEqual(nothing)
    expect(
      await database.query('select state, failure_reason from connections where workspace_id = $1', [
        world.scope.workspaceId,
      ]),
    ).toEqual([{ state: 'failed', failure_reason: 'credentials_rejected' }])
  })

  it('says whether it was refused or not reached', async () => {
    const world = await createWorld()
    const later = new Date(world.clock.now().getTime() + 60_000)
    for (const [how, code] of [
      [behaviours.unreachable, 'platform_unavailable'],
      [behaviours.garbage, 'platform_response_invalid'],
      [behaviours.answers(429, 'RateLimited', later), 'rate_limited'],
      [behaviours.answers(403, 'TakenDown'), 'account_not_publishable'],
    ] as const) {
      world.platform.next('authenticate', how)
      await expect(world.connect()).rejects.toMatchObject({ code })
    }
    expect(await world.counts()).toEqual(nothing)
  })

  it('takes the authorization back when it leads to nothing', async () => {
    const world = await createWorld()
    world.platform.addUser('nobody', [])
    await expect(world.connect(world.fieldsOf('nobody'))).rejects.toMatchObject({
      code: 'identity_not_found',
    })
    expect(world.platform.livingSessions('nobody')).toBe(0)
  })
})

describe('connecting', () => {
  it('asks for what is missing, and goes on with it', async () => {
    const world = await createWorld()
    const step = await world.connect({ identifier: 'ann' })
    expect(step).toMatchObject({
      type: 'input_required',
      instructions: 'Give name and password.',
      helpUrl: 'https://example.org/help',
      fields: [{ name: 'identifier' }, { name: 'password', secret: true }],
    })
    expect(await getConnectStep(world.core, world.scope, step.connectionId)).toEqual(step)
    const stranger = await createScope(world.core)
    await expect(getConnectStep(world.core, stranger, step.connectionId)).rejects.toMatchObject({
      code: 'not_found',
    })
    await expect(
      continueConnection(world.core, stranger, step.connectionId, { fields: world.fieldsOf('ann') }),
    ).rejects.toMatchObject({ code: 'not_found' })
    const done = await continueConnection(world.core, world.scope, step.connectionId, {
      fields: world.fieldsOf('ann'),
    })
    expect(done.type).toBe('connected')
    await expect(
      continueConnection(world.core, world.scope, step.connectionId, { fields: world.fieldsOf('ann') }),
    ).rejects.toMatchObject({ code: 'connection_not_open' })
    expect(await getConnectStep(world.core, world.scope, step.connectionId)).toEqual(done)
  })

  it('does not go on after ten minutes', async () => {
    const world = await createWorld()
    const step = await world.connect({ identifier: 'ann' })
    world.clock.advance(600)
    expect((await getConnection(world.core, world.scope, step.connectionId)).state).toBe('expired')
    await expect(
      continueConnection(world.core, world.scope, step.connectionId, { fields: world.fieldsOf('ann') }),
    ).rejects.toMatchObject({ code: 'connection_expired' })
  })

  it('makes an account with sealed secrets, history, audit and event', async () => {
    const world = await createWorld()
    const [account] = accountsOf(await world.connect())
    expect(account).toMatchObject({
      targetId: 'id-ann',
      handle: 'id-ann.example.org',
      health: { status: 'active' },
    })
    expect(await world.counts()).toEqual({ accounts: 1, grants: 1, credentials: 2 })
    const sealed = await database.query<{ sealed: Buffer }>(
      'select sealed from credentials where workspace_id = $1',
      [world.scope.workspaceId],
    )
    for (const row of sealed) expect(row.sealed.toString('latin1')).not.toMatch(/password|access-|refresh-/)
    for (const table of ['account_status_history', 'audit_log', 'events'])
      expect(await world.count(table)).toBe(1)
  })

  it('of the same account again keeps its id and renews it', async () => {
    const world = await createWorld()
    const [first] = accountsOf(await world.connect())
    const [second] = accountsOf(await world.connect())
    expect(second!.id).toBe(first!.id)
    expect(await world.counts()).toEqual({ accounts: 1, grants: 1, credentials: 2 })
    const { access } = await useGrant(world.core, world.scope.workspaceId, second!.grantId!)
    await expect(world.platform.provider.listTargets({} as never, access)).resolves.toHaveLength(1)
  })

  it('revives a disconnected account under its old id', async () => {
    const world = await createWorld()
    const [first] = accountsOf(await world.connect())
    await disconnectAccount(world.core, world.scope, first!.id)
    const [second] = accountsOf(await world.connect())
    expect(second!.id).toBe(first!.id)
    expect(await world.core.store.accounts.get(world.scope.workspaceId, first!.id)).toMatchObject({
      health: { status: 'active' },
    })
  })

  it('by another person takes the account over and gives the old authorization up', async () => {
    const world = await createWorld()
    const [first] = accountsOf(await world.connect())
    world.platform.addUser('bob', ['id-ann'])
    const [second] = accountsOf(await world.connect(world.fieldsOf('bob')))
    expect(second!.id).toBe(first!.id)
    expect(second!.grantId).not.toBe(first!.grantId)
    expect(await world.core.store.grants.get(world.scope.workspaceId, first!.grantId!)).toMatchObject({
      health: { status: 'disconnected' },
    })
    expect(await world.count('credentials')).toBe(2)
    expect(world.platform.livingSessions('ann')).toBe(0)
    expect(world.platform.livingSessions('bob')).toBe(1)
  })
})

describe('choosing among several targets', () => {
  it('makes accounts of those chosen, and keeps the authorization sealed until then', async () => {
    const world = await createWorld()
    world.platform.addUser('pat', ['page-1', 'page-2', 'page-3'])
    const step = await world.connect(world.fieldsOf('pat'))
    expect(step).toMatchObject({
      type: 'select_targets',
      targets: [{ targetId: 'page-1' }, { targetId: 'page-2' }, { targetId: 'page-3' }],
    })
    expect(await world.counts()).toEqual({ accounts: 0, grants: 0, credentials: 1 })
    const go = (targetIds: string[]) =>
      continueConnection(world.core, world.scope, step.connectionId, { targetIds })
    await expect(go(['page-9'])).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'There is no target page-9 to choose.',
    })
    await expect(go([])).rejects.toMatchObject({ code: 'invalid_request' })
    const accounts = accountsOf(await go(['page-3', 'page-1', 'page-3']))
    expect(accounts.map(({ targetId }) => targetId)).toEqual(['page-3', 'page-1'])
    expect(new Set(accounts.map(({ grantId }) => grantId)).size).toBe(1)
    expect(await world.counts()).toEqual({ accounts: 2, grants: 1, credentials: 2 })
    await expect(go(['page-2'])).rejects.toMatchObject({ code: 'connection_not_open' })
  })

  it('is all or nothing under the plan, says how many are left, and can be done again', async () => {
    const world = await createWorld({}, 2)
    await world.connect()
    world.platform.addUser('pat', ['page-1', 'page-2'])
    const step = await world.connect(world.fieldsOf('pat'))
    const go = (targetIds: string[]) =>
      continueConnection(world.core, world.scope, step.connectionId, { targetIds })
    await expect(go(['page-1', 'page-2'])).rejects.toMatchObject({
      code: 'plan_limit_reached',
      message: 'Your plan has room for 1 more of 2 accounts; 2 were to be added.',
    })
    expect(await world.count('accounts')).toBe(1)
    expect(accountsOf(await go(['page-2']))).toHaveLength(1)
  })
})

describe('the plan', () => {
  it('leaves exactly 15 accounts when 50 connect at once under a limit of 15', async () => {
    const world = await createWorld({}, 15)
    const names = Array.from({ length: 50 }, (_, i) => `user${i}`)
    for (const name of names) world.platform.addUser(name)
    const results = await Promise.allSettled(names.map((name) => world.connect(world.fieldsOf(name))))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(15)
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'plan_limit_reached' })
    expect(await world.counts()).toEqual({ accounts: 15, grants: 15, credentials: 30 })
    expect(names.filter((name) => world.platform.livingSessions(name) > 0)).toHaveLength(15)
  })

  it('does not count what was disconnected, and counts it again when it is revived', async () => {
    const world = await createWorld({}, 1)
    const [ann] = accountsOf(await world.connect())
    await disconnectAccount(world.core, world.scope, ann!.id)
    world.platform.addUser('bob')
    await world.connect(world.fieldsOf('bob'))
    await expect(world.connect()).rejects.toMatchObject({ code: 'plan_limit_reached' })
    expect((await world.core.store.accounts.get(world.scope.workspaceId, ann!.id))?.health.status).toBe(
      'disconnected',
    )
  })
})

describe('reconnecting', () => {
  it('refuses another account, ends the session just made, and leaves the old one as it is', async () => {
    const world = await createWorld()
    const [account] = accountsOf(await world.connect())
    world.platform.addUser('bob')
    await expect(
      reconnectAccount(world.core, world.scope, account!.id, { fields: world.fieldsOf('bob') }),
    ).rejects.toMatchObject({
      code: 'identity_mismatch',
      message: 'This authorization is for @id-bob.example.org, not for @id-ann.example.org.',
    })
    expect(world.platform.livingSessions('bob')).toBe(0)
    expect(world.platform.livingSessions('ann')).toBe(1)
    expect((await world.core.store.grants.get(world.scope.workspaceId, account!.grantId!))?.version).toBe(1)
  })

  it('does not end everything of a person who is connected elsewhere, where a revocation would', async () => {
    const world = await createWorld({ tokens: { revocationScope: 'subject' } })
    const [account] = accountsOf(await world.connect())
    world.platform.addUser('bob')
    await world.connect(world.fieldsOf('bob'), undefined, await createScope(world.core))
    await expect(
      reconnectAccount(world.core, world.scope, account!.id, { fields: world.fieldsOf('bob') }),
    ).rejects.toMatchObject({ code: 'identity_mismatch' })
    expect(world.revocations()).toBe(0)
  })

  it('asks only for what it cannot know', async () => {
    const world = await createWorld()
    const [account] = accountsOf(await world.connect())
    vi.spyOn(world.platform.provider, 'authenticate').mockImplementationOnce(async (_ctx, fields) => {
      expect(fields).toEqual({ identifier: 'id-ann', password: 'x' })
      throw new Error('seen')
    })
    await expect(
      reconnectAccount(world.core, world.scope, account!.id, { fields: { password: 'x' } }),
    ).rejects.toThrow('seen')
    const step = await reconnectAccount(world.core, world.scope, account!.id, { fields: {} })
    expect(step.type).toBe('input_required')
  })

  it('is for accounts of this workspace', async () => {
    const world = await createWorld()
    const [account] = accountsOf(await world.connect())
    const stranger = await createScope(world.core)
    await expect(
      reconnectAccount(world.core, stranger, account!.id, { fields: world.fieldsOf('ann') }),
    ).rejects.toMatchObject({ code: 'not_found' })
    await expect(disconnectAccount(world.core, stranger, account!.id)).rejects.toMatchObject({
      code: 'not_found',
    })
  })
})

describe('disconnecting', () => {
  it('ends our access, destroys the secrets, cancels what waits, and may be repeated', async () => {
    const world = await createWorld()
    const [account] = accountsOf(await world.connect())
    const { posts } = await createPostGroup(world.core, world.scope, {
      content: { text: 'Hello', media: [] },
      targets: [{ accountId: account!.id }],
    })
    const done = await disconnectAccount(world.core, world.scope, account!.id)
    expect(done).toMatchObject({
      revocation: { outcome: 'revoked', message: 'Our access at Memory was ended.' },
      cancelledPosts: [posts[0]!.id],
      account: { grantId: null, health: { status: 'disconnected', reason: 'disconnected_by_user' } },
    })
    expect(await world.counts()).toEqual({ accounts: 1, grants: 1, credentials: 0 })
    expect(await world.core.store.posts.get(world.scope.workspaceId, posts[0]!.id)).toMatchObject({
      state: 'cancelled',
      failure: {
        code: 'post_cancelled',
        message: '@id-ann.example.org was disconnected before this was published.',
      },
    })
    expect(world.platform.livingSessions('ann')).toBe(0)
    const again = await disconnectAccount(world.core, world.scope, account!.id)
    expect(again).toMatchObject({ revocation: { outcome: 'nothing_to_revoke' }, cancelledPosts: [] })
  })

  it('says exactly what could not be ended at the platform', async () => {
    const failing = await createWorld()
    const [account] = accountsOf(await failing.connect())
    failing.platform.next('revoke', behaviours.unreachable)
    expect((await disconnectAccount(failing.core, failing.scope, account!.id)).revocation).toEqual({
      outcome: 'failed',
      message: 'Our access at Memory could not be ended there (platform_unavailable); here it is destroyed.',
    })
    expect(await failing.count('credentials')).toBe(0)

    const unable = await createWorld({
      canRevoke: false,
      tokens: { remainsAfterRevocation: 'Remove it yourself.' },
    })
    const [other] = accountsOf(await unable.connect())
    expect((await disconnectAccount(unable.core, unable.scope, other!.id)).revocation).toEqual({
      outcome: 'not_supported',
      message: 'Memory has no way to end it from here. Remove it yourself.',
    })
  })

  it('works though the secrets cannot be opened any more', async () => {
    const world = await createWorld()
    const [account] = accountsOf(await world.connect())
    await database.query("update credentials set sealed = '\\x0102' where workspace_id = $1", [
      world.scope.workspaceId,
    ])
    expect((await disconnectAccount(world.core, world.scope, account!.id)).revocation.outcome).toBe('failed')
    expect(await world.count('credentials')).toBe(0)
  })

  it('keeps an authorization on which another account lives', async () => {
    const world = await createWorld()
    world.platform.addUser('pat', ['page-1', 'page-2'])
    const step = await world.connect(world.fieldsOf('pat'))
    const [one, two] = accountsOf(
      await continueConnection(world.core, world.scope, step.connectionId, {
        targetIds: ['page-1', 'page-2'],
      }),
    )
    expect((await disconnectAccount(world.core, world.scope, one!.id)).revocation.outcome).toBe('kept_in_use')
    expect(world.platform.livingSessions('pat')).toBe(1)
    expect((await disconnectAccount(world.core, world.scope, two!.id)).revocation.outcome).toBe('revoked')
    expect(await world.count('credentials')).toBe(0)
  })

  it('keeps what a living grant of the same person in another workspace would lose', async () => {
    const world = await createWorld({ tokens: { revocationScope: 'subject' } })
    world.platform.addUser('zoe') // nobody else's name: all workspaces count
    const [account] = accountsOf(await world.connect(world.fieldsOf('zoe')))
    const elsewhere = await createScope(world.core)
    const [other] = accountsOf(await world.connect(world.fieldsOf('zoe'), undefined, elsewhere))
    expect((await disconnectAccount(world.core, world.scope, account!.id)).revocation.outcome).toBe(
      'kept_in_use',
    )
    expect(world.revocations()).toBe(0)
    expect((await disconnectAccount(world.core, elsewhere, other!.id)).revocation.outcome).toBe('revoked')
  })

  it('leaves no session when both accounts of a grant go at once', async () => {
    const world = await createWorld()
    world.platform.addUser('pat', ['page-1', 'page-2'])
    const step = await world.connect(world.fieldsOf('pat'))
    const accounts = accountsOf(
      await continueConnection(world.core, world.scope, step.connectionId, {
        targetIds: ['page-1', 'page-2'],
      }),
    )
    await Promise.all(accounts.map(({ id }) => disconnectAccount(world.core, world.scope, id)))
    expect(world.platform.livingSessions('pat')).toBe(0)
    expect(await world.count('credentials')).toBe(0)
  })
})

describe('an Idempotency-Key', () => {
  it('gives the first answer again, and connects once', async () => {
    const world = await createWorld()
    const first = await world.connect(world.fieldsOf('ann'), 'key-1')
    expect(await world.connect(world.fieldsOf('ann'), 'key-1')).toEqual(first)
    expect(world.platform.calls).toEqual(['authenticate'])
    expect(await world.count('connections')).toBe(1)
  })

  it('is refused for another request, and for another workspace means nothing', async () => {
    const world = await createWorld()
    await world.connect(world.fieldsOf('ann'), 'key-1')
    world.platform.addUser('bob')
    await expect(world.connect(world.fieldsOf('bob'), 'key-1')).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    })
    await world.connect(world.fieldsOf('bob'), 'key-1', await createScope(world.core))
    await expect(world.connect({}, '')).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it('tells that the first request is still running', async () => {
    const world = await createWorld()
    const slow = gate()
    world.platform.next('authenticate', slow.behaviour)
    const first = world.connect(world.fieldsOf('ann'), 'key-1')
    await slow.reached
    await expect(world.connect(world.fieldsOf('ann'), 'key-1')).rejects.toMatchObject({
      code: 'idempotency_in_progress',
    })
    slow.open()
    expect((await first).type).toBe('connected')
  })

  it('is free again after a failure, for the corrected request too', async () => {
    const world = await createWorld()
    await expect(world.connect({ identifier: 'ann', password: 'wrong' }, 'key-1')).rejects.toMatchObject({
      code: 'credentials_rejected',
    })
    expect((await world.connect(world.fieldsOf('ann'), 'key-1')).type).toBe('connected')
  })

  it('of a process that died is taken over, and the dead one, risen, changes nothing', async () => {
    const world = await createWorld()
    const slow = gate()
    world.platform.next('authenticate', slow.behaviour)
    const first = world.connect(world.fieldsOf('ann'), 'key-1')
    await slow.reached
    await database.query("update idempotency_keys set claimed_until = now() - interval '1 second'")
    const second = await world.connect(world.fieldsOf('ann'), 'key-1')
    slow.open()
    await expect(first).rejects.toMatchObject({ code: 'idempotency_in_progress' })
    expect(await getConnectStep(world.core, world.scope, second.connectionId)).toEqual(second)
    expect(world.platform.livingSessions('ann')).toBe(1)
  })

  it('keeps no secret of the request', async () => {
    const world = await createWorld()
    await world.connect(world.fieldsOf('ann'), 'key-1')
    const rows = await database.query('select * from idempotency_keys where workspace_id = $1', [
      world.scope.workspaceId,
    ])
    expect(JSON.stringify(rows)).not.toContain('password of ann')
    expect(JSON.stringify(rows)).not.toContain(Buffer.from('password of ann').toString('hex'))
  })
})
