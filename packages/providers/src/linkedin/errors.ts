import { type Classification, classifyTokenError, type Occasion, PlatformError } from '@postmcp/core'

const lost: Classification = { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' }
const ended: Classification = { kind: 'grant_lost', status: 'expired', reason: 'token_expired' }
const renewable: Classification = { kind: 'access_token_expired' }
const limited: Classification = { kind: 'rate_limited' }
const refused: Classification = { kind: 'refused' }
const unavailable: Classification = { kind: 'unavailable' }
const clientInvalid: Classification = { kind: 'client_invalid' }

/** An error met with an access token behind which there is no refresh token. */
export class UnrenewableError extends PlatformError {}

/**
 * What the codes mean wherever they come: `code` of an answer, else its `serviceErrorCode`; in lower case the `status` of an
 * introspection. `EXPIRED_ACCESS_TOKEN` is a guess by the names of the others.
 * @see https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/error-handling (2026-11-22)
 */
const codes: Record<string, Classification> = {
  REVOKED_ACCESS_TOKEN: lost,
  65601: lost,
  revoked: lost,

  EXPIRED_ACCESS_TOKEN: renewable,
  expired: renewable,
  INVALID_ACCESS_TOKEN: renewable,
  65600: renewable,

  ACCESS_DENIED: { kind: 'account_unusable', status: 'missing_permission', reason: 'scope_missing' },

  // The version we name has ended, or we named none.
  NONEXISTENT_VERSION: clientInvalid,
  VERSION_MISSING: clientInvalid,

  TOO_MANY_REQUESTS: limited,
  QUOTA_EXCEEDED: limited,
}

/** What they mean where no refresh can help. */
const codesWithoutRefresh: Record<string, Classification> = {
  EXPIRED_ACCESS_TOKEN: ended,
  expired: ended,
  INVALID_ACCESS_TOKEN: lost,
  65600: lost,
}

/** Our name for the refusal of a comment below a post that LinkedIn does not know everywhere yet. */
export const commentTooEarly = 'comment/post_not_known_yet'

/** Where a code means something else, by what was asked. */
const codesOn: Partial<Record<Occasion, Record<string, Classification>>> = {
  // "The provided authorization grant or refresh token is invalid, expired or revoked": LinkedIn does not say invalid_grant.
  refresh: { invalid_request: lost },
  publish: {
    // A file that was uploaded and is not to be had yet. Nothing was published, and later it is.
    MEDIA_ASSET_WAITING_UPLOAD: limited,
    [commentTooEarly]: limited,
  },
  // The scopes have been looked at by then, so it is the member who is refused.
  verify: {
    ACCESS_DENIED: {
      kind: 'account_unusable',
      status: 'verification_failed',
      reason: 'authorization_rejected',
    },
  },
}

/** What an answer without a code we know means. */
function classifyStatus(status: number, occasion: Occasion): Classification {
  if (status === 429) return limited
  if (status >= 500) return unavailable
  const isBearerCall = occasion === 'verify' || occasion === 'publish' || occasion === 'delete'
  if (status === 401 && isBearerCall) return renewable
  // A refusal we cannot read must not end a grant.
  return occasion === 'refresh' || occasion === 'verify' ? unavailable : refused
}

/** What an error of LinkedIn means for us. */
export function classifyError(error: PlatformError, occasion: Occasion): Classification {
  const code = error.platformCode ?? ''
  const tables = [
    codesOn[occasion] ?? {},
    error instanceof UnrenewableError ? codesWithoutRefresh : {},
    codes,
  ]
  const table = tables.find((one) => Object.hasOwn(one, code))
  return table?.[code] ?? classifyTokenError(error, occasion) ?? classifyStatus(error.status, occasion)
}
