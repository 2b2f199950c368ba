import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { CoreContext } from '../core-context.js'
import type { HttpClient } from '../http/http-client.js'
import type { Account } from '../model/account.js'
import type { Scope } from '../model/scope.js'
import { openGrant, useGrant } from '../refresh/use-grant.js'
import { createFakeClock, type FakeClock } from '../testing/fake-clock.js'
import { createMemoryOAuth, type MemoryOAuth, memoryOAuthClient } from '../testing/memory-oauth.js'
import { createScope, createTestCore } from '../testing/test-core.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { connectAccount, reconnectAccount } from './connect-account.js'
import { completeByPaste } from './oauth-connection.js'
import { setOwnClient } from './own-client.js'

let database: TestDatabase
let memo: MemoryOAuth
let clock: FakeClock
let core: CoreContext
let scope: Scope
let people = 0
/** What becomes of a revocation before it arrives. */
let onRevocation: (() => Promise<void>) | null
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())
beforeEach(() => begin({}))

async function begin(options: Parameters<typeof createMemoryOAuth>[0]) {
  memo = createMemoryOAuth(options)
  // What a person granted counts in all workspaces.
  memo.person.subject = `ann-${++people}`
  onRevocation = null
  const http: HttpClient = {
    async request(request) {
      if (new URL(request.url).pathname === '/revoke') await onRevocation?.()
      return memo.http.request(request)
    },
    within: () => http,
  }
  clock = createFakeClock()
  core = await createTestCore(database, {
    platforms: [memo],
    clock,
    http,
    clients: { memo: memoryOAuthClient },
  })
  scope = await createScope(core)
}

async function through(step: Awaited<ReturnType<typeof connectAccount>>): Promise<Account> {
  if (step.type !== 'authorize') throw new Error(step.type)
  const back = memo.consent(step.authorizationUrl).href
  const done = await completeByPaste(core, scope, step.connectionId, back)
  const [account] = done.type === 'connected' ? done.accounts : []
  if (!account) throw new Error(done.type)
  return account
}
const connect = async () => through(await connectAccount(core, scope, { platform: 'memo', fields: {} }))
const reconnect = async ({ id }: Account) => through(await reconnectAccount(core, scope, id, { fields: {} }))
const tokensOf = async ({ grantId }: Account) =>
  (await openGrant(core, scope.workspaceId, grantId ?? 'grant_')).access.tokens
const ended = () =>
  memo.requests.filter(({ path }) => path === '/revoke').map(({ form }) => form.get('token'))

describe('a reconnect', () => {
  it('ends the session it replaced, after the new one is saved', async () => {
    const account = await connect()
    const before = await tokensOf(account)
    const saved: string[] = []
    onRevocation = async () => void saved.push((await tokensOf(account)).accessToken)
    const after = await tokensOf(await reconnect(account))
    expect(ended()).toEqual([before.refreshToken])
    expect(saved).toEqual([after.accessToken])
    expect(memo.living.has(after.refreshToken ?? '')).toBe(true)
  })

  it('that begins as a new connection does so as well', async () => {
    const before = await tokensOf(await connect())
    await connect()
    expect(ended()).toEqual([before.refreshToken])
  })

  it('is done although the platform does not end the old one', async () => {
    const account = await connect()
    onRevocation = async () => {
      throw new Error('no route')
    }
    expect((await reconnect(account)).id).toBe(account.id)
  })

  it('ends nothing where that would end everything the person granted', async () => {
    await begin({ tokens: { revocationScope: 'subject' } })
    await reconnect(await connect())
    expect(ended()).toEqual([])
  })

  it('ends nothing there either when the new consent was given to another application', async () => {
    await begin({ tokens: { revocationScope: 'subject' } })
    const account = await connect()
    await setOwnClient(core, scope, 'memo', { fields: { clientId: 'own', clientSecret: 'own-secret' } })
    await reconnect(account)
    expect(ended()).toEqual([])
  })

  it.each([
    ['refresh token', { refresh_token: 'refresh-same' }],
    ['access token', { access_token: 'access-same' }],
  ])('ends nothing where the platform gave the same %s again', async (_, same) => {
    const answer = (number: number) => () => ({
      status: 200,
      body: {
        access_token: `access-${number}`,
        refresh_token: `refresh-${number}`,
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'read write',
        ...same,
      },
    })
    memo.next(answer(1))
    const account = await connect()
    memo.next(answer(2))
    await reconnect(account)
    expect(ended()).toEqual([])
  })

  it('ends what a refresh has made of the old session', async () => {
    const account = await connect()
    clock.advance(3600)
    const { access } = await useGrant(core, scope.workspaceId, account.grantId ?? 'grant_')
    await reconnect(account)
    expect(ended()).toEqual([access.tokens.refreshToken])
  })

  it('over tokens that cannot be opened ends nothing, and is done', async () => {
    const account = await connect()
    await database.query('update credentials set sealed = $1 where owner_id = $2', [
      Buffer.from('damaged'),
      account.grantId,
    ])
    expect((await reconnect(account)).id).toBe(account.id)
    expect(ended()).toEqual([])
  })
})
