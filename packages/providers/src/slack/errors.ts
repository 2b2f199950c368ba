import type { Classification, Occasion, PlatformError, StatusReason } from '@postmcp/core'
import { z } from 'zod'
import { SlackError } from './api.js'

const lost: Classification = { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' }
const unavailable: Classification = { kind: 'unavailable' }
const rateLimited: Classification = { kind: 'rate_limited' }
const refused: Classification = { kind: 'refused' }
const clientInvalid: Classification = { kind: 'client_invalid' }
const failed = (reason: StatusReason): Classification => ({
  kind: 'account_unusable',
  status: 'verification_failed',
  reason,
})
const lacks = (reason: StatusReason): Classification => ({
  kind: 'account_unusable',
  status: 'missing_permission',
  reason,
})

/**
 * What the codes of Slack mean wherever they come.
 * @see https://docs.slack.dev/reference/methods/conversations.info, chat.postMessage, oauth.v2.access there (2026-11-22)
 */
const codes: Record<string, Classification> = {
  // Only with token rotation.
  token_expired: { kind: 'access_token_expired' },
  invalid_refresh_token: lost,

  token_revoked: lost,
  account_inactive: lost,
  invalid_auth: lost,
  not_authed: lost,

  org_login_required: failed('authorization_rejected'),
  two_factor_setup_required: failed('authorization_rejected'),
  team_access_not_granted: failed('authorization_rejected'),
  enterprise_is_restricted: failed('authorization_rejected'),

  no_permission: lacks('scope_missing'),
  not_allowed_token_type: lacks('scope_missing'),
  access_denied: lacks('scope_missing'),

  not_in_channel: lacks('target_not_granted'),
  // The channel is gone, or it is private and the bot was removed: Slack says the same of both.
  channel_not_found: lacks('target_not_granted'),
  is_archived: failed('account_deactivated'),

  posting_to_channel_denied: lacks('target_not_granted'),
  app_access_restricted: lacks('target_not_granted'),
  accesslimited: lacks('target_not_granted'),
  ekm_access_denied: lacks('target_not_granted'),
  messages_tab_disabled: lacks('target_not_granted'),

  ratelimited: rateLimited,
  rate_limited: rateLimited,
  message_limit_exceeded: rateLimited,

  bad_client_secret: clientInvalid,
  invalid_client_id: clientInvalid,
  bad_redirect_uri: clientInvalid,
  no_scopes: clientInvalid,
  pkce_not_allowed: clientInvalid,
  oauth_authorization_url_mismatch: clientInvalid,

  fatal_error: unavailable,
  internal_error: unavailable,
  service_unavailable: unavailable,
  request_timeout: unavailable,
  // While a workspace moves into an organisation.
  team_added_to_org: unavailable,
}

/** Policies that are about files alone: the channel still takes texts. */
const refusesFiles = [
  'slack_connect_file_upload_sharing_blocked',
  'file_uploads_disabled',
  'file_uploads_except_images_disabled',
]

/** Families of codes: policies of administrators, each in several forms. */
const prefixes = ['restricted_action', 'slack_connect_']

/** What an error of Slack means for us. */
export function classifyError(error: PlatformError, occasion: Occasion): Classification {
  const code = error.platformCode ?? ''
  if (code === 'missing_scope') {
    const missingScopes = error instanceof SlackError ? error.neededScopes : []
    return { kind: 'account_unusable', status: 'missing_permission', reason: 'scope_missing', missingScopes }
  }
  if (occasion === 'publish' && refusesFiles.includes(code)) return refused
  if (Object.hasOwn(codes, code)) return codes[code] ?? refused
  if (prefixes.some((prefix) => code.startsWith(prefix))) return lacks('target_not_granted')
  if (error.status === 429) return rateLimited
  if (error.status >= 500) return unavailable
  // A refusal we cannot read must not end a grant.
  return occasion === 'refresh' || occasion === 'verify' ? unavailable : refused
}

const tokenError = z.object({ ok: z.literal(false), error: z.string().min(1) })

/** An error of the token endpoint, which comes with status 200 like everything Slack says. */
export function readTokenError({ json }: { status: number; json: unknown }) {
  const parsed = tokenError.safeParse(json)
  return parsed.success ? { platformCode: parsed.data.error.slice(0, 100), message: '' } : null
}
