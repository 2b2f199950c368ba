/**
 * What has become of a person's bot, in all chats of that person.
 * - `bot_kicked`: removed and banned
 * - `bot_left`: removed
 * - `bot_without_rights`: may not publish any more
 * - `group_upgraded`: basic groups have become supergroups and have new ids
 * - `frozen`: by the moderators; how Telegram words it is not documented
 */
export const CONDITIONS = [
  'bot_kicked',
  'bot_left',
  'bot_without_rights',
  'group_upgraded',
  'frozen',
] as const
