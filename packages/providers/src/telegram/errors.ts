import type { Classification, Occasion, PlatformError } from '@postmcp/core'

const gone: Classification = { kind: 'account_unusable', status: 'revoked', reason: 'target_not_granted' }
const outside: Classification = {
  kind: 'account_unusable',
  status: 'missing_permission',
  reason: 'target_not_granted',
}
const rightMissing: Classification = {
  kind: 'account_unusable',
  status: 'missing_permission',
  reason: 'scope_missing',
}
const unknown: Classification = {
  kind: 'account_unusable',
  status: 'verification_failed',
  reason: 'account_not_found',
}
const rejected: Classification = {
  kind: 'account_unusable',
  status: 'verification_failed',
  reason: 'authorization_rejected',
}
const unavailable: Classification = { kind: 'unavailable' }

/**
 * The Bot API has no codes beside the HTTP status, so descriptions have to be searched. The server lower-cases their first letter
 * after the prefix and changes them at times; these are the fragments that stay.
 * @see https://github.com/tdlib/telegram-bot-api telegram-bot-api/Client.cpp (2026-05-07)
 */
const descriptions: readonly [status: number, fragment: RegExp, Classification][] = [
  [403, /bot was (kicked|blocked|banned)/i, gone],
  [403, /chat was deleted|user is deactivated/i, gone],
  [403, /bot is not a member|can't initiate conversation/i, outside],
  // Of a channel's members only administrators are told.
  [400, /member list is inaccessible/i, outside],
  [400, /need administrator rights|(not enough|have no) rights|CHAT_ADMIN_REQUIRED/i, rightMissing],
  [400, /CHAT_WRITE_FORBIDDEN|CHAT_SEND_\w+_FORBIDDEN|CHAT_RESTRICTED/, rightMissing],
  [400, /chat not found|upgraded to a supergroup/i, unknown],
  // The moderators froze the bot; which methods say so, and how exactly, is not documented.
  [400, /FROZEN/, { kind: 'account_unusable', status: 'revoked', reason: 'account_suspended' }],
  // Of an album some messages may be public by then: https://github.com/rubenlagus/TelegramBots/issues/1520 (2025-07)
  [400, /failed to send message #/i, unavailable],
  // A token that was accepted once does not lose its form: somebody between here and there changes the address.
  [401, /invalid token specified/i, rejected],
]

/** What an error of the Bot API means for us. */
export function classifyError({ status, message }: PlatformError, occasion: Occasion): Classification {
  if (status === 429) return { kind: 'rate_limited' }
  // 409: somebody else reads the bot's updates. 421: a Bot API server that leaves out some bots.
  if (status >= 500 || status === 409 || status === 421) return unavailable
  if (occasion === 'connect' && (status === 401 || status === 404)) {
    return {
      kind: 'credentials_rejected',
      message:
        'Telegram does not know this bot token. Copy it from BotFather again; after /revoke only the newest one works.',
    }
  }
  const known = descriptions.find(([code, fragment]) => code === status && fragment.test(message))
  if (known) return known[2]
  if (status === 401) return { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' }
  // A path that the server does not take for that of a bot.
  if (status === 404 && occasion === 'verify') return rejected
  return occasion === 'refresh' || occasion === 'verify' ? unavailable : { kind: 'refused' }
}
