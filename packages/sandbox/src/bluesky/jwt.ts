import { createHmac, timingSafeEqual } from 'node:crypto'

/** What stands in a token of a session. */
export interface SessionClaims {
  scope: string
  aud: string
  sub: string
  jti?: string
  iat: number
  exp: number
}

/** Kinds of tokens of a session; the kind stands in the header, so that none passes for the other. */
export type SessionTokenType = 'at+jwt' | 'refresh+jwt'

/** A token as a PDS signs it: HS256, with a key that nobody else has. */
export function signToken(key: Uint8Array, typ: SessionTokenType, claims: SessionClaims): string {
  const text = [{ typ, alg: 'HS256' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${signatureOf(key, text).toString('base64url')}`
}

/** The claims of a token of ours, whether or not its time has passed; null when it is not ours or of another kind. */
export function readToken(key: Uint8Array, typ: SessionTokenType, token: string): SessionClaims | null {
  const [header = '', payload = '', signature = '', ...rest] = token.split('.')
  const [expected, shown] = [signatureOf(key, `${header}.${payload}`), Buffer.from(signature, 'base64url')]
  if (rest.length > 0 || expected.length !== shown.length || !timingSafeEqual(expected, shown)) return null
  return parse(header).typ === typ ? (parse(payload) as unknown as SessionClaims) : null
}

const signatureOf = (key: Uint8Array, text: string) => createHmac('sha256', key).update(text).digest()

/** Only of what was signed here. */
const parse = (part: string) =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
