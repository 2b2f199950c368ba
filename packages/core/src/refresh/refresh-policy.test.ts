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
  neededToPublish: true,
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
  decision: RefreshDecision
}

const proof = { kind: 'proof', sinceVersion: 3 } as const
const replacement = { kind: 'replacement', refusedVersion: 3 } as const

const cases: Case[] = [
  { when: 'the token is good for a while', lives: 61, decision: { act: false, reason: 'fresh' } },
  { when: 'the token says nothing of its end', lives: null, decision: { act: false, reason: 'fresh' } },
  { when: 'the token is about to end', lives: 60, decision: { act: true, reason: 'due' } },
  { when: 'the token has ended', lives: -1, decision: { act: true, reason: 'due' } },
  {
    when: 'there is no refresh token',
    lives: -1,
    hasRefreshToken: false,
    decision: { act: false, reason: 'not_refreshable' },
  },
  {
    when: 'the platform has no refresh',
    policy: { ...policy, refresh: 'none' },
    lives: -1,
    decision: { act: false, reason: 'not_refreshable' },
  },
  { when: 'proof is asked for', lives: 3600, need: proof, decision: { act: true, reason: 'asked_for' } },
  {
    when: 'proof is asked for and somebody brought it',
    lives: 3600,
    version: 4,
    need: proof,
    decision: { act: false, reason: 'already_done' },
  },
  {
    when: 'the platform refused the token',
    lives: 3600,
    need: replacement,
    decision: { act: true, reason: 'asked_for' },
  },
  {
    when: 'the platform refused the token before the last',
    lives: 3600,
    version: 4,
    need: replacement,
    decision: { act: false, reason: 'already_done' },
  },
  {
    when: 'a predecessor was lost and the platform repeats itself',
    policy: grace,
    lives: 30,
    marked: 99,
    decision: { act: true, reason: 'repeat_within_grace' },
  },
  {
    when: 'a predecessor was lost too long ago for that',
    policy: grace,
    lives: 30,
    marked: 100,
    decision: { act: false, reason: 'spare_living_token' },
  },
  {
    when: 'a predecessor was lost and repeating would end the session',
    lives: 30,
    marked: 1,
    decision: { act: false, reason: 'spare_living_token' },
  },
  {
    when: 'the same, and the access token is dead',
    lives: 0,
    marked: 1,
    decision: { act: true, reason: 'last_resort' },
  },
  {
    when: 'the same, and the platform refused the access token',
    lives: 30,
    marked: 1,
    need: replacement,
    decision: { act: true, reason: 'last_resort' },
  },
  {
    when: 'proof is asked for while a predecessor is lost',
    lives: 30,
    marked: 1,
    need: proof,
    decision: { act: false, reason: 'spare_living_token' },
  },
]

describe('deciding on a refresh', () => {
  it.each(cases)('when $when: $decision.reason', ({ lives, marked, decision, ...given }) => {
    const decided = decideRefresh({
      grant: {
        authMethod: 'credentials',
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
    expect(decided).toEqual(decision)
  })
})

describe('planning the next refresh', () => {
  const tokens = { accessToken: 'a', refreshToken: 'r', accessTokenExpiresAt: inSeconds(3600) }
  it('spreads it over the first half of the time ahead of the end', () => {
    expect(nextRefreshAt(tokens, policy, now, 0)).toEqual(inSeconds(3540))
    expect(nextRefreshAt(tokens, policy, now, 0.999)?.getTime()).toBeLessThan(inSeconds(3571).getTime())
  })
  it('leaves a pause when tokens are born nearly dead', () => {
    for (const lives of [30, -3600])
      expect(nextRefreshAt({ ...tokens, accessTokenExpiresAt: inSeconds(lives) }, policy, now, 0)).toEqual(
        inSeconds(60),
      )
  })
  it('plans none where nothing can be refreshed or nothing ends', () => {
    expect(nextRefreshAt({ accessToken: 'a', accessTokenExpiresAt: now }, policy, now, 0)).toBeNull()
    expect(nextRefreshAt({ accessToken: 'a', refreshToken: 'r' }, policy, now, 0)).toBeNull()
    expect(nextRefreshAt(tokens, { ...policy, refresh: 'none' }, now, 0)).toBeNull()
  })
})
