import type { PlatformKit } from '../platform.js'
import { findAccount } from './accounts.js'
import { authRequired, type XrpcError } from './errors.js'
import { SigningKey } from './signing-keys.js'

/** What a token says with which one service acts for an account at another. @see https://atproto.com/specs/xrpc#inter-service-authentication-jwt */
export interface ServiceClaims {
  iat: number
  /** The account. */
  iss: string
  /** The service that is to take it. */
  aud: string
  exp: number
  /** The one method that it is for. */
  lxm?: string
  jti: string
}

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')

export function signServiceToken(kit: PlatformKit, claims: ServiceClaims): string {
  const text = `${encode({ typ: 'JWT', alg: 'ES256K' })}.${encode(claims)}`
  return `${text}.${Buffer.from(new SigningKey(kit, claims.iss).sign(text)).toString('base64url')}`
}

/** What a token claims, unchecked; null where it is none of this kind. */
export function peekServiceToken(token: string): ServiceClaims | null {
  const [header, payload, , ...rest] = token.split('.')
  const [{ typ }, claims] = [decode(header), decode(payload)]
  const isOther = rest.length > 0 || ['at+jwt', 'refresh+jwt', 'dpop+jwt'].includes(String(typ))
  const isWhole =
    typeof claims.iss === 'string' && typeof claims.aud === 'string' && typeof claims.exp === 'number'
  return isOther || !isWhole ? null : (claims as unknown as ServiceClaims)
}

/**
 * The claims of a token that is good for one service and one method, in the order in which services look.
 * @throws XrpcError 401 with a code for each thing that may be wrong
 */
export function readServiceToken(
  kit: PlatformKit,
  token: string,
  wanted: { aud: string; lxm: string },
): ServiceClaims {
  const claims = peekServiceToken(token)
  if (!claims) throw refuse('BadJwt', 'poorly formatted jwt')
  if (kit.now().getTime() / 1000 > claims.exp) throw refuse('JwtExpired', 'jwt expired')
  if (claims.aud !== wanted.aud) throw refuse('BadJwtAudience', 'jwt audience does not match service did')
  if (claims.lxm !== wanted.lxm) {
    const what = claims.lxm === undefined ? 'missing' : 'bad'
    const message = `${what} jwt lexicon method ("lxm"). must match: ${wanted.lxm}`
    throw refuse('BadJwtLexiconMethod', message)
  }
  if (!isSignedBy(kit, claims.iss, token))
    throw refuse('BadJwtSignature', 'jwt signature does not match jwt issuer')
  return claims
}

const refuse = (code: string, message: string): XrpcError => authRequired(message, code)

function isSignedBy(kit: PlatformKit, did: string, token: string): boolean {
  const [header = '', payload = '', signature = ''] = token.split('.')
  if (!findAccount(kit, did)) return false
  return new SigningKey(kit, did).verifies(`${header}.${payload}`, Buffer.from(signature, 'base64url'))
}

function decode(part = ''): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
