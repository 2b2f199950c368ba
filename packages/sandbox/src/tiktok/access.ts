import type { Context } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { Person } from '../world.js'
import { ApiError } from './errors.js'

/** Conditions in which TikTok has ended every authorization of a person. */
const ENDED: readonly string[] = ['deleted', 'banned']

/** What it says to people who may not post, or not today; with status 200. */
const REFUSALS: Readonly<Record<string, { code: string; message: string }>> = {
  banned_from_posting: {
    code: 'spam_risk_user_banned_from_posting',
    message: 'The user is banned from making new posts.',
  },
  too_many_posts: {
    code: 'spam_risk_too_many_posts',
    message: 'The daily post cap from the API is reached for the current user.',
  },
  too_many_drafts: {
    code: 'spam_risk_too_many_pending_share',
    message: 'The user has too many drafts that wait.',
  },
  app_cap_reached: {
    code: 'reached_active_user_cap',
    message: 'The daily quota for active publishing users from your client is reached.',
  },
}

/**
 * All conditions of a person; from `app_cap_reached` on it is the application that may not go on, but for the last, in which TikTok
 * takes posts and does not publish them.
 */
export const CONDITIONS: readonly string[] = [
  ...ENDED,
  ...Object.keys(REFUSALS),
  'app_unaudited',
  'url_unverified',
  'posts_fail',
]

/** Whether TikTok has ended every authorization of this person. */
export const hasEnded = (person: Person | undefined): boolean => !person || ENDED.includes(person.condition)

/**
 * Who asks, and what for they may.
 * @throws ApiError 401 for a dead token, and for one without the scope
 */
export function requirePerson(kit: PlatformKit, c: Context, ...oneOf: string[]) {
  const token = /^bearer\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? ''
  const found = kit.tokens.inspect(token)
  const person = found.state === 'valid' ? kit.world.person(found.personId ?? '') : undefined
  if (found.state !== 'valid' || !person || hasEnded(person))
    throw new ApiError(
      401,
      'access_token_invalid',
      'The access token is invalid or not found in the request.',
    )
  if (!oneOf.some((scope) => found.scopes.includes(scope)))
    throw new ApiError(
      401,
      'scope_not_authorized',
      'The user did not authorize the scope required for completing this request.',
    )
  return { person, scopes: found.scopes }
}

/** @throws ApiError for people who may not post; with status 200 where somebody only asks whether they may */
export function requireAbilityToPost({ condition }: Person, status: 200 | 403 = 200): void {
  const refusal = REFUSALS[condition]
  if (refusal) throw new ApiError(status, refusal.code, refusal.message)
}
