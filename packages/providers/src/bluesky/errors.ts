import {
  type Classification,
  classifyTokenError,
  type Occasion,
  type PlatformError,
  type StatusReason,
} from '@postmcp/core'

const unusable = (reason: StatusReason): Classification => ({
  kind: 'account_unusable',
  status: 'verification_failed',
  reason,
})
const lost: Classification = { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' }
const refused: Classification = { kind: 'refused' }
const unavailable: Classification = { kind: 'unavailable' }

/**
 * What the codes of a PDS mean wherever they come.
 * @see https://github.com/bluesky-social/atproto packages/pds/src/auth-verifier.ts, packages/xrpc-server/src/errors.ts (2026-08-20)
 */
const codes: Record<string, Classification> = {
  RateLimitExceeded: { kind: 'rate_limited' },

  // Answered with status 400, not 401.
  ExpiredToken: { kind: 'access_token_expired' },
  // A server that lost or changed its keys says so of tokens that were good.
  InvalidToken: { kind: 'access_token_expired' },
  AuthMissing: unusable('authorization_rejected'),
  AuthenticationRequired: unusable('authorization_rejected'),
  ScopeMissingError: { kind: 'account_unusable', status: 'missing_permission', reason: 'scope_missing' },

  AccountTakedown: unusable('account_taken_down'),
  RepoTakendown: unusable('account_taken_down'),
  AccountSuspended: unusable('account_suspended'),
  RepoSuspended: unusable('account_suspended'),
  AccountDeactivated: unusable('account_deactivated'),
  RepoDeactivated: unusable('account_deactivated'),
  AccountNotFound: unusable('account_not_found'),
  RepoNotFound: unusable('account_not_found'),

  // The key is taken by a record that differs from ours; one that is equal is answered with success.
  InvalidSwap: { kind: 'already_sent' },

  InvalidRequest: refused,
  BlobTooLarge: refused,
  BlobNotFound: refused,
  InvalidMimeType: refused,
  InvalidSize: refused,
  PayloadTooLarge: refused,

  // OAuth, https://atproto.com/specs/oauth (2026-11-22); the codes of RFC 6749 are core's.
  invalid_token: { kind: 'access_token_expired' },
  invalid_client_metadata: { kind: 'client_invalid' },
  invalid_dpop_proof: unavailable,
  use_dpop_nonce: unavailable,
  // The account has moved to a server that somebody else looks after.
  issuer_mismatch: unusable('authorization_rejected'),
  insufficient_scope: { kind: 'account_unusable', status: 'missing_permission', reason: 'scope_missing' },

  InternalServerError: unavailable,
  NotEnoughResources: unavailable,
  UpstreamFailure: unavailable,
  UpstreamTimeout: unavailable,
}

/** Where a code means something else, by what was asked. */
const codesOn: Partial<Record<Occasion, Record<string, Classification>>> = {
  connect: {
    AuthenticationRequired: {
      kind: 'credentials_rejected',
      // Which of the two was wrong the server does not say, and neither do we.
      message: 'Bluesky did not accept this identifier with this app password.',
    },
  },
  // When these reach us the stored app password has been tried as well.
  refresh: {
    ExpiredToken: lost,
    InvalidToken: lost,
    AuthenticationRequired: lost,
    AuthFactorTokenRequired: lost,
    // "Could not find user info for account": all that a refresh without body can be refused for in this way.
    InvalidRequest: unusable('account_not_found'),
  },
  verify: {
    // The token was just made, so a new one will not help.
    InvalidToken: unusable('authorization_rejected'),
    InvalidRequest: unusable('account_not_found'),
  },
}

/** What an answer without a code we know means. */
function classifyStatus(status: number, occasion: Occasion): Classification {
  if (status === 429) return { kind: 'rate_limited' }
  if (status >= 500) return unavailable
  // A refusal we cannot read must not end a grant.
  return occasion === 'refresh' || occasion === 'verify' ? unavailable : refused
}

/** What an error of Bluesky means for us. */
export function classifyError(error: PlatformError, occasion: Occasion): Classification {
  const code = error.platformCode ?? ''
  const own = codesOn[occasion] ?? {}
  if (Object.hasOwn(own, code)) return own[code] ?? refused
  // A proxy in front may say 5xx or 429 with any text.
  if (Object.hasOwn(codes, code)) return codes[code] ?? refused
  return classifyTokenError(error, occasion) ?? classifyStatus(error.status, occasion)
}
