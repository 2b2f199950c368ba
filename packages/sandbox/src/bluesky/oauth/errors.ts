import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { TokenError, type TokenErrorReason } from '../../token-error.js'

/** A refusal of the authorization server, as of RFC 6749 and its relatives. */
export class OAuthError extends Error {
  override readonly name = 'OAuthError'
  readonly code: string
  readonly status: 400 | 401

  constructor(code: string, description: string, status: OAuthError['status'] = 400) {
    super(description)
    this.code = code
    this.status = status
  }
}

/** A DPoP proof that is no good, at the authorization server or with a request for data. */
export const badProof = (description: string): OAuthError =>
  new OAuthError('invalid_dpop_proof', description, 401)

/** A token that is no good. */
export const badToken = (description: string): OAuthError => new OAuthError('invalid_token', description, 401)

/** Values with quotation marks in them are left out. @see https://www.rfc-editor.org/rfc/rfc9449#section-7.1 */
export function challengeOf({ code, message }: OAuthError): string {
  const parameters = { algs: 'ES256', error: code, error_description: message }
  const shown = Object.entries(parameters).filter(([, value]) => !value.includes('"'))
  return `DPoP ${shown.map(([name, value]) => `${name}="${value}"`).join(', ')}`
}

/** How the server words what was wrong with a code or a refresh token. */
const DESCRIPTIONS: Partial<Record<TokenErrorReason, string>> = {
  code_unknown: 'Invalid code',
  code_used: 'Invalid code',
  code_expired: 'This code has expired',
  code_of_other_client: 'Token was not issued to this client',
  redirect_uri_mismatch: 'The redirect_uri parameter must match the one used in the authorization request',
  verifier_missing: 'code_verifier is required',
  verifier_wrong: 'Invalid code_verifier',
  refresh_unknown: 'Invalid refresh token',
  grant_revoked: 'Invalid refresh token',
  refresh_used: 'Refresh token replayed',
  refresh_expired: 'Refresh token expired',
}

/** Words a refusal of the authorization server; anything else is thrown on. */
export function answerOAuthError(error: Error, c: Context): Response {
  if (error instanceof TokenError)
    return c.json({ error: error.code, error_description: DESCRIPTIONS[error.reason] ?? error.message }, 400)
  if (!(error instanceof OAuthError)) throw error
  if (error.status === 401) c.header('www-authenticate', challengeOf(error))
  return c.json({ error: error.code, error_description: error.message }, error.status as ContentfulStatusCode)
}
