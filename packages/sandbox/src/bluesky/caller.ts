import type { Context } from 'hono'
import type { TokenInspection } from '../token-service.js'
import { authRequired, invalidRequest, XrpcError } from './errors.js'
import { badProof, badToken, challengeOf, OAuthError } from './oauth/errors.js'
import type { Pds } from './pds.js'
import { Permissions } from './permissions.js'
import { peekServiceToken, readServiceToken } from './service-tokens.js'
import { SESSION_SCOPES, serviceDid } from './sessions.js'

/** Whose token it is. */
export interface Caller {
  did: string
  /** What an OAuth token allows; null for sessions with a password, which may do all that a client needs. */
  permissions: Permissions | null
  /** Whether a password allowed direct messages as well. */
  isPrivileged?: boolean
}

/** Scopes of sessions that may use the methods of clients. */
const STANDARD: readonly string[] = [
  SESSION_SCOPES.main,
  SESSION_SCOPES.privileged,
  SESSION_SCOPES.appPassword,
]

/** Those that may also change how one logs in. */
export const FULL: readonly string[] = [SESSION_SCOPES.main]

const unverified = () => invalidRequest('Token could not be verified', 'InvalidToken')
const expired = () => invalidRequest('Token has expired', 'ExpiredToken')

/**
 * Who asks.
 * @throws XrpcError 400 `InvalidToken` or `ExpiredToken`, 401 `AuthMissing`; for OAuth 401 with `WWW-Authenticate`
 */
export async function requireCaller(
  pds: Pds,
  c: Context,
  scopes: readonly string[] = STANDARD,
): Promise<Caller> {
  const { type, token } = readAuthorization(c)
  if (type === 'dpop') return requireOAuth(pds, c, token)
  const found = pds.kit.tokens.inspect(token)
  // Tokens that are bound to a key are not taken without it.
  const isSession = found.state !== 'unknown' && !found.grant.facts.isOAuth && token.includes('.')
  if (!isSession || found.state === 'revoked') throw unverified()
  if (found.state === 'expired') throw expired()
  if (!found.scopes.some((scope) => scopes.includes(scope)))
    throw invalidRequest('Bad token scope', 'InvalidToken')
  const isPrivileged = !found.scopes.includes(SESSION_SCOPES.appPassword)
  return { did: found.personId ?? '', permissions: null, isPrivileged }
}

/**
 * Who asks, by a token of their own or by one they gave to another service for this method.
 * @throws XrpcError as `requireCaller`, and 401 for tokens of another service
 */
export async function requireCallerOrService(
  pds: Pds,
  c: Context,
  method: string,
): Promise<Caller & { isService: boolean }> {
  const { type, token } = readAuthorization(c)
  if (type === 'dpop' || peekServiceToken(token)?.lxm === undefined)
    return { ...(await requireCaller(pds, c)), isService: false }
  const { iss } = readServiceToken(pds.kit, token, { aud: serviceDid(pds.kit), lxm: method })
  return { did: iss, permissions: null, isService: true }
}

/** Whose refresh token it is, and its id. @throws XrpcError as `requireCaller` */
export function requireRefresher(
  { kit, sessions }: Pds,
  c: Context,
  { allowsExpired = false } = {},
): { did: string; tokenId: string } {
  const { type, token } = readAuthorization(c)
  const claims = type === 'bearer' ? sessions.readRefreshToken(token) : null
  if (!claims) throw unverified()
  if (!allowsExpired && claims.exp * 1000 <= kit.now().getTime()) throw expired()
  return { did: claims.sub, tokenId: claims.jti ?? '' }
}

function readAuthorization(c: Context): { type: 'bearer' | 'dpop'; token: string } {
  const header = c.req.header('authorization')
  if (header === undefined || header === '') throw authRequired(undefined, 'AuthMissing')
  const [name = '', token, ...rest] = header.split(' ')
  if (token === undefined || rest.length > 0)
    throw invalidRequest('Malformed authorization header', 'InvalidToken')
  const type = name.toLowerCase()
  if (type === 'bearer' || type === 'dpop') return { type, token }
  throw invalidRequest(`Unsupported authorization type: ${name}`, 'InvalidToken')
}

async function requireOAuth(pds: Pds, c: Context, token: string): Promise<Caller> {
  c.header('dpop-nonce', pds.dpop.nonce())
  try {
    const thumbprint = await pds.dpop.check(c, token)
    if (thumbprint === null) throw badProof('DPoP proof required')
    const found = pds.kit.tokens.inspect(token)
    if (found.state !== 'valid') throw badToken(LOST[found.state])
    if (!found.grant.facts.isOAuth) throw badToken('Malformed token')
    if (found.grant.facts.thumbprint !== thumbprint) throw badToken('Invalid DPoP key binding')
    return { did: found.personId ?? '', permissions: new Permissions(found.scopes) }
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    throw new XrpcError(401, error.code, error.message, { 'www-authenticate': challengeOf(error) })
  }
}

const LOST: Record<Exclude<TokenInspection['state'], 'valid'>, string> = {
  unknown: 'Invalid token',
  revoked: 'Invalid token',
  expired: '"exp" claim timestamp check failed',
}

/** For counting: the person behind a token, else nobody. The real server counts by address, which here is the same for all. */
export const countedAs = (c: Context, { kit, sessions }: Pds): string => {
  const token = c.req.header('authorization')?.split(' ')[1] ?? ''
  return kit.tokens.grantOf(token)?.personId ?? sessions.readRefreshToken(token)?.sub ?? 'nobody'
}
