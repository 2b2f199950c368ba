import { Hono } from 'hono'
import type { Post, Resource } from '../world.js'
import { type Caller, readCaller } from './caller.js'
import { findChannel, isMember } from './conversations.js'
import { SlackRefusal } from './errors.js'
import { describeShared } from './files.js'
import { escapeText } from './messages.js'
import type { SlackState } from './state.js'
import { channelOf } from './workspace.js'

const READ = ['channels:history', 'groups:history', 'im:history', 'mpim:history']
const MAX_PAGE = 1000

/** A message as it is listed. */
type Listed = { ts: string } & Record<string, unknown>

/** What stands in channels, to apps that may read it. @see https://docs.slack.dev/reference/methods/conversations.history */
export function createHistoryRoutes(state: SlackState): Hono {
  const { world } = state.kit
  const app = new Hono()

  app.on(['GET', 'POST'], '/api/conversations.history', async (c) => {
    const caller = await readCaller(state, c, READ)
    const channel = findReadable(state, caller)
    const posts = world.posts({ resourceId: channel.id }).filter(({ inReplyTo }) => inReplyTo === null)
    const joined = state.joined.get(channel.id)
    const all = [
      ...posts.map((post) => ({
        ...describeMessage(state, caller, post),
        // Slack's description of threads does not have it.
        ...(post.personId === caller.person.id && { bot_id: caller.team.botId }),
      })),
      ...(joined === undefined ? [] : [describeJoining(caller, joined)]),
    ]
    const { messages, page } = readPage(caller, all.sort(byTime).reverse(), (ts, last) => ts < last)
    return c.json({
      ok: true,
      messages,
      pin_count: 0,
      channel_actions_ts: null,
      channel_actions_count: 0,
      ...page,
    })
  })

  app.on(['GET', 'POST'], '/api/conversations.replies', async (c) => {
    const caller = await readCaller(state, c, READ)
    const channel = findReadable(state, caller)
    const root = world.post(caller.given.ts ?? '')
    if (root?.resourceId !== channel.id) throw new SlackRefusal('thread_not_found')
    const replies = world.posts({ resourceId: channel.id }).filter(({ inReplyTo }) => inReplyTo === root.id)
    const all = [root, ...replies].map((post) => describeMessage(state, caller, post))
    // That the beginning of a thread is shown whatever the time range is a guess.
    const { messages, page } = readPage(caller, all.sort(byTime), (ts, last) => ts > last, root.id)
    return c.json({ ok: true, messages, ...page })
  })
  return app
}

/** @throws SlackRefusal `missing_scope`, `not_in_channel`, as well as for a channel that does not exist for the bot */
function findReadable(state: SlackState, caller: Caller): Resource {
  const channel = findChannel(state, caller)
  const needed = channelOf(channel).isPrivate ? 'groups:history' : 'channels:history'
  if (!caller.scopes.includes(needed))
    throw new SlackRefusal('missing_scope', { needed, provided: caller.scopes.join(',') })
  if (!isMember(state, caller, channel)) throw new SlackRefusal('not_in_channel')
  return channel
}

const byTime = (one: Listed, other: Listed): number => Number(one.ts) - Number(other.ts)

/** What was asked for of a list. @param isAfter whether something comes after the end of the page before */
function readPage(
  { given }: Caller,
  all: readonly Listed[],
  isAfter: (ts: number, last: number) => boolean,
  always?: string,
) {
  const { oldest = '0', latest = 'now', limit = '100', cursor = '', inclusive = 'false' } = given
  const count = Number(limit)
  if (!Number.isInteger(count) || count < 1 || count > MAX_PAGE) throw new SlackRefusal('invalid_arguments')
  const from = readTime(oldest, 'invalid_ts_oldest')
  const to = latest === 'now' ? Number.POSITIVE_INFINITY : readTime(latest, 'invalid_ts_latest')
  const isWithin = (ts: number) =>
    (ts > from && ts < to) || (inclusive === 'true' && (ts === from || ts === to))
  const last = cursor === '' ? null : readCursor(cursor)
  const left = all
    .filter(({ ts }) => ts === always || isWithin(Number(ts)))
    .filter(({ ts }) => last === null || isAfter(Number(ts), Number(last)))
  const messages = left.slice(0, count)
  const end = messages.at(-1)
  const hasMore = left.length > count && end !== undefined
  return {
    messages,
    page: {
      has_more: hasMore,
      ...(hasMore && { response_metadata: { next_cursor: writeCursor(end.ts) } }),
    },
  }
}

function readTime(text: string, code: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new SlackRefusal(code)
  return Number(text)
}

const writeCursor = (ts: string): string => Buffer.from(`next_ts:${ts}`).toString('base64')

function readCursor(cursor: string): string {
  const ts = /^next_ts:(\d+\.\d+)$/.exec(Buffer.from(cursor, 'base64').toString())?.[1]
  if (ts === undefined) throw new SlackRefusal('invalid_cursor')
  return ts
}

/** @see https://docs.slack.dev/reference/events/message */
function describeMessage({ kit: { world } }: SlackState, caller: Caller, post: Post): Listed {
  const { team, given, person } = caller
  const { fileIds, metadata } = post.facts
  const replies = world.posts().filter(({ inReplyTo }) => inReplyTo === post.id)
  return {
    type: 'message',
    user: post.personId === person.id ? team.botUserId : (post.personId ?? 'USLACKBOT'),
    team: team.teamId,
    text: escapeText(post.text),
    ts: post.id,
    ...(Array.isArray(fileIds) && {
      files: post.media.map((media, index) => describeShared(String(fileIds[index]), media)),
    }),
    ...(post.inReplyTo !== null && { thread_ts: post.inReplyTo, parent_user_id: team.botUserId }),
    ...(replies.length > 0 && {
      thread_ts: post.id,
      reply_count: replies.length,
      latest_reply: replies.at(-1)?.id,
      subscribed: true,
    }),
    ...(given.include_all_metadata === 'true' && metadata !== undefined && { metadata }),
  }
}

const describeJoining = ({ team }: Caller, ts: string): Listed => ({
  type: 'message',
  subtype: 'channel_join',
  user: team.botUserId,
  text: `<@${team.botUserId}> has joined the channel`,
  ts,
})
