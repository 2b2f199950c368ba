import type { Person } from '../world.js'
import { botIdOf } from './bot-father.js'
import type { FoundChat } from './chats.js'

/** @see https://core.telegram.org/bots/api#user */
export const describeBot = (owner: Person) => ({
  id: Number(botIdOf(owner)),
  is_bot: true,
  first_name: `Bot of ${owner.name}`,
  username: `${owner.handle}_sandbox_bot`,
})

/** The person behind a bot, whose id at Telegram is the bot's and one. */
export const describeOwner = (owner: Person) => ({
  id: Number(botIdOf(owner)) + 1,
  is_bot: false,
  first_name: owner.name,
})

/** What a bot is in a chat. @see https://core.telegram.org/bots/api#chatmember */
export function describeMember(owner: Person, { type, isOwn }: FoundChat) {
  const user = describeBot(owner)
  if (!isOwn) return { status: 'left', user }
  if (type !== 'channel') return { status: 'member', user }
  return {
    status: 'administrator',
    user,
    can_be_edited: false,
    is_anonymous: false,
    can_manage_chat: true,
    can_delete_messages: false,
    can_manage_video_chats: false,
    can_restrict_members: false,
    can_promote_members: false,
    can_change_info: false,
    can_invite_users: false,
    can_post_stories: false,
    can_edit_stories: false,
    can_delete_stories: false,
    can_post_messages: owner.condition !== 'bot_without_rights',
    can_edit_messages: false,
    can_manage_direct_messages: false,
  }
}
