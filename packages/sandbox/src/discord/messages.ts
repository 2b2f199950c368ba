import { type Context, Hono } from 'hono'
import { FormError, type FormFile, type IncomingForm, receiveForm } from '../incoming-form.js'
import { PAGE_HEADERS, renderMessage } from '../page.js'
import type { Media, Post, Resource } from '../world.js'
import { requireBot } from './access.js'
import { describeMessage } from './describe-message.js'
import { DiscordRefusal, invalidForm, missingAccess, unknownChannel } from './errors.js'
import { permissionsOf } from './guilds.js'
import { PERMISSIONS } from './permissions.js'
import type { DiscordState, Webhook } from './state.js'
import { channelOf, guildOf, isBotIn } from './world.js'

const MAX_TEXT = 2000
const MAX_NONCE = 25
const MAX_FILES = 10
const MAX_ALT_TEXT = 1024
const MAX_FILE_BYTES = 10 * 1024 * 1024
const MAX_REQUEST_BYTES = 25 * 1024 * 1024
/** Discord says "the past few minutes". */
const NONCE_SECONDS = 180

const CROSSPOSTED = 1 << 0

const unknownMessage = () => new DiscordRefusal(404, 10008, 'Unknown Message')
const tooLarge = () => new DiscordRefusal(413, 40005, 'Request entity too large')

/** A message as somebody wants it. */
interface Wanted {
  content: string
  flags: number
  nonce: string | null
  enforceNonce: boolean
  replyTo: string | null
  attachments: readonly { id: string; filename: string; description: string | null }[]
  body: unknown
  files: IncomingForm['files']
}

/** Messages of the bot and of webhooks. */
export interface Messages {
  routes: Hono
  /** Writes what a webhook was told. */
  addOfWebhook(c: Context, webhook: Webhook): Promise<Post>
  /** @throws DiscordRefusal 404 where there is none */
  find(channelId: string, messageId: string): Post
}

/** @see https://docs.discord.com/developers/resources/message */
export function createMessages(state: DiscordState): Messages {
  const { world, now } = state.kit
  /** What the bot sent by nonce, for some minutes. */
  const nonces = new Map<string, { messageId: string; at: Date }>()

  const find = (channelId: string, messageId: string): Post => {
    const post = world.post(messageId)
    if (post?.resourceId !== channelId) throw unknownMessage()
    return post
  }

  /** A channel the bot sees. */
  const requireChannel = (id: string): Resource => {
    const channel = world.resource(id)
    if (channel?.kind !== 'channel') throw unknownChannel()
    const { guildId } = channelOf(channel)
    if (!isBotIn(world, guildId) || !may(channel, 'VIEW_CHANNEL')) throw missingAccess()
    return channel
  }
  const may = (channel: Resource, permission: keyof typeof PERMISSIONS) =>
    (permissionsOf(state, channel) & PERMISSIONS[permission]) !== 0n
  const demand = (channel: Resource, permission: keyof typeof PERMISSIONS) => {
    if (!may(channel, permission)) throw new DiscordRefusal(403, 50013, 'Missing Permissions')
  }

  function add(channel: Resource, wanted: Wanted, webhook: Webhook | null): Post {
    const guild = world.resource(channelOf(channel).guildId)
    if (!guild) throw unknownChannel()
    const personId = guildOf(guild).ownerId
    const { content, flags, nonce, body } = wanted
    if (wanted.replyTo !== null && world.post(wanted.replyTo)?.resourceId !== channel.id)
      throw invalidForm('message_reference', 'MESSAGE_REFERENCE_UNKNOWN_MESSAGE', 'Unknown message')
    return world.addPost({
      personId,
      resourceId: channel.id,
      text: content,
      media: keep(wanted, personId),
      inReplyTo: wanted.replyTo,
      body,
      facts: { flags, nonce, webhookId: webhook?.id ?? null, webhookName: webhook?.name ?? null },
    })
  }

  function keep({ files, attachments }: Wanted, personId: string): Media[] {
    return [...files].map(([name, { file, fileName, mimeType }]) => {
      const id = /^files\[(\d+)\]$/.exec(name)?.[1]
      const said = attachments.find((one) => one.id === id)
      return file.finish(world, {
        personId,
        mimeType,
        altText: said?.description ?? null,
        facts: { fileName: said?.filename ?? fileName },
      })
    })
  }

  const app = new Hono()

  app.post('/channels/:id/messages', async (c) => {
    requireBot(c)
    const channel = requireChannel(c.req.param('id'))
    if (channelOf(channel).type === 15)
      throw new DiscordRefusal(400, 40058, 'Cannot send a message in a forum channel')
    if (channelOf(channel).type === 4)
      throw new DiscordRefusal(400, 50008, 'Cannot send messages in a non-text channel')
    demand(channel, 'SEND_MESSAGES')
    const wanted = await readMessage(c)
    if (wanted.files.size > 0) demand(channel, 'ATTACH_FILES')
    const { nonce } = wanted
    if (!wanted.enforceNonce || nonce === null)
      return c.json(describeMessage(state, add(channel, wanted, null)))
    const known = nonces.get(nonce)
    const isKnown = known && now().getTime() - known.at.getTime() < NONCE_SECONDS * 1000
    const post = isKnown ? find(channel.id, known.messageId) : add(channel, wanted, null)
    if (!isKnown) nonces.set(nonce, { messageId: post.id, at: now() })
    return c.json(describeMessage(state, post))
  })

  app.delete('/channels/:id/messages/:message', (c) => {
    requireBot(c)
    const channel = requireChannel(c.req.param('id'))
    // All messages here are of the bot or of its webhooks.
    world.deletePost(find(channel.id, c.req.param('message')).id)
    return c.body(null, 204)
  })

  app.post('/channels/:id/messages/:message/crosspost', (c) => {
    requireBot(c)
    const channel = requireChannel(c.req.param('id'))
    demand(channel, 'SEND_MESSAGES')
    const post = find(channel.id, c.req.param('message'))
    if (channelOf(channel).type !== 5)
      throw new DiscordRefusal(400, 50024, 'Cannot execute action on this channel type')
    const flags = Number(post.facts.flags)
    if (flags & CROSSPOSTED)
      throw new DiscordRefusal(400, 40033, 'This message has already been crossposted.')
    const changed = world.updatePost(post.id, { facts: { ...post.facts, flags: flags | CROSSPOSTED } })
    return c.json(describeMessage(state, changed))
  })

  return {
    routes: app,
    find,
    async addOfWebhook(c, webhook) {
      const channel = world.resource(webhook.channelId)
      if (!channel) throw unknownChannel()
      const wanted = await readMessage(c)
      // Of these it takes no notice.
      return add(channel, { ...wanted, replyTo: null, nonce: null }, webhook)
    },
  }
}

/** Where people look at a message. */
export function createMessagePages({ kit: { world } }: DiscordState): Hono {
  const app = new Hono()
  app.get('/channels/:guild/:channel/:message', (c) => {
    const post = world.post(c.req.param('message'))
    return post && post.resourceId === c.req.param('channel')
      ? c.html(renderMessage('A message', post.text), 200, PAGE_HEADERS)
      : c.html(renderMessage('Nothing here', 'There is no such message.'), 404, PAGE_HEADERS)
  })
  return app
}

/** @throws DiscordRefusal as the API words what is wrong */
async function readMessage(c: Context): Promise<Wanted> {
  if (Number(c.req.header('content-length') ?? 0) > MAX_REQUEST_BYTES) throw tooLarge()
  const { body, files } = await readBody(c)
  const { content, nonce, flags, enforce_nonce, message_reference, attachments } = Object(body)
  const text = typeof content === 'string' ? content : ''
  if (text.length > MAX_TEXT)
    throw invalidForm('content', 'BASE_TYPE_MAX_LENGTH', `Must be ${MAX_TEXT} or fewer in length.`)
  if (text.trim() === '' && files.size === 0)
    throw new DiscordRefusal(400, 50006, 'Cannot send an empty message')
  if (nonce !== undefined && String(nonce).length > MAX_NONCE)
    throw invalidForm('nonce', 'BASE_TYPE_MAX_LENGTH', `Must be ${MAX_NONCE} or fewer in length.`)
  if (files.size > MAX_FILES)
    throw new DiscordRefusal(400, 30015, `Maximum number of attachments in a message reached (${MAX_FILES})`)
  if ([...files.values()].some(({ file }) => file.bytes > MAX_FILE_BYTES)) throw tooLarge()
  const replyTo = Object(message_reference).message_id
  return {
    content: text,
    flags: Number(flags ?? 0),
    nonce: nonce === undefined ? null : String(nonce),
    enforceNonce: enforce_nonce === true,
    replyTo: replyTo === undefined ? null : String(replyTo),
    attachments: readAttachments(attachments),
    body,
    files,
  }
}

function readAttachments(said: unknown): Wanted['attachments'] {
  if (!Array.isArray(said)) return []
  return said.map((one) => {
    const { id, filename, description } = Object(one)
    if (typeof description === 'string' && description.length > MAX_ALT_TEXT)
      throw invalidForm('attachments', 'BASE_TYPE_MAX_LENGTH', `Must be ${MAX_ALT_TEXT} or fewer in length.`)
    return {
      id: String(id),
      filename: String(filename),
      description: typeof description === 'string' ? description : null,
    }
  })
}

async function readBody(c: Context): Promise<{ body: unknown; files: Map<string, FormFile> }> {
  const isForm = (c.req.header('content-type') ?? '').startsWith('multipart/form-data')
  try {
    if (!isForm) return { body: await c.req.json(), files: new Map() }
    const { fields, files } = await receiveForm(c.req.raw)
    const { payload_json: payload, ...others } = fields
    return { body: payload === undefined ? others : JSON.parse(payload), files }
  } catch (error) {
    if (!(error instanceof FormError || error instanceof SyntaxError)) throw error
    throw new DiscordRefusal(400, 50109, 'The request body contains invalid JSON.')
  }
}
