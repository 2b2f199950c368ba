import { describe, expect, it } from 'vitest'
import { type Health, healthStatuses, worseHealth } from './account.js'
import { errorKinds, isErrorCode, isPostMcpError, PostMcpError } from './errors.js'
import { type IdKind, idPrefixes, isId, newId } from './ids.js'
import { groupStatus, isFinal, type PostState, postStates, postTransitions } from './post.js'

describe('an id', () => {
  it('has the form of its kind and of no other', () => {
    const kinds = Object.keys(idPrefixes) as IdKind[]
    for (const kind of kinds) {
      const id = newId(kind)
      expect(id).toMatch(/^[a-z]+_[0-9a-hjkmnp-tv-z]{26}$/)
      for (const other of kinds) expect(isId(other, id)).toBe(other === kind)
    }
    for (const text of [
      '',
      'ws_',
      'acct_01',
      `${newId('account')}x`,
      newId('account').toUpperCase(),
      'acct_\0',
    ])
      expect(isId('account', text)).toBe(false)
  })

  it('sorts by the time it was made, byte by byte, and never comes twice', () => {
    const ids = Array.from({ length: 500 }, (_, i) => newId('post', new Date(Date.UTC(2026, 0, 1) + i)))
    expect([...ids].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))).toEqual(ids)
    const now = new Date()
    expect(new Set(Array.from({ length: 2000 }, () => newId('post', now))).size).toBe(2000)
  })
})

describe('errors', () => {
  it.each(Object.entries(errorKinds))(
    '%s has a status, an exit code and a next action',
    (code, { status, exitCode, nextAction }) => {
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(600)
      expect(exitCode).toBeGreaterThanOrEqual(1)
      expect(exitCode).toBeLessThanOrEqual(8)
      expect(nextAction).toMatch(/\S\.$/)
    },
  )

  it('show what anybody may see, and not what they were caused by', () => {
    const cause = new Error('SECRET')
    const error = new PostMcpError('rate_limited', 'Too much.', {
      cause,
      retryAfter: new Date(0),
      platform: 'memory',
    })
    expect(error.toJSON()).toEqual({
      code: 'rate_limited',
      message: 'Too much.',
      nextAction: errorKinds.rate_limited.nextAction,
      platform: 'memory',
      retryAfter: '1970-01-01T00:00:00.000Z',
    })
    expect(JSON.stringify(error)).not.toContain('SECRET')
    expect([error.status, error.exitCode, error.cause]).toEqual([429, 6, cause])
  })

  it('are told apart by code', () => {
    const error = new PostMcpError('conflict', 'x')
    expect([
      isPostMcpError(error),
      isPostMcpError(error, 'not_found'),
      isPostMcpError(new Error('x')),
    ]).toEqual([true, false, false])
    expect(['conflict', 'toString', '__proto__', 3].map(isErrorCode)).toEqual([true, false, false, false])
  })
})

describe('the status of a group', () => {
  const of = (...states: (PostState | 'waits')[]) =>
    groupStatus(
      states.map((state) =>
        state === 'waits' ? { state: 'unknown', wakeAt: null } : { state, wakeAt: new Date() },
      ),
    )
  it('is what its posts make of it', () => {
    expect(of('draft', 'draft')).toBe('draft')
    expect(of('draft', 'cancelled')).toBe('draft')
    expect(of('draft', 'failed')).toBe('failed')
    expect(of('scheduled', 'published')).toBe('scheduled')
    expect(of('queued', 'failed')).toBe('publishing')
    expect(of('unknown')).toBe('publishing')
    expect(of('waits', 'queued')).toBe('needs_your_action')
    expect(of('published', 'cancelled')).toBe('published')
    expect(of('cancelled', 'cancelled')).toBe('cancelled')
    expect(of('published', 'failed', 'cancelled')).toBe('partial')
    expect(of('failed', 'cancelled')).toBe('failed')
  })
})

describe('the states of a post', () => {
  it('end in published and cancelled, lead from failed to another try alone, and never from what may be public to cancelled', () => {
    expect(postTransitions.published).toEqual([])
    expect(postTransitions.cancelled).toEqual([])
    expect(postTransitions.failed).toEqual(['queued'])
    for (const state of ['publishing', 'unknown'] as const)
      expect(postTransitions[state]).not.toContain('cancelled')
    for (const state of postStates)
      expect(isFinal({ state, wakeAt: new Date() })).toBe(
        ['published', 'failed', 'cancelled'].includes(state),
      )
    expect(isFinal({ state: 'unknown', wakeAt: null })).toBe(true)
  })
})

describe('the worse of two healths', () => {
  it('is the one further down the list, and on a tie the first', () => {
    const health = (status: Health['status'], platformCode: string): Health => ({
      status,
      reason: null,
      since: new Date(0),
      detectedBy: 'verify',
      platformCode,
      missingScopes: [],
    })
    for (const [i, a] of healthStatuses.entries())
      for (const [j, b] of healthStatuses.entries())
        expect(worseHealth(health(a, 'a'), health(b, 'b')).platformCode).toBe(j > i ? 'b' : 'a')
  })
})
