import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { CoreContext } from '../core-context.js'
import type { ConnectStep } from '../model/connection.js'
import type { Scope } from '../model/scope.js'
import type { Store } from '../store/store.js'
import { createFakeClock } from '../testing/fake-clock.js'
import { createMemoryOAuth, type MemoryOAuth, memoryOAuthClient } from '../testing/memory-oauth.js'
import { createScope, createTestCore } from '../testing/test-core.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { connectAccount } from './connect-account.js'
import { completeByPaste } from './oauth-connection.js'
import { setOwnClient } from './own-client.js'

const fields = { clientId: 'own-client', clientSecret: 'own-secret' }
const endpoints = { api: 'https://own.example.net' }

let database: TestDatabase
let memo: MemoryOAuth
let core: CoreContext
let scope: Scope
/** Happens before the store is next asked which application a workspace has. */
let meanwhile: (() => Promise<unknown>) | undefined
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())
beforeEach(async () => {
  memo = createMemoryOAuth()
  core = await createTestCore(database, {
    platforms: [memo],
    clock: createFakeClock(),
    http: memo.http,
    clients: { memo: memoryOAuthClient },
    wrapStore: interrupted,
  })
  scope = await createScope(core)
})

/** Lets something happen right after each look at a workspace's application. */
const interrupted = (store: Store): Store => ({
  ...store,
  transaction: (work) => store.transaction(work),
  oauthClients: {
    ...store.oauthClients,
    async list(...args) {
      const found = await store.oauthClients.list(...args)
      const act = meanwhile
      meanwhile = undefined
      await act?.()
      return found
    },
  },
})

const begin = async () => {
  const step = await connectAccount(core, scope, { platform: 'memo', fields: {} })
  if (step.type !== 'authorize') throw new Error(`The step is ${step.type}.`)
  return step
}
const addressOf = ({ authorizationUrl }: ConnectStep & { type: 'authorize' }) => {
  const { origin, searchParams } = new URL(authorizationUrl)
  const redirectUri = new URL(searchParams.get('redirect_uri') ?? '')
  return { origin, clientId: searchParams.get('client_id'), server: redirectUri.searchParams.get('server') }
}

it('an application that is set while somebody is being sent off is not mixed with the one before', async () => {
  meanwhile = () => setOwnClient(core, scope, 'memo', { fields, endpoints })
  const step = await begin()
  expect(addressOf(step)).toMatchObject({ origin: 'https://memo.example.org', clientId: 'client-1' })
  const back = memo.consent(step.authorizationUrl)
  expect(await completeByPaste(core, scope, step.connectionId, back.href)).toMatchObject({
    type: 'connected',
  })
  // The code of the operator's platform, with its verifier, went there, and with the operator's secret.
  expect(memo.requests).toMatchObject([
    { path: '/token', authorization: `Basic ${btoa('client-1:secret-of-client-1')}` },
  ])
})

describe('the address to come back to', () => {
  it('names the application where its addresses are those of the workspace, and is needed then', async () => {
    await setOwnClient(core, scope, 'memo', { fields, endpoints })
    const step = await begin()
    expect(addressOf(step)).toEqual({
      origin: 'https://own.example.net',
      clientId: 'own-client',
      server: expect.stringMatching(/^[\w-]{16}$/),
    })
    for (const server of [undefined, 'another', 'twice']) {
      const attempt = await begin()
      const back = memo.consent(attempt.authorizationUrl)
      if (server === 'twice') back.searchParams.append('server', addressOf(attempt).server ?? '')
      else if (server === undefined) back.searchParams.delete('server')
      else back.searchParams.set('server', server)
      await expect(completeByPaste(core, scope, attempt.connectionId, back.href)).rejects.toMatchObject({
        code: 'issuer_mismatch',
      })
    }
    expect(memo.requests).toEqual([])
    const back = memo.consent(step.authorizationUrl)
    expect(await completeByPaste(core, scope, step.connectionId, back.href)).toMatchObject({
      type: 'connected',
    })
  })

  it("is our own as it is where the application is the workspace's at the operator's addresses", async () => {
    await setOwnClient(core, scope, 'memo', { fields })
    expect(addressOf(await begin())).toEqual({
      origin: 'https://memo.example.org',
      clientId: 'own-client',
      server: null,
    })
  })
})

it.each(['code', 'error', 'iss'])('an answer with more than one %s is not used', async (name) => {
  const step = await begin()
  const back = memo.consent(step.authorizationUrl)
  for (const value of ['one', 'two']) back.searchParams.append(name, value)
  await expect(completeByPaste(core, scope, step.connectionId, back.href)).rejects.toMatchObject({
    code: 'authorization_failed',
    message: `The browser came back with more than one ${name}.`,
  })
  expect(memo.requests).toEqual([])
})
