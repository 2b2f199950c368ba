import {
  type Classification,
  classifyTokenError,
  type Occasion,
  PlatformError,
  type StatusReason,
} from '@postmcp/core'

/** An access token that was refused. */
export class TokenRefusedError extends PlatformError {
  /** Whether a refresh may help: most servers give no refresh token. */
  readonly canRefresh: boolean

  constructor(details: ConstructorParameters<typeof PlatformError>[0], canRefresh: boolean) {
    super(details)
    this.canRefresh = canRefresh
  }
}

const lost: Classification = { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' }
const expired: Classification = { kind: 'grant_lost', status: 'expired', reason: 'token_expired' }
const refused: Classification = { kind: 'refused' }
const unavailable: Classification = { kind: 'unavailable' }
const unusable = (reason: StatusReason): Classification => ({
  kind: 'account_unusable',
  status: 'verification_failed',
  reason,
})
const notPermitted = (reason: StatusReason): Classification => ({
  kind: 'account_unusable',
  status: 'missing_permission',
  reason,
})

/**
 * The API has no codes: `error` is a sentence. These are never translated.
 * @see https://github.com/mastodon/mastodon app/controllers/api/base_controller.rb, config/initializers/doorkeeper.rb (2026-08-08)
 */
const sentences: Record<string, Classification> = {
  'This method requires an authenticated user': unusable('authorization_rejected'),
  'This action is outside the authorized scopes': notPermitted('scope_missing'),
  'Your login is currently disabled': unusable('account_suspended'),
  'Your login is missing a confirmed e-mail address': unusable('authorization_rejected'),
  'Your login is currently pending approval': unusable('authorization_rejected'),
  'Your account requires two-factor authentication': unusable('authorization_rejected'),
}

/** Where a sentence or code means something else, by what was asked. */
const sentencesOn: Partial<Record<Occasion, Record<string, Classification>>> = {
  // Of a post the same words are about that post.
  verify: { 'This action is not allowed': notPermitted('authorization_rejected') },
  publish: {
    // Said of a file that was ready a moment ago. Nothing was published, and later it is.
    'Cannot attach files that have not finished processing. Try again in a moment': { kind: 'rate_limited' },
  },
  // Pleroma says this of every refresh it refuses, in place of `invalid_grant`.
  // https://git.pleroma.social/pleroma/pleroma lib/pleroma/web/o_auth/o_auth_controller.ex (2021)
  refresh: { 'Invalid credentials': lost },
}

/** What an answer in words we do not know means. */
function classifyStatus(status: number, occasion: Occasion): Classification {
  if (status === 429) return { kind: 'rate_limited' }
  if (status >= 500) return unavailable
  // An instance that was closed for good says so to everyone.
  if (status === 410 && occasion === 'verify') return unusable('account_not_found')
  // A refusal we cannot read must not end a grant.
  return occasion === 'refresh' || occasion === 'verify' ? unavailable : refused
}

/** What an error of an instance means for us. */
export function classifyError(error: PlatformError, occasion: Occasion): Classification {
  const standard = classifyTokenError(error, occasion)
  if (standard) return standard
  const sentence = (error.platformCode ?? error.message)
    .trim()
    .replace(/^Validation failed: /, '')
    .replace(/[.!]$/, '')
  for (const table of [sentencesOn[occasion] ?? {}, sentences]) {
    if (Object.hasOwn(table, sentence)) return table[sentence] ?? refused
  }
  if (error instanceof TokenRefusedError) {
    if (error.canRefresh) return { kind: 'access_token_expired' }
    // The words may be translated; then it is called revoked, which asks for the same.
    return sentence === 'The access token expired' ? expired : lost
  }
  return classifyStatus(error.status, occasion)
}
