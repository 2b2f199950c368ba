import { type Classification, classifyTokenError, type Occasion, type PlatformError } from '@postmcp/core'
import { scope } from './manifest.js'

const refused: Classification = { kind: 'refused' }
const unavailable: Classification = { kind: 'unavailable' }
const limited: Classification = { kind: 'rate_limited' }
const operator: Classification = { kind: 'client_invalid' }
const expired: Classification = { kind: 'access_token_expired' }
/** The API does not say which scope; posting takes one, reading the profile another. */
const scopeMissing = (occasion: Occasion): Classification => ({
  kind: 'account_unusable',
  status: 'missing_permission',
  reason: 'scope_missing',
  missingScopes: [occasion === 'publish' ? scope.publish : scope.basic],
})
const scopeCodes = ['scope_not_authorized', 'scope_permission_missed']

/** What a day's work has used up, of an account or of the application; the account is well. */
export const dailyCaps: readonly string[] = [
  'spam_risk_too_many_posts',
  'spam_risk_too_many_pending_share',
  'reached_active_user_cap',
]

/** TikTok has not audited the application; answered when it is used to post to an account that is public. */
export const unaudited = 'unaudited_client_can_only_post_to_private_accounts'

/**
 * What the codes of TikTok mean.
 * @see https://developers.tiktok.com/doc/tiktok-api-v2-error-handling
 * @see https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info (2026-11-22)
 */
const codes: Record<string, Classification> = {
  access_token_invalid: expired,
  // What becomes of a post whose author took away our access meanwhile.
  auth_removed: { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' },
  spam_risk_user_banned_from_posting: {
    kind: 'account_unusable',
    status: 'verification_failed',
    reason: 'account_suspended',
  },

  rate_limit_exceeded: limited,
  ...Object.fromEntries(dailyCaps.map((code) => [code, limited])),

  [unaudited]: operator,
  // Scopes that are not added to the app, or not approved.
  invalid_scope: operator,

  // The address of this installation is not verified in the settings of the app; photos are fetched from there.
  url_ownership_unverified: operator,

  invalid_params: refused,
  privacy_level_option_mismatch: refused,
  app_version_check_failed: refused,
  invalid_file_upload: refused,

  internal_error: unavailable,
}

/** What an answer without a code we know means. */
function classifyStatus(status: number, occasion: Occasion): Classification {
  if (status === 429) return limited
  if (status >= 500) return unavailable
  if (status === 401 && occasion !== 'refresh' && occasion !== 'callback') return expired
  // A refusal we cannot read must not end a grant.
  return occasion === 'refresh' || occasion === 'verify' ? unavailable : refused
}

/** What an error of TikTok means for us. */
export function classifyError(error: PlatformError, occasion: Occasion): Classification {
  const code = error.platformCode ?? ''
  if (Object.hasOwn(codes, code)) return codes[code] ?? refused
  if (scopeCodes.includes(code)) return scopeMissing(occasion)
  return classifyTokenError(error, occasion) ?? classifyStatus(error.status, occasion)
}
