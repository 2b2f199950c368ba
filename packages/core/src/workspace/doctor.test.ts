import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { connectAccount } from '../connect/connect-account.js'
import { completeByPaste } from '../connect/oauth-connection.js'
import { getOwnClient, removeOwnClient, setOwnClient } from '../connect/own-client.js'
import type { CoreContext } from '../core-context.js'
import type { HttpClient } from '../http/http-client.js'
import type { Scope } from '../model/scope.js'
import { createFakeClock } from '../testing/fake-clock.js'
import { createMemoryOAuth, type MemoryOAuth, memoryOAuthClient } from '../testing/memory-oauth.js'
import { createScope, createTestCore } from '../testing/test-core.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { diagnose } from './doctor.js'
import { createWorkspace } from './workspaces.js'

let database: TestDatabase
let memo: MemoryOAuth
let core: CoreContext
let scope: Scope
const asked: string[] = []
/** What the answers say of the time. */
let date: Date | null

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())
beforeEach(() => begin({ memo: memoryOAuthClient }))

async function begin(clients: Record<string, typeof memoryOAuthClient>) {
  memo = createMemoryOAuth()
  date = null
  asked.length = 0
  const clock = createFakeClock()
  const http: HttpClient = {
    async request(request) {
      asked.push(`${new URL(request.url).origin} ${request.headers?.authorization ?? ''}`)
      const answer = await memo.http.request(request)
      if (date) answer.headers.set('date', date.toUTCString())
      return answer
    },
    within: () => http,
  }
  core = await createTestCore(database, { platforms: [memo], clock, http, clients })
  scope = await createScope(core)
}

const found = async () =>
  Object.fromEntries((await diagnose(core, scope, 'memo')).map(({ check, status }) => [check, status]))

async function connect() {
  const step = await connectAccount(core, scope, { platform: 'memo', fields: {} })
  if (step.type !== 'authorize') throw new Error(step.type)
  return completeByPaste(core, scope, step.connectionId, memo.consent(step.authorizationUrl).href)
}

describe('the doctor', () => {
  it('says why a platform cannot be looked at, and goes on with the others', async () => {
    core = { ...core, environments: { ...core.environments, sandbox: null } }
    const { id } = await createWorkspace(core, { name: 'Sandbox', mode: 'sandbox', maxAccounts: null })
    expect(await diagnose(core, { workspaceId: id, actor: 'local' }, 'memo')).toMatchObject([
      { check: 'application', status: 'error', way: null, message: expect.stringContaining('sandbox') },
    ])
  })

  it('does not tell what broke inside', async () => {
    core = {
      ...core,
      store: {
        ...core.store,
        oauthClients: {
          ...core.store.oauthClients,
          list: async () => {
            throw new Error('secret inside')
          },
        },
      },
    }
    expect(await diagnose(core, scope, 'memo')).toMatchObject([
      { check: 'application', status: 'error', message: 'It could not be looked at.' },
    ])
  })

  it('says which variables to set where there is no application', async () => {
    await begin({})
    expect(await diagnose(core, scope, 'memo')).toMatchObject([
      { check: 'application', status: 'warning', fix: expect.stringContaining('POSTMCP_MEMO_CLIENT_SECRET') },
    ])
  })

  it('finds an application that works, without using anything up', async () => {
    memo.next(() => ({ status: 400, body: { error: 'invalid_grant' } }))
    expect(await found()).toEqual({ redirect_address: 'ok', reachable: 'ok', application: 'ok' })
    expect(memo.requests).toMatchObject([{ path: '/token' }])
  })

  it('finds one that the platform does not accept', async () => {
    memo.next(() => ({ status: 401, body: { error: 'invalid_client' } }))
    expect(await found()).toMatchObject({ application: 'error' })
  })

  it('finds a platform that is away, and says nothing of the application', async () => {
    memo.next(() => ({ status: 503, body: {} }))
    expect(await found()).toEqual({ redirect_address: 'ok', reachable: 'error' })
  })

  it('finds a clock that is ten minutes off', async () => {
    date = new Date(core.clock.now().getTime() - 600_000)
    memo.next(() => ({ status: 400, body: { error: 'invalid_grant' } }))
    expect(await diagnose(core, scope, 'memo')).toContainEqual(
      expect.objectContaining({
        check: 'clock',
        status: 'warning',
        // A date header has no fractions of a second.
        message: expect.stringMatching(/^The clock of this machine is 60[01] s ahead of that of Memo\.$/),
      }),
    )
  })

  it('says how the accounts are, and what they lack', async () => {
    await connect()
    memo.next(() => ({ status: 400, body: { error: 'invalid_grant' } }))
    expect(await found()).toMatchObject({ account: 'ok' })
    await database.query("update grants set granted_scopes = '{read}' where workspace_id = $1", [
      scope.workspaceId,
    ])
    memo.next(() => ({ status: 400, body: { error: 'invalid_grant' } }))
    expect(await diagnose(core, scope, 'memo')).toContainEqual(
      expect.objectContaining({ check: 'account', status: 'warning', fix: 'Reconnect it and grant write.' }),
    )
  })
})

describe("a workspace's own application", () => {
  const own = { fields: { clientId: 'own-1', clientSecret: 'secret-of-own-1' } }

  it('is used for new connections, at its own addresses, which never see the secrets of the operator', async () => {
    await setOwnClient(core, scope, 'memo', { ...own, endpoints: { api: 'https://own.example.org' } })
    const step = await connectAccount(core, scope, { platform: 'memo', fields: {} })
    expect(step).toMatchObject({
      authorizationUrl: expect.stringContaining('https://own.example.org/authorize?'),
    })
    if (step.type !== 'authorize') throw new Error(step.type)
    await completeByPaste(core, scope, step.connectionId, memo.consent(step.authorizationUrl).href)
    expect(asked).toEqual([`https://own.example.org Basic ${btoa('own-1:secret-of-own-1')}`])
  })

  it('does not touch grants that were obtained before, nor the other way round', async () => {
    await connect()
    await setOwnClient(core, scope, 'memo', { ...own, endpoints: { api: 'https://own.example.org' } })
    const { useGrant } = await import('../refresh/use-grant.js')
    const [grant] = await core.store.grants
      .listBySubject('memo', 'ann')
      .then((all) => all.filter(({ workspaceId }) => workspaceId === scope.workspaceId))
    if (!grant) throw new Error('There is no grant.')
    asked.length = 0
    await useGrant(core, scope.workspaceId, grant.id, { kind: 'proof', sinceVersion: grant.version })
    expect(asked).toEqual([`https://memo.example.org Basic ${btoa('client-1:secret-of-client-1')}`])
  })

  it('is listed without secrets, can be replaced and given up', async () => {
    await setOwnClient(core, scope, 'memo', own)
    await setOwnClient(core, scope, 'memo', { fields: { clientId: 'own-2', clientSecret: 's' } })
    expect(await getOwnClient(core, scope, 'memo')).toMatchObject({ clientId: 'own-2' })
    expect(JSON.stringify(await getOwnClient(core, scope, 'memo'))).not.toContain('secret')
    await removeOwnClient(core, scope, 'memo')
    expect(await getOwnClient(core, scope, 'memo')).toBeUndefined()
  })

  it('that is not complete is refused with every reason', async () => {
    await expect(
      setOwnClient(core, scope, 'memo', {
        fields: { clientId: 'x', color: 'red' },
        endpoints: { api: 'ftp://x' },
      }),
    ).rejects.toMatchObject({
      code: 'invalid_request',
      issues: [{ field: 'fields.clientSecret' }, { field: 'fields.color' }, { field: 'endpoints.api' }],
    })
  })
})
