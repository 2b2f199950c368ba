import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { CoreContext } from '../core-context.js'
import type { ConnectStep } from '../model/connection.js'
import type { Grant } from '../model/grant.js'
import type { Scope } from '../model/scope.js'
import type { Manifest } from '../provider/manifest.js'
import { defineProvider, type GrantAccess } from '../provider/provider.js'
import { receiveCallback } from '../refresh/receive-callback.js'
import { verifyAccount } from '../refresh/verify-account.js'
import { createFakeClock, type FakeClock } from '../testing/fake-clock.js'
import { createMemoryOAuth, type MemoryOAuth, memoryOAuthClient } from '../testing/memory-oauth.js'
import { createScope, createTestCore } from '../testing/test-core.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { diagnose } from '../workspace/doctor.js'
import { connectAccount, reconnectAccount } from './connect-account.js'
import { getConnection, getConnectStep } from './connection-steps.js'
import { disconnectAccount } from './disconnect-account.js'
import {
  bindBrowser,
  completeAuthorization,
  completeByPaste,
  openStartPage,
  takeOtherWay,
} from './oauth-connection.js'
import { getOwnClient, removeOwnClient, setOwnClient } from './own-client.js'

const plain = createMemoryOAuth().provider.manifest
const front = { id: 'front', name: 'Front door', summary: 'For one page.' }
const back = { id: 'back', name: 'Back door', summary: 'For many pages.' }
const { oauth2, ...connect } = plain.connect
if (!oauth2 || !plain.app) throw new Error('The platform in memory has no OAuth.')

const backDoor: NonNullable<Manifest['connect']['furtherWays']>[number] = {
  oauth2: {
    ...oauth2,
    way: back,
    authorizationUrl: '{api}/back/authorize',
    tokenUrl: '{api}/token',
    pkce: 'none',
    clientAuthentication: 'client_secret_post',
  },
  app: plain.app,
  tokens: { ...plain.tokens, refresh: 'none', revocationScope: 'subject', reconsentAfterDays: 90 },
  revokeAccess: 'https://example.org/revoke-back',
}
const frontDoor = { ...oauth2, way: front }
const nameless = oauth2
const scopes: Manifest['scopes'] = [
  { name: 'read', need: 'required', why: 'To see.' },
  { name: 'write', need: 'required', way: 'front', why: 'To publish.' },
  { name: 'write_all', need: 'required', way: 'back', why: 'To publish everywhere.' },
]
const clientOfBack = { ...memoryOAuthClient, id: 'client-2', secrets: ['secret-of-client-2'] }

let database: TestDatabase
let memo: MemoryOAuth
let clock: FakeClock
let core: CoreContext
let scope: Scope
let people = 0
/** What hooks were handed, by their names. */
let seen: [hook: string, access: Pick<GrantAccess, 'way'>][]
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())
beforeEach(() => begin())

async function begin(
  clients: Record<string, typeof memoryOAuthClient> = { memo: memoryOAuthClient, memo_back: clientOfBack },
) {
  seen = []
  memo = createMemoryOAuth({
    connect: { ...connect, oauth2: frontDoor, furtherWays: [backDoor] },
    scopes,
    ways: {
      back: {
        verify: async (_ctx, access) => {
          seen.push(['verify of back', access])
          return { status: 'active', reason: null, platformCode: null }
        },
        revoke: async (_ctx, access) => void seen.push(['revoke of back', access]),
        receive: async () => [
          {
            type: 'revoked',
            eventId: `of ${memo.person.subject}`,
            subject: memo.person.subject,
            platformCode: null,
          },
        ],
      },
    },
  })
  memo.person.scopes = 'read write write_all'
  // What a person granted counts in all workspaces.
  memo.person.subject = `ann-${++people}`
  clock = createFakeClock()
  core = await createTestCore(database, { platforms: [memo], clock, http: memo.http, clients })
  scope = await createScope(core)
}

const isAuthorize = (step: ConnectStep): ConnectStep & { type: 'authorize' } => {
  if (step.type === 'authorize') return step
  throw new Error(`The step is ${step.type}.`)
}
const start = async (request: { way?: string; method?: 'oauth2' } = {}) =>
  isAuthorize(await connectAccount(core, scope, { platform: 'memo', fields: {}, ...request }))
async function finish(step: ConnectStep & { type: 'authorize' }) {
  const after = await completeByPaste(
    core,
    scope,
    step.connectionId,
    memo.consent(step.authorizationUrl).href,
  )
  const [account] = after.type === 'connected' ? after.accounts : []
  if (!account?.grantId) throw new Error(`The step is ${after.type}.`)
  const grant = await core.store.grants.get(scope.workspaceId, account.grantId)
  return { account, grant: grant as Grant }
}
const ask = (step: { authorizationUrl: string }) => {
  const { pathname, searchParams } = new URL(step.authorizationUrl)
  return { pathname, scope: searchParams.get('scope'), client: searchParams.get('client_id') }
}
const tokenOf = ({ startUrl }: { startUrl: string }) => startUrl.slice(startUrl.lastIndexOf('/') + 1)

describe('a platform with several ways through the browser', () => {
  it('is connected by the first one where nobody says otherwise', async () => {
    const step = await start()
    expect(ask(step)).toEqual({ pathname: '/authorize', scope: 'read write', client: 'client-1' })
    expect((await finish(step)).grant).toMatchObject({ way: null, client: { clientId: 'client-1' } })
    expect(ask(await start({ way: 'front' }))).toMatchObject({ pathname: '/authorize' })
  })

  it('goes the way that was chosen, with its addresses, scopes, application and life of tokens', async () => {
    const step = await start({ way: 'back' })
    expect(ask(step)).toEqual({ pathname: '/back/authorize', scope: 'read write_all', client: 'client-2' })
    expect(await getConnection(core, scope, step.connectionId)).toMatchObject({
      way: 'back',
      method: 'oauth2',
    })
    const { grant } = await finish(step)
    expect(grant).toMatchObject({ way: 'back', client: { clientId: 'client-2' } })
    expect(memo.requests[0]?.form.get('client_secret')).toBe('secret-of-client-2')
    expect(grant.endsAt).toEqual(grant.accessTokenExpiresAt)
  })

  it.each([
    ['a way there is not', { way: 'side' }, 'front or back'],
    ['a way and credentials', { way: 'back', method: 'credentials' }, 'leave it out'],
  ])('refuses %s', async (_, request, words) => {
    const asked = connectAccount(core, scope, { platform: 'memo', fields: {}, ...request } as never)
    await expect(asked).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining(words),
    })
  })

  it('asks for the scopes of the way, and for no other', async () => {
    memo.person.scopes = 'read write'
    const step = await start({ way: 'back' })
    await expect(finish(step)).rejects.toMatchObject({
      code: 'missing_permission',
      message: expect.stringContaining('write_all'),
    })
    await expect(finish(await start())).resolves.toBeDefined()
  })

  it('says which application is missing, by the variables of the way', async () => {
    await begin({ memo: memoryOAuthClient })
    await expect(start({ way: 'back' })).rejects.toMatchObject({
      code: 'client_not_configured',
      nextAction: expect.stringContaining('POSTMCP_MEMO_BACK_CLIENT_ID and POSTMCP_MEMO_BACK_CLIENT_SECRET'),
    })
  })

  it('keeps what one person granted on each way apart', async () => {
    const one = await finish(await start())
    memo.person.targets = [{ ...memo.person.targets[0], targetId: 'id-other', handle: 'other' } as never]
    const other = await finish(await start({ way: 'back' }))
    expect(other.grant.id).not.toBe(one.grant.id)
    expect(await verifyAccount(core, scope, one.account.id, 'stored')).toMatchObject({
      health: { status: 'active' },
    })
  })
})

describe('a grant of a further way', () => {
  it('is verified, explained and ended by the hooks and words of its way', async () => {
    const { account, grant } = await finish(await start({ way: 'back' }))
    const report = await verifyAccount(core, scope, account.id, 'live')
    expect(report.reconsentBy?.getTime()).toBe(grant.authorizedAt.getTime() + 90 * 86_400_000)
    expect(await disconnectAccount(core, scope, account.id)).toMatchObject({
      revocation: { outcome: 'revoked' },
    })
    expect(seen.map(([hook, { way }]) => [hook, way])).toEqual([
      ['verify of back', 'back'],
      ['revoke of back', 'back'],
    ])
    expect(memo.requests.map(({ path }) => path)).toEqual(['/token'])
  })

  it('is renewed on its way, unless another one is asked for', async () => {
    const { account } = await finish(await start({ way: 'back' }))
    const again = (request: { way?: string; method?: 'oauth2' }) =>
      reconnectAccount(core, scope, account.id, { fields: {}, ...request })
        .then(isAuthorize)
        .then(ask)
    expect(await again({})).toMatchObject({ pathname: '/back/authorize', client: 'client-2' })
    expect(await again({ method: 'oauth2' })).toMatchObject({ pathname: '/back/authorize' })
    expect(await again({ way: 'front' })).toMatchObject({ pathname: '/authorize', client: 'client-1' })
  })

  it('moves with its account to another way, and ends on its own', async () => {
    const { account, grant } = await finish(await start({ way: 'back' }))
    const step = isAuthorize(await reconnectAccount(core, scope, account.id, { fields: {}, way: 'front' }))
    const now = await finish(step)
    expect(now.account.id).toBe(account.id)
    expect(now.grant).toMatchObject({ way: null, health: { status: 'active' } })
    expect(seen).toEqual([['revoke of back', expect.objectContaining({ way: 'back' })]])
    expect(await core.store.grants.get(scope.workspaceId, grant.id)).toMatchObject({
      health: { status: 'disconnected' },
    })
  })

  it('hears only the callbacks of its own application', async () => {
    const { account } = await finish(await start({ way: 'back' }))
    const call = (clientRef: string) =>
      receiveCallback(
        core,
        { platform: 'memo', clientRef },
        { method: 'POST', headers: new Headers(), query: new URLSearchParams(), body: new Uint8Array() },
      )
    await expect(call('operator')).rejects.toMatchObject({ code: 'not_found' })
    await expect(call('operator.side')).rejects.toMatchObject({ code: 'not_found' })
    await expect(call('operator.back.back')).rejects.toMatchObject({ code: 'not_found' })
    expect((await verifyAccount(core, scope, account.id, 'stored')).health.status).toBe('active')
    await call('operator.back')
    expect((await verifyAccount(core, scope, account.id, 'stored')).health.status).toBe('revoked')
  })

  it('hears nothing of another way, although both have one application', async () => {
    await begin({ memo: memoryOAuthClient, memo_back: memoryOAuthClient })
    const { account } = await finish(await start())
    await receiveCallback(
      core,
      { platform: 'memo', clientRef: 'operator.back' },
      { method: 'POST', headers: new Headers(), query: new URLSearchParams(), body: new Uint8Array() },
    )
    expect((await verifyAccount(core, scope, account.id, 'stored')).health.status).toBe('active')
  })
})

describe('the start page', () => {
  it('offers the other ways, and leads on by the one that is chosen there', async () => {
    const step = await start()
    const page = await openStartPage(core, tokenOf(step))
    expect(page.otherWays).toEqual([back])
    const changed = await takeOtherWay(core, tokenOf(step), 'back')
    expect(ask(changed)).toEqual({ pathname: '/back/authorize', scope: 'read write_all', client: 'client-2' })
    expect(changed.userCode).not.toBe('')
    expect(changed.otherWays).toEqual([front])
    const cookie = await bindBrowser(core, changed.connection)
    await completeAuthorization(core, memo.consent(changed.authorizationUrl).searchParams, [cookie])
    expect(await getConnectStep(core, scope, step.connectionId)).toMatchObject({ type: 'connected' })
    expect(await getConnection(core, scope, step.connectionId)).toMatchObject({ way: 'back' })
  })

  it('leaves the way that was given up good for nothing', async () => {
    const step = await start()
    const first = memo.consent(step.authorizationUrl)
    await takeOtherWay(core, tokenOf(step), 'back')
    await expect(completeAuthorization(core, first.searchParams, [])).rejects.toMatchObject({
      code: 'state_invalid',
    })
    expect(memo.requests).toEqual([])
  })

  it('offers nothing that has no application, nor anything while an account is reconnected', async () => {
    const { account } = await finish(await start())
    const again = isAuthorize(await reconnectAccount(core, scope, account.id, { fields: {} }))
    expect((await openStartPage(core, tokenOf(again))).otherWays).toEqual([])
    await expect(takeOtherWay(core, tokenOf(again), 'back')).rejects.toMatchObject({
      code: 'invalid_request',
    })
    await begin({ memo: memoryOAuthClient })
    const step = await start()
    expect((await openStartPage(core, tokenOf(step))).otherWays).toEqual([])
    await expect(takeOtherWay(core, tokenOf(step), 'back')).rejects.toMatchObject({ code: 'invalid_request' })
    await expect(takeOtherWay(core, tokenOf(step), 'front')).rejects.toMatchObject({
      code: 'invalid_request',
    })
  })
})

describe("a workspace's own application", () => {
  const fields = { clientId: 'own', clientSecret: 'own-secret' }

  it('is for one way, and leaves the others to the operator', async () => {
    const own = await setOwnClient(core, scope, 'memo', { fields, way: 'back' })
    expect(ask(await start({ way: 'back' })).client).toBe('own')
    expect(ask(await start()).client).toBe('client-1')
    expect(await getOwnClient(core, scope, 'memo', 'back')).toMatchObject({ id: own.id, way: 'back' })
    expect(await getOwnClient(core, scope, 'memo')).toBeUndefined()
    await removeOwnClient(core, scope, 'memo')
    expect(ask(await start({ way: 'back' })).client).toBe('own')
    await removeOwnClient(core, scope, 'memo', 'back')
    expect(ask(await start({ way: 'back' })).client).toBe('client-2')
  })

  it('can be called back by the platform of its way only', async () => {
    const own = await setOwnClient(core, scope, 'memo', { fields, way: 'back' })
    const { account } = await finish(await start({ way: 'back' }))
    await receiveCallback(
      core,
      { platform: 'memo', clientRef: own.id },
      { method: 'POST', headers: new Headers(), query: new URLSearchParams(), body: new Uint8Array() },
    )
    expect((await verifyAccount(core, scope, account.id, 'stored')).health.status).toBe('revoked')
  })

  it('is refused for a way there is not', async () => {
    await expect(setOwnClient(core, scope, 'memo', { fields, way: 'side' })).rejects.toMatchObject({
      code: 'invalid_request',
    })
  })
})

describe('the doctor', () => {
  const applications = async () =>
    (await diagnose(core, scope, 'memo'))
      .filter(({ check }) => check === 'application')
      .map(({ way, status, message }) => ({ way, status, message }))

  it('looks at the application of each way', async () => {
    memo.next(() => ({ status: 400, body: { error: 'invalid_grant' } }))
    memo.next(() => ({ status: 401, body: { error: 'invalid_client' } }))
    const found = await applications()
    expect(found).toContainEqual({ way: 'front', status: 'ok', message: expect.any(String) })
    expect(found).toContainEqual({
      way: 'back',
      status: 'error',
      message: 'Memo does not accept the application.',
    })
  })

  it('does not miss the application of one way where another has one', async () => {
    await begin({ memo: memoryOAuthClient })
    expect(await applications()).toContainEqual({
      way: 'back',
      status: 'ok',
      message: 'Back door, another way to Memo, has no application.',
    })
    await begin({})
    expect((await applications()).map(({ way, status }) => [way, status])).toEqual([
      ['front', 'warning'],
      ['back', 'warning'],
    ])
  })
})

describe('a provider', () => {
  const define = (change: (manifest: Manifest) => Manifest, ways = {}) =>
    defineProvider({ ...memo.provider, ways, manifest: change(memo.provider.manifest) })
  const withConnect = (more: Partial<Manifest['connect']>) => (manifest: Manifest) => ({
    ...manifest,
    connect: { ...manifest.connect, ...more },
  })

  it.each<[string, () => unknown]>([
    ['whose first way has no name', () => define(withConnect({ oauth2: nameless }))],
    ['whose ways have one name', () => define(withConnect({ oauth2: backDoor.oauth2 }))],
    [
      'with the scope of a way there is not',
      () =>
        define((manifest) => ({
          ...manifest,
          scopes: [{ name: 'x', need: 'optional', why: 'No.', way: 'side' }],
        })),
    ],
    ['with hooks of a way there is not', () => define((manifest) => manifest, { side: {} })],
    ['with hooks for its first way', () => define((manifest) => manifest, { front: {} })],
    ['that lacks a hook on one way', () => define((manifest) => manifest, { back: { identify: undefined } })],
  ])('%s is refused', (_, attempt) => {
    expect(attempt).toThrow(expect.objectContaining({ code: 'config_invalid' }))
  })
})
