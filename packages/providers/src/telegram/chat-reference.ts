import { type Issue, PostMcpError } from '@postmcp/core'

const nameForm = /^[A-Za-z][A-Za-z0-9_]{3,31}$/
const idForm = /^-\d{1,16}$/
/** Paths of t.me that lead to no chat. */
const reserved = /^(addstickers|addlist|addtheme|bg|contact|invoice|iv|login|proxy|setlanguage|share|socks)$/i

/**
 * Reads how a user named a chat: `@name`, `name`, a numeric id, or a link to the chat or to a message in it.
 * @returns what `chat_id` of the Bot API takes: `@name` or the id
 * @throws PostMcpError `invalid_request`
 * @see https://core.telegram.org/api/links (2026-11-22)
 */
export function parseChatReference(typed: string): string {
  // As in the minus sign of a copied id.
  const text = typed.trim().replace(/^[\u2012-\u2015\u2212]/, '-')
  if (idForm.test(text)) return text
  if (/^\d+$/.test(text)) {
    throw refuse('The id of a channel or group begins with a minus sign, such as -1001234567890.')
  }
  const name = text.replace(/^@/, '')
  if (nameForm.test(name)) return `@${name}`
  const link = /^(?:https?:\/\/)?(?:www\.)?(?:t|telegram)\.(?:me|dog)\/(.+)$/i.exec(text)?.[1]
  if (link !== undefined) return parseLink(link)
  throw refuse(
    'This names no channel or group. Give a name such as @mychannel, a numeric id such as -1001234567890, or a t.me link.',
  )
}

function parseLink(path: string): string {
  const [first = '', second = ''] = path.replace(/[?#].*$/, '').split('/')
  if (first.startsWith('+') || first === 'joinchat') {
    throw refuse(
      'An invite link does not tell which chat it leads to. Copy the link of a message in the chat, or leave this empty and add the bot to the chat.',
    )
  }
  // Links to messages of private chats carry the id without its prefix.
  if (first === 'c' && /^\d{1,13}$/.test(second)) return `-100${second}`
  const name = first === 's' ? second : first
  if (nameForm.test(name) && !reserved.test(name)) return `@${name}`
  throw refuse('This link leads to no channel or group.')
}

/** Says that a chat has to be named, or named otherwise. */
export function refuse(message: string): PostMcpError {
  const issue: Issue = { code: 'malformed', severity: 'error', message, field: 'chat' }
  return new PostMcpError('invalid_request', message, { platform: 'telegram', issues: [issue] })
}
