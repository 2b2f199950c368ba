import { reconsentBy } from '../health/account-report.js'
import type { Grant, TokenSet } from '../model/grant.js'
import type { Manifest } from '../provider/manifest.js'

/** What the caller needs of a grant. */
export type TokenNeed =
  /** An access token that is good for a while. */
  | { kind: 'usable' }
  /** Proof, by a refresh later than this version, that the grant still stands. */
  | { kind: 'proof'; sinceVersion: number }
  /** Another access token: the platform refused the one of this version. */
  | { kind: 'replacement'; refusedVersion: number }

export interface RefreshDecision {
  act: boolean
  reason:
    | 'fresh'
    | 'already_done'
    | 'not_refreshable'
    | 'due'
    | 'asked_for'
    /** A predecessor's outcome is not known; the platform gives the same answer again. */
    | 'repeat_within_grace'
    /** A predecessor's outcome is not known and repeating could end the session; the access token still lives. */
    | 'spare_living_token'
    /** As above, but the access token is dead, so that nothing is left to lose by repeating. */
    | 'last_resort'
}

/** The token that is sent to get a new one; undefined where there is none. */
export const tokenToRenew = (
  { accessToken, refreshToken }: TokenSet,
  { refresh }: Pick<Manifest['tokens'], 'refresh'>,
): string | undefined =>
  refresh === 'none' ? undefined : refresh === 'extend_access_token' ? accessToken : refreshToken

/**
 * When access ends if no person does anything: a refresh token that is replaced with each use has no end of its own, a token that
 * is extended ends only when that is not done in time.
 */
function accessEndsAt(
  grant: Pick<Grant, 'accessTokenExpiresAt' | 'refreshTokenExpiresAt'> & { canRefresh: boolean },
  { refresh }: Pick<Manifest['tokens'], 'refresh'>,
): Date | null {
  if (!grant.canRefresh) return grant.accessTokenExpiresAt
  if (refresh === 'rotating' || refresh === 'extend_access_token') return null
  return grant.refreshTokenExpiresAt
}

/** The earlier of both ends; what the sweeper warns of. */
export function planEnd(tokens: TokenSet, authorizedAt: Date, policy: Manifest['tokens']): Date | null {
  const canRefresh = tokenToRenew(tokens, policy) !== undefined
  const { accessTokenExpiresAt = null, refreshTokenExpiresAt = null } = tokens
  const ends = [
    accessEndsAt({ accessTokenExpiresAt, refreshTokenExpiresAt, canRefresh }, policy),
    reconsentBy(authorizedAt, policy),
  ].filter((end) => end !== null)
  return ends.length === 0 ? null : new Date(Math.min(...ends.map((end) => end.getTime())))
}

/** A token that is born nearly dead, or by a clock that differs from ours, is not replaced without a pause. */
const leastPauseMs = 60_000

/**
 * When the sweeper replaces an access token, in the last part of its life and spread, so that tokens made together are not
 * refreshed together; null where there is nothing to do. Pure.
 * @param random in [0, 1)
 */
export function nextRefreshAt(
  tokens: TokenSet,
  policy: Manifest['tokens'],
  now: Date,
  random: number,
): Date | null {
  if (tokenToRenew(tokens, policy) === undefined || !tokens.accessTokenExpiresAt) return null
  const endsAt = tokens.accessTokenExpiresAt.getTime()
  const aheadMs = policy.refreshAheadSeconds * 1000 * (1 - random / 2)
  return new Date(Math.max(endsAt - aheadMs, now.getTime() + leastPauseMs))
}

/** Whether to refresh, and why; pure. */
export function decideRefresh(input: {
  grant: Pick<Grant, 'version' | 'refreshMarker' | 'authMethod'>
  tokens: TokenSet
  policy: Manifest['tokens']
  need: TokenNeed
  now: Date
}): RefreshDecision {
  const { grant, tokens, policy, need, now } = input
  const since =
    need.kind === 'proof' ? need.sinceVersion : need.kind === 'replacement' ? need.refusedVersion : undefined
  if (since !== undefined && grant.version > since) return { act: false, reason: 'already_done' }
  if (tokenToRenew(tokens, policy) === undefined) return { act: false, reason: 'not_refreshable' }

  const secondsLeft = tokens.accessTokenExpiresAt
    ? (tokens.accessTokenExpiresAt.getTime() - now.getTime()) / 1000
    : Number.POSITIVE_INFINITY
  const due = secondsLeft <= policy.refreshAheadSeconds
  if (need.kind === 'usable' && !due) return { act: false, reason: 'fresh' }

  const marker = grant.refreshMarker
  if (!marker) return { act: true, reason: need.kind === 'usable' ? 'due' : 'asked_for' }
  const replay = (grant.authMethod === 'oauth2' ? policy.oauth2Replay : undefined) ?? policy.replay
  const grace = replay === 'single_use' ? 0 : replay.graceSeconds
  if (now.getTime() - marker.sentAt.getTime() < grace * 1000)
    return { act: true, reason: 'repeat_within_grace' }
  const alive = secondsLeft > 0 && need.kind !== 'replacement'
  return alive ? { act: false, reason: 'spare_living_token' } : { act: true, reason: 'last_resort' }
}
