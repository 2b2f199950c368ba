import type { ProviderContext } from '@postmcp/core'
import { z } from 'zod'
import { callBot } from './api.js'
import { type Chat, type FullChat, followMigration, getChat } from './chat.js'

const memberForm = z.looseObject({
  status: z.enum(['creator', 'administrator', 'member', 'restricted', 'left', 'kicked']),
})

/** What a bot may do in a chat: publish, not for want of rights, or nothing because it is not in there. */
export type Rights =
  | { state: 'allowed' }
  | { state: 'lacking'; missing: string[] }
  | { state: 'left' | 'kicked' }

// What members of a group need to publish what we publish.
const neededInGroups = ['can_send_messages', 'can_send_photos', 'can_send_videos']

/**
 * Asks what the bot may do in a chat.
 * @see https://core.telegram.org/bots/api#chatmember (2026-11-22)
 */
export async function readRights(
  ctx: ProviderContext,
  bot: { token: string; botId: string },
  chat: Chat,
): Promise<Rights> {
  const member = await callBot(ctx, {
    token: bot.token,
    method: 'getChatMember',
    parameters: { chat_id: chat.id, user_id: Number(bot.botId) },
    result: memberForm,
  })
  const { status } = member
  if (status === 'left' || status === 'kicked') return { state: status }
  if (status === 'restricted' && member.is_member === false) return { state: 'left' }
  if (chat.type === 'channel') {
    const mayPost = status === 'creator' || (status === 'administrator' && member.can_post_messages === true)
    return allow(mayPost ? [] : ['can_post_messages'])
  }
  if (status === 'restricted') return allow(neededInGroups.filter((right) => member[right] !== true))
  if (status !== 'member') return allow([])
  const { permissions } = await getChat(ctx, bot.token, chat.id)
  return allow(neededInGroups.filter((right) => permissions?.[right] === false))
}

/** A chat with what the bot may do in it, under the id it has now. */
export async function inspectChat(
  ctx: ProviderContext,
  bot: { token: string; botId: string },
  chatId: string,
): Promise<{ chat: FullChat; rights: Rights; movedTo: string | null }> {
  const { found, movedTo } = await followMigration(chatId, async (id) => {
    const chat = await getChat(ctx, bot.token, id)
    return { chat, rights: await readRights(ctx, bot, chat) }
  })
  return { ...found, movedTo }
}

const allow = (missing: string[]): Rights =>
  missing.length === 0 ? { state: 'allowed' } : { state: 'lacking', missing }
