import type { Context } from 'hono'
import type { Client, TokenInspection } from '../token-service.js'
import type { Person } from '../world.js'
import { ApiError } from './errors.js'
import { holdsOneOf } from './scopes.js'
import type { Instance } from './server.js'

/** Who asks, once it is clear that they may. */
export interface Caller {
  person: Person
  client: Client
}

/** The access token of a request; undefined when there is none. */
export const readBearer = (c: Context): string | undefined =>
  /^bearer\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]

/**
 * The living token of a request.
 * @throws ApiError 401 without one, 403 when it holds none of the scopes
 */
export function requireToken(instance: Instance, c: Context, scopes: readonly string[] | null) {
  const found = instance.kit.tokens.inspect(readBearer(c) ?? '')
  if (found.state !== 'valid') throw new ApiError(401, LOST[found.state])
  if (scopes !== null && instance.facts.checksScopes && !holdsOneOf(found.scopes, scopes))
    throw new ApiError(403, 'This action is outside the authorized scopes')
  return found
}

/**
 * The person whose token this is.
 * @throws ApiError as `requireToken`; 422 for a token without a person; 403 when the instance lets them do nothing
 */
export function requirePerson(instance: Instance, c: Context, scopes: readonly string[]): Caller {
  const { personId, client } = requireToken(instance, c, scopes)
  const person = personId === null ? undefined : instance.kit.world.person(personId)
  if (!person) throw new ApiError(422, 'This method requires an authenticated user')
  const refusal = REFUSALS[person.condition]
  if (refusal !== undefined) throw new ApiError(403, refusal)
  return { person, client }
}

/** As `requirePerson`, but nobody is fine too. */
export const readPerson = (instance: Instance, c: Context, scopes: readonly string[]): Caller | null =>
  readBearer(c) === undefined ? null : requirePerson(instance, c, scopes)

const LOST: Record<Exclude<TokenInspection['state'], 'valid'>, string> = {
  unknown: 'The access token is invalid',
  revoked: 'The access token was revoked',
  expired: 'The access token expired',
}

/** What an instance says to people it does not let in. */
const REFUSALS: Readonly<Record<string, string>> = {
  disabled: 'Your login is currently disabled',
  unconfirmed: 'Your login is missing a confirmed e-mail address',
  pending: 'Your login is currently pending approval',
  needs_two_factor: 'Your account requires two-factor authentication',
}

/** All conditions of a person; `silenced` posts, but not to the public timelines. */
export const CONDITIONS: readonly string[] = [...Object.keys(REFUSALS), 'silenced']
