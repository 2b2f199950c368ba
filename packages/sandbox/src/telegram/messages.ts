import type { FormFile } from '../incoming-form.js'
import type { PlatformKit } from '../platform.js'
import type { Person } from '../world.js'
import { describeChat, type FoundChat, findChat, topicsOf } from './chats.js'
import { BotApiError } from './errors.js'
import { describeFile, type FileKind, type SentFile, takeFile } from './files.js'
import { describeBot } from './members.js'

const MAX_TEXT = 4096
const MAX_CAPTION = 1024
/** A message that is older stays. */
const DELETABLE_SECONDS = 48 * 60 * 60

type Parameters = Record<string, string>
type Files = ReadonlyMap<string, FormFile>

/** A message in a chat; those of an album share their post. */
interface Message {
  id: number
  chatId: string
  postId: string
}

/** What bots write into chats. */
export interface Messages {
  sendText(owner: Person, parameters: Parameters): unknown
  sendFile(kind: FileKind, owner: Person, parameters: Parameters, files: Files): unknown
  sendAlbum(owner: Person, parameters: Parameters, files: Files): unknown
  /** @throws BotApiError where the message is not there, or stays */
  delete(owner: Person, chatId: string, messageId: string): true
}

const bad = (words: string) => new BotApiError(400, `Bad Request: ${words}`)

/** Chats in which nothing was written yet. */
export function createMessages(kit: PlatformKit): Messages {
  const { world } = kit
  const messages = new Map<number, Message>()
  let lastId = 1

  /** Puts messages that are shown as one into a chat. */
  function post(owner: Person, chat: FoundChat, parameters: Parameters, content: Content): unknown[] {
    const { text, files } = content
    const count = Math.max(1, files.length)
    const ids = Array.from({ length: count }, () => ++lastId)
    const repliedTo = findReplied(chat, parameters.reply_parameters)
    refuseTopic(chat, parameters.message_thread_id)
    const id = String(ids[0])
    world.addPost({
      id,
      personId: owner.id,
      resourceId: chat.resource.id,
      text,
      media: files.map(({ media }) => media),
      inReplyTo: repliedTo?.postId ?? null,
      body: parameters,
      facts: { messageIds: ids },
    })
    for (const one of ids) messages.set(one, { id: one, chatId: chat.resource.id, postId: id })
    return ids.map((one, index) => {
      const file = files[index]
      return {
        message_id: one,
        ...(chat.type === 'channel' ? { sender_chat: describeChat(chat) } : { from: describeBot(owner) }),
        chat: describeChat(chat),
        date: Math.floor(kit.now().getTime() / 1000),
        ...(parameters.message_thread_id !== undefined && {
          message_thread_id: Number(parameters.message_thread_id),
          is_topic_message: true,
        }),
        ...(repliedTo && { reply_to_message: describeReplied(chat, repliedTo) }),
        ...(parameters.protect_content === 'true' && { has_protected_content: true }),
        ...(files.length > 1 && { media_group_id: `1${id}` }),
        ...(file ? { ...describeFile(file), ...captionOf(index === 0 ? text : '') } : { text }),
      }
    })
  }

  function findReplied(chat: FoundChat, said: string | undefined): Message | null {
    if (said === undefined) return null
    const { message_id: id } = parse(said)
    const message = messages.get(Number(id))
    if (!message || message.chatId !== chat.resource.id || !world.post(message.postId)) {
      throw bad('message to be replied not found')
    }
    return message
  }

  const describeReplied = (chat: FoundChat, { id, postId }: Message) => {
    const found = world.post(postId)
    return {
      message_id: id,
      chat: describeChat(chat),
      date: Math.floor((found?.createdAt ?? kit.now()).getTime() / 1000),
    }
  }

  const open = (owner: Person, { chat_id = '' }: Parameters, what: string) =>
    findOpenChat(kit, owner, chat_id, what)

  return {
    sendText(owner, parameters) {
      const chat = open(owner, parameters, 'text messages')
      const text = (parameters.text ?? '').trim()
      if (text === '') throw bad('message text is empty')
      if (text.length > MAX_TEXT) throw bad('message is too long')
      return post(owner, chat, parameters, { text, files: [] })[0]
    },
    sendFile(kind, owner, parameters, files) {
      const chat = open(owner, parameters, NAMES[kind])
      const text = readCaption(parameters.caption)
      const source = parameters[kind]
      const file = takeFile(kit, owner, { kind, name: kind, source, files }, parameters)
      refuseMissing(parameters.cover, files)
      return post(owner, chat, parameters, { text, files: [file] })[0]
    },
    sendAlbum(owner, parameters, files) {
      const chat = open(owner, parameters, NAMES.photo)
      const items = parseList(parameters.media)
      // How the server words it is not documented.
      if (items.length < 2 || items.length > 10) throw bad('an album must include 2-10 items')
      const captions = items.map(({ caption }) => readCaption(caption)).filter((caption) => caption !== '')
      // Below an album clients show a caption only where it is the only one.
      const text = captions.length === 1 ? (captions[0] ?? '') : ''
      const sent = items.map((item): SentFile => {
        const { type, media: source, cover } = item
        if (type !== 'photo' && type !== 'video') {
          throw bad("can't use the media of the specified type in the album")
        }
        refuseMissing(cover, files)
        return takeFile(kit, owner, { kind: type, name: '', source, files }, item)
      })
      return post(owner, chat, parameters, { text, files: sent })
    },
    delete(owner, chatId, messageId) {
      const chat = findChat(kit, owner, chatId)
      const message = messages.get(Number(messageId))
      const found = message && world.post(message.postId)
      if (!message || !found || message.chatId !== chat.resource.id) throw bad('message to delete not found')
      const ageSeconds = (kit.now().getTime() - found.createdAt.getTime()) / 1000
      if (found.personId !== owner.id || ageSeconds > DELETABLE_SECONDS) {
        throw bad("message can't be deleted")
      }
      messages.delete(message.id)
      const isLast = [...messages.values()].every(({ postId }) => postId !== message.postId)
      if (isLast) world.deletePost(message.postId)
      return true
    },
  }
}

interface Content {
  text: string
  files: SentFile[]
}

const NAMES = { photo: 'photos', video: 'videos', animation: 'animations' }

/** @throws BotApiError where the bot is not in the chat, or may not write there */
function findOpenChat(kit: PlatformKit, owner: Person, chatId: string, what: string): FoundChat {
  const chat = findChat(kit, owner, chatId)
  if (!chat.isOwn) throw new BotApiError(403, `Forbidden: bot is not a member of the ${chat.type} chat`)
  if (owner.condition !== 'bot_without_rights') return chat
  throw bad(
    chat.type === 'channel'
      ? 'need administrator rights in the channel chat'
      : `not enough rights to send ${what} to the chat`,
  )
}

function refuseTopic(chat: FoundChat, topic: string | undefined): void {
  if (topic !== undefined && !topicsOf(chat.resource).includes(Number(topic))) {
    throw bad('message thread not found')
  }
}

/** A picture before the video: it has to come along. */
function refuseMissing(source: unknown, files: Files): void {
  if (source === undefined) return
  const part = /^attach:\/\/(.+)$/.exec(String(source))?.[1] ?? ''
  if (!files.has(part)) throw bad('wrong file identifier/HTTP URL specified')
}

function readCaption(said: unknown): string {
  const caption = typeof said === 'string' ? said.trim() : ''
  if (caption.length > MAX_CAPTION) throw bad('message caption is too long')
  return caption
}

const captionOf = (text: string) => (text === '' ? {} : { caption: text })

function parse(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text))
  } catch {
    throw bad('object expected as reply parameters')
  }
}

function parseList(text = ''): Record<string, unknown>[] {
  try {
    const list: unknown = JSON.parse(text)
    if (Array.isArray(list)) return list.map(Object)
  } catch {
    // As for any other text.
  }
  throw bad("can't parse media JSON object")
}
