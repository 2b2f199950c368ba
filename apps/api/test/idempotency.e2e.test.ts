import { type ProxiedTestPds, startTestPds } from '@postmcp/tooling/test-servers/pds'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Answer, type Client, clientOfServer } from './support/client.js'
import {
  type ConnectedAccount,
  connectNew,
  openTestInstallation,
  platformEnv,
  type TestInstallation,
} from './support/installation.js'
import { killAll, startServer } from './support/processes.js'
import { until } from './support/until.js'

const put = 'com.atproto.repo.putRecord'
const login = 'com.atproto.server.createSession'

let pds: ProxiedTestPds
let product: TestInstallation
let account: ConnectedAccount
/** The API of another process on the same database, with the worker. */
let server: Client

beforeAll(async () => {
  pds = await startTestPds({ withProxy: true })
  product = await openTestInstallation(platformEnv(pds))
  account = await connectNew(product, pds)
  server = clientOfServer((await startServer('all', product.env)).url ?? '', product.apiKey)
}, 60_000)
afterAll(async () => {
  await killAll()
  await product?.close()
  await pds?.close()
})

const draft = (text: string) => ({ content: { text }, targets: [{ accountId: account.id }] })

/** The same request so many times at once, by way of both processes. */
const atOnce = (times: number, send: (client: Client) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(Array.from({ length: times }, (_, i) => send(i % 2 === 0 ? product : server)))

/** What a client does that gets 409: the same again, a little later. */
const untilDone = (send: (client: Client) => Promise<Answer>) =>
  until('the first request is done', async () => {
    const answer = await send(server)
    return answer.status !== 409 && answer
  })

/** Each was either told the result or that the first one is still running. */
function expectOneResult(answers: Answer[], status: number, idOf: (body: Answer['body']) => string): string {
  const [done, others] = [
    answers.filter((each) => each.status === status),
    answers.filter((each) => each.status !== status),
  ]
  for (const { body } of others) expect(body).toMatchObject({ status: 409, code: 'idempotency_in_progress' })
  const ids = new Set(done.map(({ body }) => idOf(body)))
  expect(ids.size).toBe(1)
  const [id = ''] = ids
  return id
}

it('makes one group and one record of twenty requests at once, and gives the group again later', async () => {
  const create = (client: Client) =>
    client.call('POST', '/post-groups', draft('twenty at once'), { idempotencyKey: 'twenty' })
  const id = expectOneResult(await atOnce(20, create), 201, ({ id }) => id)
  expect((await untilDone(create)).body.id).toBe(id)
  await until(
    'it is published',
    async () => (await server.ok('GET', `/post-groups/${id}`)).status === 'published',
  )
  const replayed = await create(product)
  expect(replayed).toMatchObject({ status: 201, body: { id, status: 'published' } })
  expect(await pds.listPosts(account.at.did)).toHaveLength(1)
  expect(pds.proxy.count(put).received).toBe(1)
  const counts = await product.database.countRows()
  expect(counts).toMatchObject({ post_groups: 1, posts: 1, attempts: 1, idempotency_keys: 1 })
})

it('makes as many groups of requests with keys of their own as there are keys', async () => {
  const before = (await product.database.countRows()).post_groups ?? 0
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, i) =>
      (i % 2 ? product : server).call('POST', '/post-groups', draft(`own key ${i}`), {
        idempotencyKey: `own ${i}`,
      }),
    ),
  )
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(6)
  expect((await product.database.countRows()).post_groups).toBe(before + 6)
  await until('all are published', async () => (await pds.listPosts(account.at.did)).length === before + 6)
  const isPublished = ({ status }: { status: string }) => status === 'published'
  await until('all are saved', async () => (await server.ok('GET', '/post-groups')).data.every(isPublished))
})

it('refuses another request under the same key, before and after the first one is done, and does nothing', async () => {
  const before = await product.database.countRows()
  for (const [method, path, body] of [
    ['POST', '/post-groups', draft('something else')],
    ['POST', '/accounts/connect', { platform: 'bluesky', fields: {} }],
  ] as const) {
    const answer = await server.call(method, path, body, { idempotencyKey: 'twenty' })
    expect(answer).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } })
  }
  expect(await product.database.countRows()).toEqual(before)
})

it('lets a request that failed be corrected under the same key', async () => {
  const refused = await server.call('POST', '/post-groups', draft('x'.repeat(301)), {
    idempotencyKey: 'corrected',
  })
  expect(refused).toMatchObject({ status: 422, body: { code: 'validation_failed' } })
  const done = await server.call('POST', '/post-groups', draft('short'), { idempotencyKey: 'corrected' })
  expect(done.status).toBe(201)
})

it('logs in once for five connects at once, and gives the account again later', async () => {
  const at = await pds.createAccount()
  const appPassword = (await pds.createAppPassword(at)).password
  pds.proxy.forget()
  const connect = (client: Client) =>
    client.call(
      'POST',
      '/accounts/connect',
      { platform: 'bluesky', fields: { identifier: at.handle, appPassword } },
      { idempotencyKey: 'connect' },
    )
  const answers = await atOnce(5, connect)
  const id = expectOneResult(answers, 200, ({ accounts }) => accounts[0].id)
  const replayed = await untilDone(connect)
  expect(replayed.body).toMatchObject({ type: 'connected', accounts: [{ id }] })
  expect(pds.proxy.count(login).received).toBe(1)
})

it('retries a failed post once for many requests at once', async () => {
  const refused = pds.proxy.respond(put, { status: 400, body: { error: 'InvalidRequest', message: 'no' } })
  const group = await server.ok('POST', '/post-groups', draft('retried'))
  const failed = async () => (await server.ok('GET', `/post-groups/${group.id}`)).status === 'failed'
  await until('it has failed', failed)
  expect(refused.hits).toBe(1)
  pds.proxy.forget()
  const retry = (client: Client) =>
    client.call('POST', `/post-groups/${group.id}/retry`, undefined, { idempotencyKey: 'retry' })
  expectOneResult(await atOnce(8, retry), 200, ({ id }) => id)
  await until(
    'it is published',
    async () => (await server.ok('GET', `/post-groups/${group.id}`)).status === 'published',
  )
  await untilDone(retry)
  expect((await pds.listPosts(account.at.did)).filter(({ value }) => value.text === 'retried')).toHaveLength(
    1,
  )
  expect(pds.proxy.count(put).received).toBe(1)
})
