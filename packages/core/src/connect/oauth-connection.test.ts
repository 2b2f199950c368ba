import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { CoreContext } from '../core-context.js'
import type { ConnectStep } from '../model/connection.js'
import type { ConnectionId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import { createFakeClock, type FakeClock } from '../testing/fake-clock.js'
import { createMemoryOAuth, type MemoryOAuth, memoryOAuthClient } from '../testing/memory-oauth.js'
import { createScope, createTestCore } from '../testing/test-core.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { connectAccount, continueConnection, reconnectAccount } from './connect-account.js'
import { getConnection, getConnectStep } from './connection-steps.js'
import { disconnectAccount } from './disconnect-account.js'
import { endStaleConnections } from './end-stale-connections.js'
import {
  bindBrowser,
  completeAuthorization,
  completeByPaste,
  confirmAuthorization,
  openStartPage,
} from './oauth-connection.js'

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
  await begin({})
})

async function begin(
  options: Parameters<typeof createMemoryOAuth>[0],
  clients = { memo: memoryOAuthClient },
) {
  memo = createMemoryOAuth(options)
  clock = createFakeClock()
  core = await createTestCore(database, { platforms: [memo], clock, http: memo.http, clients })
  scope = await createScope(core)
}

const target = (targetId: string) => ({
  targetId,
  handle: targetId,
  displayName: null,
  avatarUrl: null,
  profileUrl: null,
})

const isAuthorize = (step: ConnectStep): ConnectStep & { type: 'authorize' } => {
  if (step.type === 'authorize') return step
  throw new Error(`The step is ${step.type}.`)
}
const start = async (fields = {}) =>
  isAuthorize(await connectAccount(core, scope, { platform: 'memo', fields }))

/** Opens the start page, as the person who started does. @returns the cookie of the browser */
async function openBrowser({ startUrl }: { startUrl: string }): Promise<string> {
  const { connection } = await openStartPage(core, startUrl.slice(startUrl.lastIndexOf('/') + 1))
  return bindBrowser(core, connection)
}
const stateOf = async (id: ConnectionId) => (await getConnection(core, scope, id)).state

async function connected() {
  const step = await start()
  const cookie = await openBrowser(step)
  await completeAuthorization(core, memo.consent(step.authorizationUrl).searchParams, [cookie])
  const after = await getConnectStep(core, scope, step.connectionId)
  if (after.type !== 'connected') throw new Error(`The step is ${after.type}.`)
  return after.accounts
}

const sealed = async (id: string) =>
  (await database.query<{ count: string }>('select count(*) from credentials where owner_id = $1', [id]))[0]
    ?.count

describe('the way to the platform', () => {
  it('asks for exactly what is declared, with PKCE, a state and our address', async () => {
    const step = await start()
    const url = new URL(step.authorizationUrl)
    expect(url.origin + url.pathname).toBe('https://memo.example.org/authorize')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'client-1',
      redirect_uri: 'http://127.0.0.1:4477/accounts/oauth/callback',
      scope: 'write',
      state: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
    expect(step.userCode).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}$/)
    expect(await getConnectStep(core, scope, step.connectionId)).toEqual(step)
  })

  it('is not taken without an application', async () => {
    await begin({}, {} as never)
    await expect(start()).rejects.toMatchObject({
      code: 'client_not_configured',
      nextAction: expect.stringContaining('POSTMCP_MEMO_CLIENT_ID and POSTMCP_MEMO_CLIENT_SECRET'),
    })
  })

  it('leads back only where the operator allows', async () => {
    const redirectUri = 'https://evil.example.org/callback'
    const asked = connectAccount(core, scope, { platform: 'memo', fields: {}, redirectUri })
    await expect(asked).rejects.toMatchObject({
      code: 'redirect_uri_not_allowed',
      message: expect.stringContaining('http://127.0.0.1:4477/accounts/oauth/callback'),
    })
  })

  it('is refused before anybody is sent off where the platform takes https only', async () => {
    await begin({ oauth2: { redirect: 'https_only' } })
    await expect(start()).rejects.toMatchObject({ code: 'public_url_required' })
  })

  it('leaves no state, verifier or start token in clear text', async () => {
    const step = await start()
    const rows = JSON.stringify(
      await database.query('select * from connections where id = $1', [step.connectionId]),
    )
    const state = new URL(step.authorizationUrl).searchParams.get('state') ?? ''
    expect(rows).not.toContain(state)
    expect(rows).not.toContain(step.startUrl.slice(step.startUrl.lastIndexOf('/') + 1))
  })
})

describe('the browser that was bound', () => {
  it('comes back to a connected account', async () => {
    const step = await start()
    const cookie = await openBrowser(step)
    const result = await completeAuthorization(core, memo.consent(step.authorizationUrl).searchParams, [
      'x',
      cookie,
    ])
    expect(result).toMatchObject({ outcome: 'connected', handles: ['id-ann.example.org'] })
    const after = await getConnectStep(core, scope, step.connectionId)
    expect(after).toMatchObject({
      type: 'connected',
      accounts: [{ targetId: 'id-ann', kind: 'page', health: { status: 'active' } }],
    })
    const [exchange] = memo.requests
    expect(exchange?.authorization).toBe(`Basic ${btoa('client-1:secret-of-client-1')}`)
    expect(exchange?.form.get('client_secret')).toBeNull()
    expect(await sealed(step.connectionId)).toBe('0')
  })

  it('chooses among several targets, all or nothing', async () => {
    memo.person.targets = ['p1', 'p2', 'p3'].map(target)
    const step = await start()
    const cookie = await openBrowser(step)
    const result = await completeAuthorization(core, memo.consent(step.authorizationUrl).searchParams, [
      cookie,
    ])
    expect(result.outcome).toBe('select_targets')
    const choice = await getConnectStep(core, scope, step.connectionId)
    expect(choice).toMatchObject({
      type: 'select_targets',
      targets: [{ targetId: 'p1', kind: 'page' }, {}, {}],
    })
    const targetIds = ['p1', 'p3']
    expect(await continueConnection(core, scope, step.connectionId, { targetIds })).toMatchObject({
      type: 'connected',
      accounts: [{ targetId: 'p1' }, { targetId: 'p3' }],
    })
  })

  it('is told of targets that appear later, and can ask again', async () => {
    await begin({ connect: { targetsAppearLater: 'Add the bot to a channel.' } })
    memo.person.targets = []
    const step = await start()
    const cookie = await openBrowser(step)
    await completeAuthorization(core, memo.consent(step.authorizationUrl).searchParams, [cookie])
    expect(await getConnectStep(core, scope, step.connectionId)).toMatchObject({
      type: 'select_targets',
      targets: [],
      instructions: 'Add the bot to a channel.',
    })
    memo.person.targets = [target('channel')]
    const again = await continueConnection(core, scope, step.connectionId, { refreshTargets: true })
    expect(again).toMatchObject({ type: 'select_targets', targets: [{ targetId: 'channel' }] })
  })
})

describe('any other browser', () => {
  it('gets no account before somebody confirmed there', async () => {
    const step = await start()
    const result = await completeAuthorization(core, memo.consent(step.authorizationUrl).searchParams, [
      'foreign',
    ])
    if (result.outcome !== 'confirm') throw new Error(result.outcome)
    expect(await stateOf(step.connectionId)).toBe('awaiting_confirmation')
    expect(await core.store.accounts.list(scope.workspaceId, { limit: 10 })).toEqual([])
    expect(await getConnectStep(core, scope, step.connectionId)).toMatchObject({
      type: 'awaiting_confirmation',
    })
    await expect(confirmAuthorization(core, 'guessed', 'confirm')).rejects.toMatchObject({
      code: 'state_invalid',
    })
    expect(await confirmAuthorization(core, result.csrf, 'confirm')).toMatchObject({ outcome: 'connected' })
    await expect(confirmAuthorization(core, result.csrf, 'confirm')).rejects.toMatchObject({
      code: 'connection_not_open',
    })
  })

  it('that declines ends the authorization at the platform', async () => {
    const step = await start()
    const result = await completeAuthorization(core, memo.consent(step.authorizationUrl).searchParams, [])
    if (result.outcome !== 'confirm') throw new Error(result.outcome)
    expect(memo.living.size).toBe(2)
    await expect(confirmAuthorization(core, result.csrf, 'decline')).rejects.toMatchObject({
      code: 'authorization_denied',
    })
    expect(memo.requests.at(-1)?.path).toBe('/revoke')
    expect(await stateOf(step.connectionId)).toBe('failed')
    expect(await sealed(step.connectionId)).toBe('0')
  })

  it('whose no comes with its yes ends nothing of an account that was made', async () => {
    // Which of the two is quicker is chance; ten rounds see both.
    for (let round = 0; round < 10; round++) {
      const step = await start()
      const result = await completeAuthorization(core, memo.consent(step.authorizationUrl).searchParams, [])
      if (result.outcome !== 'confirm') throw new Error(result.outcome)
      const before = memo.requests.length
      const [confirmed] = await Promise.allSettled([
        confirmAuthorization(core, result.csrf, 'confirm'),
        confirmAuthorization(core, result.csrf, 'decline'),
      ])
      const isConnected = confirmed?.status === 'fulfilled'
      expect(await stateOf(step.connectionId)).toBe(isConnected ? 'connected' : 'failed')
      expect(memo.requests.slice(before).map(({ path }) => path)).toEqual(isConnected ? [] : ['/revoke'])
    }
  })

  it('that never answers is cleaned up after: ended there, destroyed here', async () => {
    const step = await start()
    await completeAuthorization(core, memo.consent(step.authorizationUrl).searchParams, [])
    expect(await sealed(step.connectionId)).toBe('1')
    clock.advance(601)
    while ((await endStaleConnections(core)).more);
    expect(memo.requests.at(-1)?.path).toBe('/revoke')
    expect(await stateOf(step.connectionId)).toBe('expired')
    expect(await sealed(step.connectionId)).toBe('0')
  })
})

describe('a callback that is not good', () => {
  it.each([
    ['nobody was sent off with', { state: 'made-up', code: 'c' }, 'state_invalid'],
    ['without a state', { code: 'c' }, 'state_invalid'],
  ])('%s is refused', async (_, parameters, code) => {
    await expect(
      completeAuthorization(core, new URLSearchParams(parameters as never), []),
    ).rejects.toMatchObject({ code })
    expect(memo.requests).toEqual([])
  })

  it('that is replayed does nothing twice', async () => {
    const step = await start()
    const cookie = await openBrowser(step)
    const { searchParams } = memo.consent(step.authorizationUrl)
    await completeAuthorization(core, searchParams, [cookie])
    const again = completeAuthorization(core, searchParams, [cookie])
    await expect(again).rejects.toMatchObject({ code: 'connection_not_open' })
    expect(memo.requests).toHaveLength(1)
    expect(await stateOf(step.connectionId)).toBe('connected')
  })

  it('that comes twice at once is taken once', async () => {
    const step = await start()
    const cookie = await openBrowser(step)
    const { searchParams } = memo.consent(step.authorizationUrl)
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => completeAuthorization(core, searchParams, [cookie])),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(memo.requests).toHaveLength(1)
  })

  it('that comes too late is refused', async () => {
    const step = await start()
    clock.advance(601)
    const late = completeAuthorization(core, memo.consent(step.authorizationUrl).searchParams, [])
    await expect(late).rejects.toMatchObject({ code: 'connection_expired' })
    expect(memo.requests).toEqual([])
  })

  it('of a denied consent says so', async () => {
    const step = await start()
    const { searchParams } = memo.consent(step.authorizationUrl, { error: 'access_denied' })
    await expect(completeAuthorization(core, searchParams, [])).rejects.toMatchObject({
      code: 'authorization_denied',
    })
    await expect(getConnectStep(core, scope, step.connectionId)).rejects.toMatchObject({
      code: 'authorization_denied',
    })
  })

  it('of another issuer is not used', async () => {
    await begin({ oauth2: { issuer: '{api}' } })
    for (const iss of [undefined, 'https://evil.example.org']) {
      const step = await start()
      const outcome: Record<string, string> = iss ? { error: 'access_denied', iss } : { code: 'c' }
      const { searchParams } = memo.consent(step.authorizationUrl, outcome)
      await expect(completeAuthorization(core, searchParams, [])).rejects.toMatchObject({
        code: 'issuer_mismatch',
      })
    }
    expect(memo.requests).toEqual([])
    const step = await start()
    const good = memo.consent(step.authorizationUrl)
    good.searchParams.set('iss', 'https://memo.example.org')
    expect(await completeAuthorization(core, good.searchParams, [])).toMatchObject({ outcome: 'confirm' })
  })

  it('with fewer scopes than needed ends the authorization and names them', async () => {
    memo.person.scopes = 'read'
    const step = await start()
    await expect(
      completeAuthorization(core, memo.consent(step.authorizationUrl).searchParams, []),
    ).rejects.toMatchObject({ code: 'missing_permission', nextAction: 'Connect again and grant write.' })
    expect(memo.requests.at(-1)?.path).toBe('/revoke')
  })

  it.each([
    ['no token', { status: 200, body: { token_type: 'Bearer' } }, 'platform_response_invalid'],
    ['a web page', { status: 200, body: 'page' }, 'platform_response_invalid'],
    ['a refused code', { status: 400, body: { error: 'invalid_grant' } }, 'refused_by_platform'],
    ['a refused client', { status: 401, body: { error: 'invalid_client' } }, 'config_invalid'],
    ['its own trouble', { status: 503, body: {} }, 'platform_unavailable'],
  ])('answered with %s fails as what it is', async (_, answer, code) => {
    const step = await start()
    memo.next(() => answer)
    await expect(
      completeAuthorization(core, memo.consent(step.authorizationUrl).searchParams, []),
    ).rejects.toMatchObject({ code })
    expect(await stateOf(step.connectionId)).toBe('failed')
  })

  it('whose exchange never ended is a failure of its own', async () => {
    const step = await start()
    const state = new URL(step.authorizationUrl).searchParams.get('state') ?? ''
    const { digest } = await import('./secret-token.js')
    await core.store.connections.consume(digest(state), clock.now())
    clock.advance(200)
    await expect(getConnectStep(core, scope, step.connectionId)).rejects.toMatchObject({
      code: 'exchange_interrupted',
    })
    while ((await endStaleConnections(core)).more);
    expect(await getConnection(core, scope, step.connectionId)).toMatchObject({
      state: 'failed',
      failureReason: 'exchange_interrupted',
    })
  })
})

describe('a pasted address', () => {
  it('completes the connection of whoever may act in the workspace', async () => {
    const step = await start()
    const back = memo.consent(step.authorizationUrl)
    expect(await completeByPaste(core, scope, step.connectionId, back.href)).toMatchObject({
      type: 'connected',
      accounts: [{ targetId: 'id-ann' }],
    })
  })

  it('of another connection or another workspace is refused', async () => {
    const step = await start()
    const other = await start()
    const back = memo.consent(other.authorizationUrl)
    await expect(completeByPaste(core, scope, step.connectionId, back.href)).rejects.toMatchObject({
      code: 'invalid_request',
    })
    const stranger = await createScope(core)
    await expect(completeByPaste(core, stranger, other.connectionId, back.href)).rejects.toMatchObject({
      code: 'not_found',
    })
    expect(memo.requests).toEqual([])
  })
})

describe('reconnecting', () => {
  it('keeps the id, asks anew, and replaces the tokens', async () => {
    const [account] = await connected()
    const step = isAuthorize(await reconnectAccount(core, scope, account?.id ?? 'acct_x', { fields: {} }))
    expect(new URL(step.authorizationUrl).searchParams.get('prompt')).toBe('consent')
    const cookie = await openBrowser(step)
    await completeAuthorization(core, memo.consent(step.authorizationUrl).searchParams, [cookie])
    const after = await getConnectStep(core, scope, step.connectionId)
    expect(after).toMatchObject({ accounts: [{ id: account?.id, grantId: account?.grantId }] })
  })

  it('with another identity is refused and its authorization ended', async () => {
    const [account] = await connected()
    memo.person.subject = 'bob'
    memo.person.targets = [target('id-bob')]
    const step = isAuthorize(await reconnectAccount(core, scope, account?.id ?? 'acct_x', { fields: {} }))
    const cookie = await openBrowser(step)
    await expect(
      completeAuthorization(core, memo.consent(step.authorizationUrl).searchParams, [cookie]),
    ).rejects.toMatchObject({ code: 'identity_mismatch' })
    expect(memo.requests.at(-1)?.path).toBe('/revoke')
  })

  it('renews the other accounts of the grant, and those not granted any more say so', async () => {
    memo.person.targets = ['p1', 'p2', 'p3'].map(target)
    const first = await start()
    await completeByPaste(core, scope, first.connectionId, memo.consent(first.authorizationUrl).href)
    const chosen = await continueConnection(core, scope, first.connectionId, {
      targetIds: ['p1', 'p2', 'p3'],
    })
    if (chosen.type !== 'connected') throw new Error(chosen.type)
    const [p1] = chosen.accounts
    memo.person.targets = ['p1', 'p2'].map(target)
    const step = isAuthorize(await reconnectAccount(core, scope, p1?.id ?? 'acct_x', { fields: {} }))
    await completeByPaste(core, scope, step.connectionId, memo.consent(step.authorizationUrl).href)
    const accounts = await core.store.accounts.list(scope.workspaceId, { limit: 10 })
    expect(
      Object.fromEntries(accounts.map(({ targetId, health }) => [targetId, [health.status, health.reason]])),
    ).toEqual({
      p1: ['active', null],
      p2: ['active', null],
      p3: ['missing_permission', 'target_not_granted'],
    })
  })
})

it('a disconnect ends the authorization with the client that obtained it', async () => {
  const [account] = await connected()
  const { revocation } = await disconnectAccount(core, scope, account?.id ?? 'acct_x')
  expect(revocation.outcome).toBe('revoked')
  expect(memo.requests.at(-1)).toMatchObject({
    path: '/revoke',
    authorization: expect.stringContaining('Basic '),
  })
})

it('fifty connects at once leave no more accounts than the plan has room for', async () => {
  const small = await createScope(core, { maxAccounts: 15 })
  const results = await Promise.allSettled(
    Array.from({ length: 50 }, async (_, index) => {
      const step = isAuthorize(await connectAccount(core, small, { platform: 'memo', fields: {} }))
      Object.assign(memo.person, { subject: `s${index}`, targets: [target(`t${index}`)] })
      const back = memo.consent(step.authorizationUrl).href
      return completeByPaste(core, small, step.connectionId, back)
    }),
  )
  const accounts = await core.store.accounts.list(small.workspaceId, { limit: 100 })
  expect(accounts).toHaveLength(15)
  const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))
  expect(refused).toEqual(Array(35).fill('plan_limit_reached'))
})
