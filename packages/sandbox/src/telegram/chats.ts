import type { PlatformKit } from '../platform.js'
import type { Random } from '../random.js'
import type { Person, Resource } from '../world.js'
import { BotApiError } from './errors.js'

/** Kinds of chats a bot may be in. */
export const CHAT_KINDS = ['channel', 'supergroup', 'group'] as const

/** What else there is to know of a chat. */
export interface ChatFacts {
  /** Without an at sign; absent where the chat is private. */
  username?: string
  /** Numbers of its topics, where a group has such. */
  topics?: readonly number[]
}

/** An id in Telegram's form: all are negative, and those of channels and supergroups begin with -100. */
export const createChatId = (kind: (typeof CHAT_KINDS)[number], random: Random): string =>
  kind === 'group' ? `-${random.digits(10)}` : `-100${random.digits(10)}`

/** The public name of a chat. */
export const usernameOf = ({ facts }: Resource): string | undefined =>
  typeof facts.username === 'string' ? facts.username : undefined

/** Numbers of the topics of a group. */
export const topicsOf = ({ facts }: Resource): readonly number[] =>
  Array.isArray(facts.topics) ? facts.topics : []

/** The id a basic group has once it was upgraded: made of the old one, so that it need not be kept. */
const upgradedId = (groupId: string) => `-1007${groupId.slice(2)}`

/** A chat as one bot finds it. */
export interface FoundChat {
  resource: Resource
  /** Under which it is reached now. */
  id: number
  type: (typeof CHAT_KINDS)[number]
  /** Whether the bot was added to it, whatever became of that. */
  isOwn: boolean
}

/**
 * Finds the chat that `chat_id` names, for the bot of a person.
 * @throws BotApiError as the server, where there is none or the bot may not look
 */
export function findChat({ world }: PlatformKit, owner: Person, chatId: string): FoundChat {
  if (chatId === '') throw new BotApiError(400, 'Bad Request: chat_id is empty')
  const isUpgraded = (chat: Resource) => chat.kind === 'group' && owner.condition === 'group_upgraded'
  const chats = world.resources().filter(({ kind }) => CHAT_KINDS.some((known) => known === kind))
  const resource = chats.find((chat) =>
    chatId.startsWith('@')
      ? usernameOf(chat)?.toLowerCase() === chatId.slice(1).toLowerCase()
      : chat.id === chatId || (isUpgraded(chat) && upgradedId(chat.id) === chatId),
  )
  const isOwn = resource?.ownerIds.includes(owner.id) ?? false
  if (!resource || !(isOwn || usernameOf(resource))) throw new BotApiError(400, 'Bad Request: chat not found')
  if (isUpgraded(resource) && chatId === resource.id) {
    throw new BotApiError(400, 'Bad Request: group chat was upgraded to a supergroup chat', {
      migrate_to_chat_id: Number(upgradedId(resource.id)),
    })
  }
  const type = isUpgraded(resource) ? 'supergroup' : CHAT_KINDS.find((kind) => kind === resource.kind)
  if (!type) throw new BotApiError(400, 'Bad Request: chat not found')
  if (isOwn && owner.condition === 'bot_kicked') {
    throw new BotApiError(403, `Forbidden: bot was kicked from the ${type} chat`)
  }
  const isOutside = isOwn && owner.condition === 'bot_left'
  if (isOutside && !usernameOf(resource)) {
    throw new BotApiError(403, `Forbidden: bot is not a member of the ${type} chat`)
  }
  const id = Number(isUpgraded(resource) ? upgradedId(resource.id) : resource.id)
  return { resource, id, type, isOwn: isOwn && !isOutside }
}

/** @see https://core.telegram.org/bots/api#chat */
export const describeChat = ({ resource, id, type }: FoundChat) => ({
  id,
  type,
  title: resource.name,
  ...(usernameOf(resource) !== undefined && { username: usernameOf(resource) }),
  ...(topicsOf(resource).length > 0 && { is_forum: true }),
})

/** @see https://core.telegram.org/bots/api#chatfullinfo */
export const describeFullChat = (chat: FoundChat, owner: Person) => ({
  ...describeChat(chat),
  accent_color_id: 3,
  max_reaction_count: 11,
  accepted_gift_types: {
    unlimited_gifts: true,
    limited_gifts: true,
    unique_gifts: true,
    premium_subscription: false,
    gifts_from_channels: true,
  },
  ...(chat.type !== 'channel' && { permissions: describePermissions(owner) }),
})

const describePermissions = ({ condition }: Person) => {
  const may = condition !== 'bot_without_rights'
  return {
    can_send_messages: may,
    can_send_audios: may,
    can_send_documents: may,
    can_send_photos: may,
    can_send_videos: may,
    can_send_video_notes: may,
    can_send_voice_notes: may,
    can_send_polls: may,
    can_send_other_messages: may,
    can_add_web_page_previews: may,
    can_change_info: false,
    can_invite_users: true,
    can_pin_messages: false,
    can_manage_topics: false,
  }
}
