import { PlatformError, type ProviderContext } from '@postmcp/core'
import { z } from 'zod'
import { callBot } from './api.js'
import { type Chat, chatForm } from './chat.js'
import { refuse } from './chat-reference.js'

/** So many chats are looked at, the latest first. */
const maxChats = 25

const webhookForm = z.object({ url: z.string() })
const withChat = z.object({ chat: z.unknown() })
const updatesForm = z.array(
  z.object({
    my_chat_member: withChat.optional(),
    channel_post: withChat.optional(),
    message: withChat.optional(),
  }),
)

/**
 * Somebody else gets the bot's updates by a webhook: it is never touched, so the chat has to be named.
 * @throws PostMcpError `invalid_request`
 */
export async function refuseForeignReader(ctx: ProviderContext, token: string): Promise<void> {
  const { url } = await callBot(ctx, { token, method: 'getWebhookInfo', result: webhookForm })
  if (url !== '') throw nameTheChat('This bot sends its updates to a webhook, which we leave as it is')
}

/**
 * The channels and groups that the bot's pending updates name, the latest first: it was added there, or something was written.
 * Nothing is consumed, for no offset is confirmed, and nothing is configured: `allowed_updates` would be remembered by the server.
 * @see https://core.telegram.org/bots/api#getupdates (2026-11-22)
 */
export async function findChats(ctx: ProviderContext, token: string): Promise<Chat[]> {
  await refuseForeignReader(ctx, token)
  const updates = await callBot(ctx, {
    token,
    method: 'getUpdates',
    parameters: { timeout: 0, limit: 100 },
    result: updatesForm,
  }).catch((error: unknown) => {
    // "terminated by other getUpdates request", or a webhook that was set just now.
    const isTaken = error instanceof PlatformError && error.status === 409
    throw isTaken ? nameTheChat('Another program reads the updates of this bot') : error
  })
  const chats = new Map<string, Chat>()
  for (const { my_chat_member, channel_post, message } of updates.toReversed()) {
    const chat = chatForm.safeParse((my_chat_member ?? channel_post ?? message)?.chat)
    if (chat.success && chat.data.type !== 'private' && !chats.has(chat.data.id)) {
      chats.set(chat.data.id, chat.data)
    }
  }
  return [...chats.values()].slice(0, maxChats)
}

const nameTheChat = (why: string) =>
  refuse(`${why}, so we cannot see where it was added. Name the channel or group in the field chat.`)
