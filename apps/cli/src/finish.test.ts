import type { Post } from '@postmcp/sdk'
import { describe, expect, test } from 'vitest'
import { exitCodeOfGroup, whatRemains } from './finish.js'

const later = '2026-11-22T12:00:00.000Z'
const post = (state: Post['state'], more: Partial<Post> = {}): Post =>
  ({ state, nextTryAt: null, failure: null, ...more }) as Post
const failed = (code: string) =>
  post('failed', {
    failure: { code, message: '', nextAction: '', at: later } as NonNullable<Post['failure']>,
  })
const published = post('published')
const queued = post('queued', { nextTryAt: later })

test.each<[string, Post[], number]>([
  ['all published', [published, published], 0],
  ['one of a broken account', [published, failed('account_not_publishable')], 5],
  ['the first of two failures', [failed('refused_by_platform'), failed('account_not_publishable')], 2],
  ['an account that was taken out', [post('cancelled'), published], 0],
  ['one that was cancelled', [{ ...failed('post_cancelled'), state: 'cancelled' }, published], 2],
  ['one that somebody must look at', [published, post('unknown')], 7],
  ['one that is being looked up', [post('unknown', { nextTryAt: later })], 6],
  ['one in the queue', [published, queued], 6],
  ['a failure beside one in the queue', [queued, failed('platform_unavailable')], 6],
  ['a failure with a code that is newer than we are', [failed('invented_later')], 1],
])('exit status of %s', (_, posts, code) => {
  expect(exitCodeOfGroup({ posts })).toBe(code)
})

describe('what remains', () => {
  const group = (...posts: Post[]) => ({ id: 'pg_1', posts }) as Parameters<typeof whatRemains>[0]

  test('is nothing when all is over', () => {
    expect(whatRemains(group(published, failed('conflict')), { isLocal: true })).toBeUndefined()
  })

  test('is told with the way it goes on', () => {
    const local = whatRemains(group(queued, published), { isLocal: true })
    expect(local).toContain('1 post is not published yet')
    expect(local).toContain('postmcp post show --post-group-id pg_1 --wait 60')
    expect(local).toContain('postmcp serve')
    expect(whatRemains(group(queued, queued), { isLocal: false })).toContain('the server goes on with them')
  })

  test('of a draft is nothing, and of what is scheduled that a server has to run then', () => {
    const later = { ...group(queued), status: 'scheduled' as const }
    expect(whatRemains({ ...later, status: 'draft' }, { isLocal: true })).toBeUndefined()
    expect(whatRemains(later, { isLocal: false })).toBeUndefined()
    expect(whatRemains(later, { isLocal: true })).toContain('postmcp serve')
  })
})
