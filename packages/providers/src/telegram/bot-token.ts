import { PostMcpError } from '@postmcp/core'

/*
 * The server takes no token with a leading zero, of more than 80 characters or with a slash; the secret has 35 characters today.
 * https://github.com/tdlib/telegram-bot-api telegram-bot-api/ClientManager.cpp (2026-05-07)
 */
const tokenForm = /(?<![\w:-])([1-9]\d{4,15}):[A-Za-z0-9_-]{30,64}(?![\w-])/

/** Any text that has the form of a bot token. */
const anyToken = /\d{5,16}(:|%3a)[A-Za-z0-9_-]{30,64}/gi

/** A bot token, and the id of its bot, which stays the same when the token is replaced. */
export interface BotToken {
  token: string
  botId: string
}

/**
 * Reads a token out of what a user pasted, which may be the whole message of BotFather.
 * @throws PostMcpError `invalid_request`; what was typed is not repeated
 */
export function parseBotToken(typed: string): BotToken {
  const [token, botId] = tokenForm.exec(typed) ?? []
  if (token !== undefined && botId !== undefined) return { token, botId }
  const message =
    'This is not a bot token. It looks like 123456789:AA… and stands in the message that BotFather sent you.'
  throw new PostMcpError('invalid_request', message, {
    platform: 'telegram',
    issues: [{ code: 'malformed', severity: 'error', message, field: 'botToken' }],
  })
}

/** The token stands in the path of every request, and so in whatever repeats an address. */
export function hideToken(text: string, token: string): string {
  const secret = token.slice(token.indexOf(':') + 1)
  return [token, encodeURIComponent(token), secret]
    .reduce((shown, part) => shown.replaceAll(part, '[hidden]'), text)
    .replaceAll(anyToken, '[hidden]')
}
