import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { isInBrowser, PostMcp } from '../index.js'
import { answer, problem, type Scripted, scriptedFetch } from '../testing/scripted-fetch.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const connection = (state: string, type: string | null, failureReason: string | null = null) =>
  answer({ id: 'conn_1', state, failureReason, step: type === null ? null : { type } })
const pending = () => connection('pending', 'authorize')
const sent = async (call: (client: PostMcp) => Promise<unknown>) => {
  const { fetch, requests } = scriptedFetch(answer({}))
  await call(new PostMcp({ fetch }))
  const [request] = requests
  return { path: new URL(request!.url).pathname, body: await request!.json() }
}

test('a connect carries the way, the fields and where the browser comes back to', async () => {
  const request = {
    platform: 'mastodon',
    method: 'oauth2' as const,
    fields: { instance: 'mastodon.social' },
    redirectUri: 'https://post.example.org/accounts/oauth/callback',
  }
  expect(await sent((client) => client.accounts.connect(request))).toEqual({
    path: '/accounts/connect',
    body: request,
  })
})

test('so does a reconnect, and leaves out what is not known', async () => {
  expect(
    await sent((client) => client.accounts.reconnect('acct_1', { fields: { a: 'b' }, method: undefined })),
  ).toEqual({ path: '/accounts/acct_1/reconnect', body: { fields: { a: 'b' } } })
})

test.each([
  [{ fields: { appPassword: 'x' } }],
  [{ targetIds: ['1'] }],
  [{ refreshTargets: true as const }],
  [{ callbackUrl: 'https://a.test/?code=1' }],
])('a connection is given %j', async (input) => {
  expect(await sent((client) => client.connections.continue('conn_1', input))).toEqual({
    path: '/connections/conn_1',
    body: input,
  })
})

describe('waiting for the browser', () => {
  async function wait(options: { timeoutMs?: number }, ...script: Scripted[]) {
    const { fetch, requests } = scriptedFetch(...script)
    const seen: (string | undefined)[] = []
    const started = Date.now()
    const waiting = new PostMcp({ fetch }).connections.waitUntilSettled('conn_1', {
      ...options,
      onUpdate: ({ step }) => seen.push(step?.type),
    })
    const settled = waiting.then(
      (result) => ({ result, error: undefined }),
      (error: unknown) => ({ result: undefined, error }),
    )
    await vi.runAllTimersAsync()
    return { ...(await settled), seen, requests, waitedMs: Date.now() - started }
  }

  test('tells each step once, and looks every second and a half', async () => {
    const { result, seen, waitedMs } = await wait(
      {},
      pending(),
      pending(),
      connection('awaiting_confirmation', 'awaiting_confirmation'),
      connection('connected', 'connected'),
    )
    expect(seen).toEqual(['authorize', 'awaiting_confirmation', 'connected'])
    expect(result).toMatchObject({ state: 'connected' })
    expect(waitedMs).toBe(4500)
  })

  test.each([
    ['a choice that has to be made', 'selecting_targets', 'select_targets'],
    ['something that has to be typed', 'pending', 'input_required'],
    ['a failure', 'failed', null],
    ['its end', 'expired', null],
  ])('ends with %s', async (_, state, type) => {
    const { result, requests } = await wait({}, connection(state, type))
    expect(result).toMatchObject({ state })
    expect(isInBrowser(result!)).toBe(false)
    expect(requests).toHaveLength(1)
  })

  test('gives the connection as it stands when the time is over', async () => {
    const { result, waitedMs } = await wait({ timeoutMs: 4000 }, ...Array.from({ length: 9 }, pending))
    expect(isInBrowser(result!)).toBe(true)
    expect(waitedMs).toBe(4000)
  })

  test('looks again when it met the moment between two steps', async () => {
    const { result } = await wait(
      {},
      pending(),
      problem('connection_not_open', 409),
      connection('connected', 'connected'),
    )
    expect(result).toMatchObject({ state: 'connected' })
  })

  test('tells what a connection failed for', async () => {
    const { error } = await wait({}, pending(), problem('authorization_denied', 422))
    expect(error).toMatchObject({ code: 'authorization_denied' })
  })

  test('stops when it is told to', async () => {
    const { fetch } = scriptedFetch(...Array.from({ length: 9 }, pending))
    const stop = new AbortController()
    const waiting = new PostMcp({ fetch }).connections.waitUntilSettled('conn_1', { signal: stop.signal })
    const refused = expect(waiting).rejects.toThrow('enough')
    await vi.advanceTimersByTimeAsync(2000)
    stop.abort(new Error('enough'))
    await refused
  })
})
