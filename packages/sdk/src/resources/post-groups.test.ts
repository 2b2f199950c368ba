import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { isFinal, PostMcp } from '../index.js'
import { answer, scriptedFetch } from '../testing/scripted-fetch.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const group = (state: string, nextTryAt: string | null = null) =>
  answer({ id: 'pg_1', posts: [{ id: 'post_1', state, nextTryAt }] })
const later = '2026-11-22T12:00:00.000Z'

test.each([
  ['published', null, true],
  ['failed', null, true],
  ['cancelled', null, true],
  ['unknown', null, true],
  ['unknown', later, false],
  ['queued', later, false],
  ['publishing', later, false],
] as const)('a post that is %s with next try at %s: final is %s', (state, nextTryAt, expected) => {
  expect(isFinal({ state, nextTryAt })).toBe(expected)
})

test('waits until every post is final, and tells each change once', async () => {
  const { fetch, requests } = scriptedFetch(
    group('queued', later),
    group('queued', later),
    group('publishing', later),
    group('published'),
  )
  const seen: string[] = []
  const waiting = new PostMcp({ fetch }).postGroups.waitUntilFinal('pg_1', {
    onUpdate: ({ posts }) => seen.push(posts[0]!.state),
  })
  await vi.runAllTimersAsync()
  expect((await waiting).posts[0]!.state).toBe('published')
  expect(seen).toEqual(['queued', 'publishing', 'published'])
  expect(requests).toHaveLength(4)
})

test('gives the group as it stands when the time is over', async () => {
  const { fetch } = scriptedFetch(...Array.from({ length: 50 }, () => group('queued', later)))
  const started = Date.now()
  const waiting = new PostMcp({ fetch }).postGroups.waitUntilFinal('pg_1', { timeoutMs: 5000 })
  await vi.runAllTimersAsync()
  expect((await waiting).posts[0]!.state).toBe('queued')
  expect(Date.now() - started).toBe(5000)
})

test('stops waiting when it is told to', async () => {
  const { fetch } = scriptedFetch(...Array.from({ length: 50 }, () => group('queued', later)))
  const stop = new AbortController()
  const waiting = new PostMcp({ fetch }).postGroups.waitUntilFinal('pg_1', { signal: stop.signal })
  const refused = expect(waiting).rejects.toThrow('enough')
  await vi.advanceTimersByTimeAsync(1000)
  stop.abort(new Error('enough'))
  await refused
})
