import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PostMcp } from './index.js'
import { answer, problem, type Scripted, scriptedFetch } from './testing/scripted-fetch.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const lost = () => new TypeError('fetch failed')
const draft = { content: { text: 'Hi' }, targets: [{ accountId: 'acct_1' }] }

/** Runs a call against a script, with the clock running as fast as it may. */
async function play<T>(call: (client: PostMcp) => Promise<T>, ...script: Scripted[]) {
  const { fetch, requests } = scriptedFetch(...script)
  const started = Date.now()
  const settled = call(new PostMcp({ fetch })).then(
    (result) => ({ result, error: undefined }),
    (error: unknown) => ({ result: undefined, error }),
  )
  await vi.runAllTimersAsync()
  return { ...(await settled), requests, waitedMs: Date.now() - started }
}

const keysOf = (requests: Request[]) => requests.map((request) => request.headers.get('idempotency-key'))

test('a keyed call is repeated with the same key after a lost answer', async () => {
  const { result, requests } = await play(
    (client) => client.postGroups.create(draft),
    lost(),
    answer({ id: 'pg_1' }, 201),
  )
  expect(result).toEqual({ id: 'pg_1' })
  const [first, second] = keysOf(requests)
  expect(first).toMatch(/^[0-9a-f-]{36}$/)
  expect(second).toBe(first)
  expect(await requests[1]!.json()).toEqual(draft)
})

test.each<[string, (client: PostMcp) => Promise<unknown>]>([
  ['connect', (client) => client.accounts.connect({ platform: 'bluesky' }, { idempotencyKey: 'mine' })],
  ['reconnect', (client) => client.accounts.reconnect('acct_1', {}, { idempotencyKey: 'mine' })],
  ['create', (client) => client.postGroups.create(draft, { idempotencyKey: 'mine' })],
  ['retry', (client) => client.postGroups.retry('pg_1', { idempotencyKey: 'mine' })],
])('%s takes a key of the caller', async (_, call) => {
  const { requests } = await play(call, answer({}))
  expect(keysOf(requests)).toEqual(['mine'])
})

test('two calls have two keys', async () => {
  const { requests } = await play(
    (client) => client.postGroups.retry('pg_1').then(() => client.postGroups.retry('pg_1')),
    answer({}),
    answer({}),
  )
  expect(new Set(keysOf(requests)).size).toBe(2)
})

test.each<[string, (client: PostMcp) => Promise<unknown>]>([
  ['a disconnect', (client) => client.accounts.disconnect('acct_1')],
  ['the making of an API key', (client) => client.apiKeys.create({ name: 'x' })],
  ['a resolve', (client) => client.posts.resolve('post_1', 'failed')],
  ['the answer to a connection', (client) => client.connections.continue('conn_1', { targetIds: ['x'] })],
])('%s is not repeated', async (_, call) => {
  const { error, requests } = await play(call, lost())
  expect(error).toMatchObject({
    code: 'server_unreachable',
    nextAction: expect.stringContaining('postmcp serve'),
  })
  expect(requests).toHaveLength(1)
})

test.each([408, 429, 502, 503, 504])('status %i is repeated twice and then told', async (status) => {
  const { error, requests, waitedMs } = await play(
    (client) => client.workspace.get(),
    ...[1, 2, 3].map(() => problem('database_unavailable', status)),
  )
  expect(error).toMatchObject({ status })
  expect(requests).toHaveLength(3)
  expect(waitedMs).toBeGreaterThan(500)
  expect(waitedMs).toBeLessThan(2000)
})

test.each([400, 401, 404, 409, 422, 500])('status %i is told at once', async (status) => {
  const { error, requests } = await play((client) => client.workspace.get(), problem('not_found', status))
  expect(error).toMatchObject({ status })
  expect(requests).toHaveLength(1)
})

test('an answer of the platform is told at once: a repetition would be another login there', async () => {
  const { error, requests } = await play(
    (client) => client.accounts.connect({ platform: 'bluesky' }),
    problem('platform_unavailable', 503, { platform: 'bluesky' }),
  )
  expect(error).toMatchObject({ code: 'platform_unavailable' })
  expect(requests).toHaveLength(1)
})

test('waits as long as the server asks', async () => {
  const busy = answer({ code: 'rate_limited', detail: 'Busy.', nextAction: 'Wait.' }, 429, {
    'retry-after': '7',
  })
  const { result, waitedMs } = await play((client) => client.workspace.get(), busy, answer({ id: 'ws_1' }))
  expect(result).toEqual({ id: 'ws_1' })
  expect(waitedMs).toBe(7000)
})

test('leaves a long wait to the caller', async () => {
  const busy = answer({ code: 'rate_limited', detail: 'Busy.', nextAction: 'Wait.' }, 429, {
    'retry-after': '3600',
  })
  const { error, requests } = await play((client) => client.workspace.get(), busy)
  expect(requests).toHaveLength(1)
  expect(error).toMatchObject({ code: 'rate_limited', retryAfter: expect.any(Date) })
})

test('waits for a first request with the same key, longer than it would repeat', async () => {
  const running = () => problem('idempotency_in_progress', 409)
  const script = Array.from({ length: 20 }, running)
  const { result, requests } = await play(
    (client) => client.postGroups.retry('pg_1'),
    ...script,
    answer({ id: 'pg_1' }),
  )
  expect(result).toEqual({ id: 'pg_1' })
  expect(new Set(keysOf(requests)).size).toBe(1)
})

test('gives a silent server up in time, and says whether it may have acted', async () => {
  const { error, waitedMs } = await play(
    (client) => client.accounts.disconnect('acct_1', { timeoutMs: 3000 }),
    'silence',
  )
  expect(waitedMs).toBe(3000)
  expect(error).toMatchObject({
    code: 'request_timeout',
    nextAction: 'Look whether it was done, then try again.',
  })
})

test('an aborted call ends with the reason, and is not repeated', async () => {
  const stop = new AbortController()
  const { fetch, requests } = scriptedFetch('silence')
  const client = new PostMcp({ fetch, signal: stop.signal })
  const call = client.workspace.get()
  stop.abort(new Error('enough'))
  await expect(call).rejects.toThrow('enough')
  await expect(client.workspace.get()).rejects.toThrow('enough')
  expect(requests).toHaveLength(1)
})
