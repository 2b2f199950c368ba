import { type Authorization, PostMcpError, type ProviderContext } from '@postmcp/core'
import { z } from 'zod'
import { callBot, idForm } from './api.js'
import { parseBotToken } from './bot-token.js'
import { followMigration, getChat } from './chat.js'
import { parseChatReference, refuse } from './chat-reference.js'
import { explainChat } from './explain-chat.js'
import { refuseForeignReader } from './updates.js'

const botForm = z.object({ id: idForm, is_bot: z.literal(true) })

/**
 * Asks who the bot is. The chat that was named is kept as `settings.chat`, by its id, for `listTargets`; it says which chat this
 * connection is about, nothing of the others that the same bot feeds.
 */
export async function authenticate(
  ctx: ProviderContext,
  fields: Record<string, string>,
): Promise<Authorization> {
  const { token, botId } = parseBotToken(fields.botToken ?? '')
  const named = fields.chat?.trim() ? parseChatReference(fields.chat) : null
  const bot = await callBot(ctx, { token, method: 'getMe', result: botForm })
  if (bot.id !== botId) {
    throw new PostMcpError('credentials_rejected', 'Telegram says that this token belongs to another bot.', {
      platform: 'telegram',
    })
  }
  if (named === null) await refuseForeignReader(ctx, token)
  return {
    subject: bot.id,
    tokens: { accessToken: token },
    grantedScopes: [],
    settings: named === null ? {} : { chat: await findChat(ctx, token, named) },
    secrets: {},
  }
}

/** The id of the chat that was named; an old id of an upgraded group stays as it was given, for the sake of its account. */
async function findChat(ctx: ProviderContext, token: string, named: string): Promise<string> {
  try {
    const { found, movedTo } = await followMigration(named, (id) => getChat(ctx, token, id))
    if (found.type === 'private') {
      throw refuse('This is a private conversation. Only channels and groups can be published to.')
    }
    return movedTo === null ? found.id : named
  } catch (error) {
    throw explainChat(error, named)
  }
}
