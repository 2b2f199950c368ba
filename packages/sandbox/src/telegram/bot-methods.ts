import type { FormFile } from '../incoming-form.js'
import type { PlatformKit } from '../platform.js'
import type { Person } from '../world.js'
import { botIdOf } from './bot-father.js'
import { describeFullChat, findChat } from './chats.js'
import { BotApiError } from './errors.js'
import { describeBot, describeMember } from './members.js'
import { createMessages } from './messages.js'
import { takeUpdates, type UpdateQueues } from './updates.js'

/** One method of the Bot API, for the bot of a person; gives its `result`. */
export type BotMethod = (
  owner: Person,
  parameters: Record<string, string>,
  files: ReadonlyMap<string, FormFile>,
) => unknown

/** Methods by name in lower case: the server takes any. @see https://core.telegram.org/bots/api#available-methods */
export function createMethods(kit: PlatformKit, queues: UpdateQueues): Map<string, BotMethod> {
  const messages = createMessages(kit)
  const methods: Record<string, BotMethod> = {
    getMe: (owner) => ({
      ...describeBot(owner),
      can_join_groups: true,
      can_read_all_group_messages: false,
      supports_inline_queries: false,
      can_connect_to_business: false,
      has_main_web_app: false,
    }),
    getChat: (owner, { chat_id = '' }) => describeFullChat(findChat(kit, owner, chat_id), owner),
    getChatMember(owner, { chat_id = '', user_id = '' }) {
      const chat = findChat(kit, owner, chat_id)
      if (!chat.isOwn && user_id !== botIdOf(owner)) {
        throw new BotApiError(400, 'Bad Request: member list is inaccessible')
      }
      if (user_id !== botIdOf(owner)) throw new BotApiError(400, 'Bad Request: user not found')
      return describeMember(owner, chat)
    },
    getUpdates: (owner, { offset = '0', limit = '100' }) =>
      takeUpdates(queues.of(owner), { offset: Number(offset), limit: Number(limit) }),
    getWebhookInfo(owner) {
      const { webhookUrl, updates } = queues.of(owner)
      return {
        url: webhookUrl,
        has_custom_certificate: false,
        pending_update_count: updates.length,
        ...(webhookUrl !== '' && { max_connections: 40 }),
      }
    },
    sendMessage: (owner, parameters) => messages.sendText(owner, parameters),
    sendPhoto: (owner, parameters, files) => messages.sendFile('photo', owner, parameters, files),
    sendVideo: (owner, parameters, files) => messages.sendFile('video', owner, parameters, files),
    sendAnimation: (owner, parameters, files) => messages.sendFile('animation', owner, parameters, files),
    sendMediaGroup: (owner, parameters, files) => messages.sendAlbum(owner, parameters, files),
    deleteMessage: (owner, { chat_id = '', message_id = '' }) => messages.delete(owner, chat_id, message_id),
    setWebhook(owner, { url = '' }) {
      queues.of(owner).webhookUrl = url
      return true
    },
    deleteWebhook(owner) {
      queues.of(owner).webhookUrl = ''
      return true
    },
  }
  return new Map(Object.entries(methods).map(([name, method]) => [name.toLowerCase(), method]))
}
