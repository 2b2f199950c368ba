import type { Context } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { Person } from '../world.js'
import { ApiError, authenticationFailed } from './errors.js'

/** Who asks, once it is clear that they may. */
export interface Caller {
  person: Person
  scopes: readonly string[]
}

/**
 * The person whose token this is.
 * @throws ApiError 401 code 2 for a token that is none, 401 code 3 for one that lacks a scope, 403 for an account under sanctions
 */
export function requirePerson(kit: PlatformKit, c: Context, needed: readonly string[]): Caller {
  const token = /^bearer\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
  const found = kit.tokens.inspect(token ?? '')
  if (found.state !== 'valid') throw authenticationFailed()
  const person = found.personId === null ? undefined : kit.world.person(found.personId)
  if (!person) throw authenticationFailed()
  const refusal = REFUSALS[person.condition]
  if (refusal) throw new ApiError(403, ...refusal)
  if (!needed.every((scope) => found.scopes.includes(scope))) {
    throw new ApiError(
      401,
      3,
      'Your token does not have sufficient permissions to perform this operation. Please ensure your token is authorized with the correct set of scopes.',
    )
  }
  return { person, scopes: found.scopes }
}

/** What is said to people whose account is looked at; seen at catalogs, taken to be the same everywhere. */
const REFUSALS: Readonly<Record<string, [code: number, message: string]>> = {
  disapproved: [2625, 'Sorry, you cannot perform this action as your account has been disapproved.'],
  under_review: [2626, 'We are reviewing your account. Please see business hub for more details.'],
}

/** All conditions of a person; in the last two only Pins are refused: as spam, and because the app has Trial access. */
export const CONDITIONS: readonly string[] = [...Object.keys(REFUSALS), 'spam', 'trial_app']
