import { type Context, Hono } from 'hono'
import { PAGE_HEADERS, renderMessage } from '../page.js'
import type { Media, Post, Resource } from '../world.js'
import { type Caller, readCaller } from './caller.js'
import { findChannel, isMember } from './conversations.js'
import { SlackRefusal } from './errors.js'
import type { SlackState } from './state.js'
import { APP_ID, channelOf } from './workspace.js'

/** Beyond this Slack cuts. */
const MAX_TEXT = 40_000

/** What stands in a channel. */
interface NewMessage {
  text: string
  media?: readonly Media[]
  threadTs: string | undefined
  /** What apps see and people do not. */
  metadata?: unknown
  /** Ids of the files, in the order of the media. */
  fileIds?: readonly string[]
}

/**
 * Writes into a channel.
 * @returns the post; its id is the `ts` of the message
 * @throws SlackRefusal `thread_not_found`
 */
export function addMessage(
  { kit: { world }, nextTs }: SlackState,
  { person, given }: Caller,
  channel: Resource,
  { text, media = [], threadTs, metadata, fileIds }: NewMessage,
): Post {
  const parent = threadTs === undefined ? undefined : world.post(threadTs)
  // How Slack words it is not documented.
  if (threadTs !== undefined && parent?.resourceId !== channel.id) throw new SlackRefusal('thread_not_found')
  const { token: _, ...body } = given
  return world.addPost({
    id: nextTs(),
    personId: person.id,
    resourceId: channel.id,
    text: unescapeText(text),
    media,
    inReplyTo: parent?.id ?? null,
    body,
    facts: { ...(metadata !== undefined && { metadata }), ...(fileIds && { fileIds }) },
  })
}

/** As readers see it. */
const unescapeText = (text: string): string =>
  text.slice(0, MAX_TEXT).replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')

/** As it stands in answers. */
export const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** @see https://docs.slack.dev/messaging/message-metadata */
function readMetadata(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    const { event_type: type, event_payload: payload } = Object(JSON.parse(text)) as Record<string, unknown>
    if (typeof type === 'string' && /^\w+$/.test(type) && typeof payload === 'object' && payload !== null)
      return { event_type: type, event_payload: payload }
  } catch {
    // As for what is no metadata.
  }
  throw new SlackRefusal('invalid_metadata_format')
}

/** @throws SlackRefusal where the bot may not write into the channel */
function requireWritable(state: SlackState, caller: Caller, channel: Resource): void {
  if (channelOf(channel).isArchived) throw new SlackRefusal('is_archived')
  if (isMember(state, caller, channel) || caller.scopes.includes('chat:write.public')) return
  throw new SlackRefusal('not_in_channel')
}

/** Messages of the bot. @see https://docs.slack.dev/reference/methods/chat.postMessage */
export function createMessageRoutes(state: SlackState): Hono {
  const { world } = state.kit
  const app = new Hono()

  app.on(['GET', 'POST'], '/api/chat.postMessage', async (c) => {
    const caller = await readCaller(state, c, ['chat:write'])
    const { text = '', thread_ts: threadTs } = caller.given
    const channel = findChannel(state, caller)
    requireWritable(state, caller, channel)
    if (text.trim() === '') throw new SlackRefusal('no_text')
    const metadata = readMetadata(caller.given.metadata)
    const post = addMessage(state, caller, channel, { text, threadTs, metadata })
    return c.json({
      ok: true,
      channel: channel.id,
      ts: post.id,
      message: {
        type: 'message',
        text: text.slice(0, MAX_TEXT),
        ts: post.id,
        user: caller.team.botUserId,
        bot_id: caller.team.botId,
        team: caller.team.teamId,
        bot_profile: describeBot(state, caller),
        ...(threadTs !== undefined && { thread_ts: threadTs }),
      },
    })
  })

  app.on(['GET', 'POST'], '/api/chat.delete', async (c) => {
    const caller = await readCaller(state, c, ['chat:write'])
    const channel = findChannel(state, caller)
    const post = findMessage(state, channel, caller.given.ts)
    if (post.personId !== caller.person.id) throw new SlackRefusal('cant_delete_message')
    world.deletePost(post.id)
    return c.json({ ok: true, channel: channel.id, ts: post.id })
  })

  app.on(['GET', 'POST'], '/api/chat.getPermalink', async (c) => {
    const caller = await readCaller(state, c)
    const channel = findChannel(state, caller)
    const post = findMessage(state, channel, caller.given.message_ts)
    const permalink = `${state.kit.base()}/archives/${channel.id}/p${post.id.replace('.', '')}`
    return c.json({ ok: true, channel: channel.id, permalink })
  })

  app.get('/archives/:channel/:message', (c) => showMessage(state, c))
  return app
}

function findMessage({ kit: { world } }: SlackState, channel: Resource, ts = ''): Post {
  const post = world.post(ts)
  if (post?.resourceId !== channel.id) throw new SlackRefusal('message_not_found')
  return post
}

/** @see https://docs.slack.dev/reference/objects/bot-object */
function describeBot({ kit }: SlackState, { team, person }: Caller) {
  const picture = kit.avatarUrl(kit.world.person(person.id) ?? person)
  return {
    id: team.botId,
    app_id: APP_ID,
    name: 'PostMCP',
    deleted: false,
    updated: Math.floor(Date.UTC(2026, 0, 1) / 1000),
    team_id: team.teamId,
    icons: { image_36: picture, image_48: picture, image_72: picture },
  }
}

function showMessage({ kit: { world } }: SlackState, c: Context): Response | Promise<Response> {
  const ts = (c.req.param('message') ?? '').replace(/^p(\d{10})(\d{6})$/, '$1.$2')
  const post = world.post(ts)
  return post && post.resourceId === c.req.param('channel')
    ? c.html(renderMessage('A message', post.text), 200, PAGE_HEADERS)
    : c.html(renderMessage('Nothing here', 'There is no such message.'), 404, PAGE_HEADERS)
}
