import {
  type Classification,
  classifyTokenError,
  type Occasion,
  type PlatformError,
  type StatusReason,
} from '@postmcp/core'
import { DiscordError } from './api.js'

const unavailable: Classification = { kind: 'unavailable' }
const rateLimited: Classification = { kind: 'rate_limited' }
const refused: Classification = { kind: 'refused' }
const clientInvalid: Classification = { kind: 'client_invalid' }
const failed = (reason: StatusReason): Classification => ({
  kind: 'account_unusable',
  status: 'verification_failed',
  reason,
})
const lacks = (reason: StatusReason, missingScopes: string[] = []): Classification => ({
  kind: 'account_unusable',
  status: 'missing_permission',
  reason,
  missingScopes,
})
/** The bot is not in the server any more. It may be invited again, so the grant is not what has ended. */
const botIsOut: Classification = {
  kind: 'account_unusable',
  status: 'revoked',
  reason: 'target_not_granted',
}
const webhookIsGone: Classification = { kind: 'account_unusable', status: 'revoked', reason: 'token_revoked' }

/**
 * What the codes of Discord mean wherever they come.
 * @see https://docs.discord.com/developers/topics/opcodes-and-status-codes (2026-11-22)
 */
const codes: Record<string, Classification> = {
  10003: lacks('account_not_found'), // Unknown Channel
  10004: botIsOut, // Unknown Guild
  10007: botIsOut, // Unknown Member: the bot itself was asked for
  10015: webhookIsGone, // Unknown Webhook
  50027: webhookIsGone, // Invalid Webhook Token
  50001: lacks('target_not_granted', ['VIEW_CHANNEL']), // Missing Access
  50013: lacks('scope_missing'), // Missing Permissions
  50026: lacks('scope_missing'), // Missing OAuth2 scope

  50014: clientInvalid, // Invalid authentication token: that of the bot
  50025: { kind: 'access_token_expired' }, // Invalid OAuth2 access token

  40001: failed('authorization_rejected'),
  40002: failed('authorization_rejected'), // The account has to be verified
  // The channel turned into one that takes posts in another form.
  40058: failed('target_not_granted'),
  40067: failed('target_not_granted'),
  50008: failed('target_not_granted'),
  50083: failed('target_not_granted'), // Thread is archived
  220001: failed('target_not_granted'),
  220002: failed('target_not_granted'),
  220003: failed('target_not_granted'),

  20016: rateLimited, // Slow mode
  20028: rateLimited,
  20029: rateLimited,
  40062: rateLimited,

  40004: unavailable, // Sending was switched off for a while
  40006: unavailable, // This feature was switched off for a while
  40333: unavailable, // The proxy did not like us
}

/** What an error of Discord means for us. */
export function classifyError(error: PlatformError, occasion: Occasion): Classification {
  const code = error.platformCode ?? ''
  // Of a message that is to be made: the one with this nonce was made before, and was deleted since.
  if (code === '10008' && occasion === 'publish') return { kind: 'already_sent' }
  const ofTokenEndpoint = classifyTokenError(error, occasion)
  if (ofTokenEndpoint) return ofTokenEndpoint
  // Of a server this means that the bot is not in it; of a channel, that it cannot see it.
  if (code === '50001' && error instanceof DiscordError && error.subject === 'guild') return botIsOut
  if (Object.hasOwn(codes, code)) return codes[code] ?? refused
  if (error.status === 429) return rateLimited
  if (error.status >= 500) return unavailable
  // Code 0: the bot token was reset or is wrong, and with it every account of the installation.
  if (error.status === 401) return clientInvalid
  // A refusal we cannot read must not end a grant.
  return occasion === 'refresh' || occasion === 'verify' ? unavailable : refused
}
