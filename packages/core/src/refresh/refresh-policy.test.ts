import { describe, expect, it } from 'vitest'
import type { Manifest } from '../provider/manifest.js'
import { decideRefresh, nextRefreshAt, type RefreshDecision, type TokenNeed } from './refresh-policy.js'

const now = new Date('2026-11-22T12:00:00Z')
const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000)
const policy: Manifest['tokens'] = {
  refresh: 'rotating',
  replay: 'single_use',
  refreshAheadSeconds: 60,
  verifyBy: 'call',
  revocationScope: 'token',
}
const grace: Manifest['tokens'] = { ...policy, replay: { graceSeconds: 100 } }

interface Case {
  when: string
  policy?: Manifest['tokens']
  /** Seconds the access token lives; null: it says nothing. */
  lives: number | null
  hasRefreshToken?: boolean
  version?: number
  /** Seconds since a marker was left. */
  marked?: number
  need?: TokenNeed
  then: RefreshDecision
}

const proof = { kind: 'proof', sinceVersion: 3 } as const
const replacement = { kind: 'replacement', refusedVersion: 3 } as const

const cases: Case[] = [
  { when: 'the token is good for a while', lives: 61, then: { act: false, reason: 'fresh' } },
  { when: 'the token says nothing of its end', lives: null, then: { act: false, reason: 'fresh' } },
  { when: 'the token is about to end', lives: 60, then: { act: true, reason: 'due' } },
  { when: 'the token has ended', lives: -1, then: { act: true, reason: 'due' } },
  {
    when: 'there is no refresh token',
    lives: -1,
    hasRefreshToken: false,
    then: { act: false, reason: 'not_refreshable' },
  },
  {
    when: 'the platform has no refresh',
    policy: { ...policy, refresh: 'none' },
    lives: -1,
    then: { act: false, reason: 'not_refreshable' },
  },
  { when: 'proof is asked for', lives: 3600, need: proof, then: { act: true, reason: 'asked_for' } },
  {
    when: 'proof is asked for and somebody brought it',
    lives: 3600,
    version: 4,
    need: proof,
    then: { act: false, reason: 'already_done' },
  },
  {
    when: 'the platform refused the token',
    lives: 3600,
    need: replacement,
    then: { act: true, reason: 'asked_for' },
  },
  {
    when: 'the platform refused the token before the last',
    lives: 3600,
    version: 4,
    need: replacement,
    then: { act: false, reason: 'already_done' },
  },
  {
    when: 'a predecessor was lost and the platform repeats itself',
    policy: grace,
    lives: 30,
    marked: 99,
    then: { act: true, reason: 'repeat_within_grace' },
  },
  {
    when: 'a predecessor was lost too long ago for that',
    policy: grace,
    lives: 30,
    marked: 100,
    then: { act: false, reason: 'spare_living_token' },
  },
  {
    when: 'a predecessor was lost and repeating would end the session',
    lives: 30,
    marked: 1,
    then: { act: false, reason: 'spare_living_token' },
  },
  {
    when: 'the same, and the access token is dead',
    lives: 0,
    marked: 1,
    then: { act: true, reason: 'last_resort' },
  },
  {
    when: 'the same, and the platform refused the access token',
    lives: 30,
    marked: 1,
    need: replacement,
    then: { act: true, reason: 'last_resort' },
  },
  {
    when: 'proof is asked for while a predecessor is lost',
    lives: 30,
    marked: 1,
    need: proof,
    then: { act: false, reason: 'spare_living_token' },
  },
]

describe('deciding on a refresh', () => {
  it.each(cases)('when $when: $then.reason', ({ lives, marked, then, ...given }) => {
    const decision = decideRefresh({
      grant: {
        version: given.version ?? 3,
        refreshMarker: marked === undefined ? null : { fingerprint: 'f', sentAt: inSeconds(-marked) },
      },
      tokens: {
        accessToken: 'a',
        ...(given.hasRefreshToken !== false && { refreshToken: 'r' }),
        ...(lives !== null && { accessTokenExpiresAt: inSeconds(lives) }),
      },
      policy: given.policy ?? policy,
      need: given.need ?? { kind: 'usable' },
      now,
    })
    expect(decision).toEqual(then)
  })
})

describe('planning the next refresh', () => {
  const tokens = { accessToken: 'a', refreshToken: 'r', accessTokenExpiresAt: inSeconds(3600) }
  it('spreads it over the first half of the time ahead of the end', () => {
    expect(nextRefreshAt(tokens, policy, 0)).toEqual(inSeconds(3540))
    expect(nextRefreshAt(tokens, policy, 0.999)?.getTime()).toBeLessThan(inSeconds(3571).getTime())
  })
  it('plans none where nothing can be refreshed or nothing ends', () => {
    expect(nextRefreshAt({ accessToken: 'a', accessTokenExpiresAt: now }, policy, 0)).toBeNull()
    expect(nextRefreshAt({ accessToken: 'a', refreshToken: 'r' }, policy, 0)).toBeNull()
    expect(nextRefreshAt(tokens, { ...policy, refresh: 'none' }, 0)).toBeNull()
  })
})
