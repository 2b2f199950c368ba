import { type Classification, classifyTokenError, type Occasion, type PlatformError } from '@postmcp/core'
import { z } from 'zod'
import { scope } from './scopes.js'

const refused: Classification = { kind: 'refused' }
const unavailable: Classification = { kind: 'unavailable' }
const limited: Classification = { kind: 'rate_limited' }
const operator: Classification = { kind: 'client_invalid' }
const expired: Classification = { kind: 'access_token_expired' }
const gone: Classification = { kind: 'account_unusable', status: 'revoked', reason: 'account_not_found' }
const suspended: Classification = {
  kind: 'account_unusable',
  status: 'verification_failed',
  reason: 'account_suspended',
}
const noChannel: Classification = {
  kind: 'account_unusable',
  status: 'verification_failed',
  reason: 'account_not_found',
}
const rejected: Classification = {
  kind: 'account_unusable',
  status: 'verification_failed',
  reason: 'authorization_rejected',
}
const notGranted = (missing: string): Classification => ({
  kind: 'account_unusable',
  status: 'missing_permission',
  reason: 'scope_missing',
  missingScopes: [missing],
})

/** No channel; service accounts are answered in this way too. */
export const noChannelCodes: readonly string[] = ['youtubeSignupRequired', 'NoLinkedYouTubeAccount']

/**
 * What the reasons of the Data API mean wherever they come.
 * @see https://developers.google.com/youtube/v3/docs/errors, and the error enumeration of the API's discovery document as shipped
 *   in @googleapis/youtube 39.0.0 (2026-11-22)
 */
const codes: Record<string, Classification> = {
  authError: expired,
  UNAUTHENTICATED: expired,

  ...Object.fromEntries(noChannelCodes.map((code) => [code, noChannel])),

  authenticatedUserAccountClosed: gone,
  channelClosed: gone,
  authenticatedUserAccountSuspended: suspended,
  channelSuspended: suspended,
  // Managers by invitation cannot use the API for the channel.
  accountDelegationForbidden: {
    kind: 'account_unusable',
    status: 'missing_permission',
    reason: 'target_not_granted',
  },
  failedPrecondition: rejected,

  // The API is not switched on in the operator's project.
  accessNotConfigured: operator,
  SERVICE_DISABLED: operator,

  quotaExceeded: limited,
  dailyLimitExceeded: limited,
  rateLimitExceeded: limited,
  userRateLimitExceeded: limited,
  RATE_LIMIT_EXCEEDED: limited,
  RESOURCE_EXHAUSTED: limited,
  // The daily limit of the channel, answered with status 400: github.com/porjo/youtubeuploader/issues/212.
  uploadLimitExceeded: limited,

  backendError: unavailable,
  internalError: unavailable,
  processingFailure: unavailable,
}

const scopeCodes = ['insufficientPermissions', 'ACCESS_TOKEN_SCOPE_INSUFFICIENT']

/** Where a code means something else, by what was asked. */
const codesOn: Partial<Record<Occasion, Record<string, Classification>>> = {
  // A reading call of one's own channel that is forbidden; elsewhere one feature may be, such as thumbnails of channels without a phone number.
  verify: {
    forbidden: { kind: 'account_unusable', status: 'missing_permission', reason: 'authorization_rejected' },
  },
  publish: {
    // Why a video was refused after it had been taken; the other reasons are about the video.
    uploaderAccountClosed: gone,
    uploaderAccountSuspended: suspended,
  },
  refresh: {
    // The session length that an administrator of the organization set has passed.
    invalid_rapt: { kind: 'grant_lost', status: 'expired', reason: 'token_expired' },
  },
}

/** What the lack of a scope says, by what was asked. */
const scopeFor: Record<Occasion, Classification> = {
  connect: notGranted(scope.readonly),
  callback: notGranted(scope.readonly),
  verify: notGranted(scope.readonly),
  publish: notGranted(scope.upload),
  // Deletion takes an optional scope: an account without it is well.
  delete: refused,
  refresh: unavailable,
  revoke: refused,
}

/** The client is not the one that is registered, or not registered with this address. */
const clientCodes = ['redirect_uri_mismatch', 'deleted_client', 'disabled_client']

/** What an answer without a code we know means. */
function classifyStatus(status: number, occasion: Occasion): Classification {
  if (status === 429) return limited
  if (status >= 500) return unavailable
  if (status === 401 && occasion !== 'refresh' && occasion !== 'callback') return expired
  // A refusal we cannot read must not end a grant.
  return occasion === 'refresh' || occasion === 'verify' ? unavailable : refused
}

/** What an error of Google or YouTube means for us. */
export function classifyError(error: PlatformError, occasion: Occasion): Classification {
  const code = error.platformCode ?? ''
  const own = codesOn[occasion] ?? {}
  if (Object.hasOwn(own, code)) return own[code] ?? refused
  if (Object.hasOwn(codes, code)) return codes[code] ?? refused
  if (scopeCodes.includes(code)) return scopeFor[occasion]
  if (clientCodes.includes(code)) return operator
  return classifyTokenError(error, occasion) ?? classifyStatus(error.status, occasion)
}

const reauthBody = z.object({
  error: z.literal('invalid_grant'),
  error_subtype: z.literal('invalid_rapt'),
  error_description: z.string().default(''),
})

/** An organization's session control hides behind `invalid_grant`; its subtype says what it is. Null for any other answer. */
export function readTokenError({ json }: { json: unknown }) {
  const parsed = reauthBody.safeParse(json)
  if (!parsed.success) return null
  return { platformCode: parsed.data.error_subtype, message: parsed.data.error_description }
}
