/** Error codes of RFC 6749 section 5.2. */
export type TokenErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'

/** What exactly was wrong, for platforms that tell it apart. */
export type TokenErrorReason =
  | 'client_unknown'
  | 'secret_missing'
  | 'secret_wrong'
  | 'code_unknown'
  | 'code_used'
  | 'code_expired'
  | 'code_of_other_client'
  | 'redirect_uri_mismatch'
  | 'challenge_missing'
  | 'challenge_method_unknown'
  | 'verifier_missing'
  | 'verifier_wrong'
  | 'refresh_unknown'
  | 'refresh_used'
  | 'refresh_expired'
  | 'grant_revoked'
  | 'scope_not_granted'
  | 'refresh_unsupported'

/** A request for tokens that is refused. Each platform words it in its own way. */
export class TokenError extends Error {
  override readonly name = 'TokenError'
  readonly code: TokenErrorCode
  readonly reason: TokenErrorReason

  constructor(code: TokenErrorCode, reason: TokenErrorReason, description: string) {
    super(description)
    this.code = code
    this.reason = reason
  }
}
