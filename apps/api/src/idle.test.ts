import type { Connection, Post, Scope, Store } from '@postmcp/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { RequestClock, untilIdle } from './idle.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const owner = { workspaceId: 'ws_1', actor: 'local' } as Scope
const request = (path: string) => new Request(`http://127.0.0.1:4477${path}`)
const answer = async () => new Response()

/** A store with these open connections and posts; tests change them. */
function storeOf(content: { connections: Partial<Connection>[]; posts: Partial<Post>[] }): Store {
  const store = {
    connections: { listStale: async () => content.connections as Connection[] },
    postGroups: { list: async () => [{ id: 'pg_1' }] },
    posts: { listByGroups: async () => content.posts as Post[] },
  }
  return store as unknown as Store
}

function watch(store: Store) {
  const clock = new RequestClock()
  const stop = new AbortController()
  const ended = { at: null as number | null }
  const started = Date.now()
  void untilIdle({ store, owner, clock }, 10_000, stop.signal).then(() => {
    ended.at = Date.now() - started
  })
  return { clock, stop, ended }
}

test('ends when nobody has asked for anything for so long', async () => {
  const { clock, ended } = watch(storeOf({ connections: [], posts: [{ state: 'published' }] }))
  await vi.advanceTimersByTimeAsync(6000)
  await clock.counted(request('/accounts'), answer)
  await vi.advanceTimersByTimeAsync(9000)
  expect(ended.at).toBeNull()
  await vi.advanceTimersByTimeAsync(1000)
  expect(ended.at).toBe(16_000)
})

test('a question whether it lives keeps nothing alive', async () => {
  const { clock, ended } = watch(storeOf({ connections: [], posts: [] }))
  await vi.advanceTimersByTimeAsync(9000)
  await clock.counted(request('/healthz?challenge=x'), answer)
  await vi.advanceTimersByTimeAsync(1000)
  expect(ended.at).toBe(10_000)
})

test('does not end while a request is under way', async () => {
  const { clock, ended } = watch(storeOf({ connections: [], posts: [] }))
  let finish = (_: Response) => {}
  const slow = clock.counted(request('/media'), () => new Promise((resolve) => (finish = resolve)))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(ended.at).toBeNull()
  finish(new Response())
  await slow
  await vi.advanceTimersByTimeAsync(20_000)
  expect(ended.at).not.toBeNull()
})

test.each([
  ['a connection is open', { connections: [{ id: 'conn_1' as const }], posts: [] }],
  ['a post is in the queue', { connections: [], posts: [{ state: 'queued' as const }] }],
])('does not end while %s', async (_, content) => {
  const { ended } = watch(storeOf(content))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(ended.at).toBeNull()
  content.connections = []
  content.posts = []
  await vi.advanceTimersByTimeAsync(10_000)
  expect(ended.at).not.toBeNull()
})

test('ends at once when it is told to', async () => {
  const { stop, ended } = watch(storeOf({ connections: [], posts: [] }))
  stop.abort()
  await vi.advanceTimersByTimeAsync(0)
  expect(ended.at).toBe(0)
})

test('ends although the database is gone for good, but not for one question without an answer', async () => {
  const store = storeOf({ connections: [], posts: [{ state: 'queued' }] })
  const ask = store.connections.listStale
  store.connections.listStale = () => Promise.reject(new Error('gone'))
  const { ended } = watch(store)
  await vi.advanceTimersByTimeAsync(11_000)
  store.connections.listStale = ask
  await vi.advanceTimersByTimeAsync(20_000)
  expect(ended.at).toBeNull()
  store.connections.listStale = () => Promise.reject(new Error('gone'))
  await vi.advanceTimersByTimeAsync(20_000)
  expect(ended.at).toBe(50_000)
})
