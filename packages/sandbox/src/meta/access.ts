import { createHmac } from 'node:crypto'
import type { Context } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { TokenInspection } from '../token-service.js'
import type { Person } from '../world.js'
import { GraphApiError } from './errors.js'

/** A living token, and whose it is. */
export type LivingToken = Extract<TokenInspection, { state: 'valid' | 'expired' | 'revoked' }>

/** Who asks, once it is clear that they may. */
export interface Caller {
  found: LivingToken
  person: Person
}

/** Conditions of a person that end or suspend their sessions on all platforms of Meta. */
export const SESSION_CONDITIONS: readonly string[] = [
  'password_changed',
  'checkpoint',
  'unconfirmed',
  'logged_out',
]

const SESSION_ERRORS: Readonly<Record<string, readonly [subcode: number, message: string]>> = {
  password_changed: [
    460,
    'Error validating access token: The session has been invalidated because the user changed their password or Facebook has changed the session for security reasons.',
  ],
  checkpoint: [
    459,
    'Error validating access token: You cannot access the app till you log in and follow the instructions given.',
  ],
  unconfirmed: [
    464,
    'Error validating access token: Sessions for the user are not allowed because the user is not a confirmed user.',
  ],
  logged_out: [467, 'Error validating access token: The session is invalid because the user logged out.'],
}

/** The access token of a request: a parameter, or a header. */
export const readToken = (c: Context): string | undefined =>
  c.req.query('access_token') ?? /^(?:bearer|oauth)\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]

/**
 * What is wrong with a token; null for one that works.
 * @see https://developers.facebook.com/docs/graph-api/guides/error-handling
 */
export function problemOf(kit: PlatformKit, token: string): GraphApiError | null {
  const found = kit.tokens.inspect(token)
  const ended = (message: string, subcode?: number) =>
    new GraphApiError(190, message, { status: 401, ...(subcode !== undefined && { subcode }) })
  if (found.state === 'unknown') return ended('Invalid OAuth access token - Cannot parse access token')
  if (found.state === 'revoked')
    return ended(
      `Error validating access token: The user has not authorized application ${found.client.id}.`,
      458,
    )
  if (found.state === 'expired') return ended('Error validating access token: Session has expired.', 463)
  const condition = kit.world.person(found.personId ?? '')?.condition ?? 'active'
  const [subcode, message] = SESSION_ERRORS[condition] ?? []
  return message === undefined ? null : ended(message, subcode)
}

/**
 * The person whose token this is.
 * @throws GraphApiError 190 for a token that does not work, 100 for a wrong proof, 10 without the scope
 */
export function requireCaller(kit: PlatformKit, c: Context, scope: string | null = null): Caller {
  const token = readToken(c)
  if (token === undefined)
    throw new GraphApiError(
      2500,
      'An active access token must be used to query information about the current user.',
    )
  const problem = problemOf(kit, token)
  if (problem) throw problem
  const found = kit.tokens.inspect(token)
  const person = found.state === 'unknown' ? undefined : kit.world.person(found.personId ?? '')
  if (found.state === 'unknown' || !person)
    throw new GraphApiError(190, 'Invalid OAuth access token - Cannot parse access token', { status: 401 })
  checkProof(c, token, found.client.secrets)
  if (scope !== null) requireScope(found, scope)
  return { found, person }
}

/** @throws GraphApiError 10 */
export function requireScope({ scopes }: LivingToken, scope: string): void {
  if (!scopes.includes(scope))
    throw new GraphApiError(10, `(#10) This endpoint requires the '${scope}' permission.`, { status: 403 })
}

/** A proof may be left out, but not be wrong. @see https://developers.facebook.com/docs/graph-api/securing-requests */
function checkProof(c: Context, token: string, secrets: readonly string[]): void {
  const proof = c.req.query('appsecret_proof')
  if (proof === undefined) return
  const isRight = secrets.some((secret) => createHmac('sha256', secret).update(token).digest('hex') === proof)
  if (!isRight) throw new GraphApiError(100, 'Invalid appsecret_proof provided in the API argument')
}

/** Leaves of an object only the fields that were asked for, and its id. */
export function pick(c: Context, all: Record<string, unknown> & { id: string }): Record<string, unknown> {
  const names = fieldsOf(c)
  return Object.fromEntries(Object.entries(all).filter(([name]) => name === 'id' || names.includes(name)))
}

/** `a,b.type(large),c{d,e}` -> a, b, c. */
const fieldsOf = (c: Context): string[] =>
  (c.req.query('fields') ?? '')
    .replace(/\{[^}]*\}|\([^)]*\)|\.\w+/g, '')
    .split(',')
    .filter(Boolean)
