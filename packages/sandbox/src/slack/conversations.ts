import { Hono } from 'hono'
import type { Resource } from '../world.js'
import { type Caller, readCaller } from './caller.js'
import { SlackRefusal } from './errors.js'
import type { SlackState } from './state.js'
import { channelOf } from './workspace.js'

const READ = ['channels:read', 'groups:read', 'im:read', 'mpim:read']

/** Channels as the bot sees them. @see https://docs.slack.dev/reference/methods/conversations.list */
export function createConversationRoutes(state: SlackState): Hono {
  const app = new Hono()

  app.on(['GET', 'POST'], '/api/conversations.list', async (c) => {
    const caller = await readCaller(state, c, READ)
    const { types = 'public_channel', exclude_archived, limit = '100', cursor = '' } = caller.given
    const asked = types.split(',').map((type) => type.trim())
    requireTypes(caller, asked)
    const count = Number(limit)
    if (!Number.isInteger(count) || count < 1 || count > 999) throw new SlackRefusal('invalid_limit')
    const all = visibleChannels(state, caller)
      .filter((one) => asked.includes(channelOf(one).isPrivate ? 'private_channel' : 'public_channel'))
      .filter((one) => exclude_archived !== 'true' || !channelOf(one).isArchived)
    const start = cursor === '' ? 0 : readCursor(cursor)
    const next = start + count < all.length ? writeCursor(start + count) : ''
    return c.json({
      ok: true,
      channels: all.slice(start, start + count).map((one) => describeChannel(state, caller, one)),
      response_metadata: { next_cursor: next },
    })
  })

  app.on(['GET', 'POST'], '/api/conversations.info', async (c) => {
    const caller = await readCaller(state, c, READ)
    const channel = findChannel(state, caller)
    requireTypes(caller, [channelOf(channel).isPrivate ? 'private_channel' : 'public_channel'])
    return c.json({ ok: true, channel: describeChannel(state, caller, channel) })
  })

  app.post('/api/conversations.join', async (c) => {
    const caller = await readCaller(state, c, ['channels:join'])
    const channel = findChannel(state, caller)
    const { isPrivate, isArchived } = channelOf(channel)
    if (isPrivate) throw new SlackRefusal('method_not_supported_for_channel_type')
    if (isArchived) throw new SlackRefusal('is_archived')
    const wasMember = isMember(state, caller, channel)
    if (!wasMember) state.joined.set(channel.id, state.nextTs())
    return c.json({
      ok: true,
      channel: describeChannel(state, caller, channel),
      ...(wasMember && {
        warning: 'already_in_channel',
        response_metadata: { warnings: ['already_in_channel'] },
      }),
    })
  })
  return app
}

/** Whether the bot is in a channel: invited and not removed, or joined by itself. */
export const isMember = ({ joined }: SlackState, { resourceIds }: Caller, channel: Resource): boolean =>
  joined.has(channel.id) || (channelOf(channel).isMember && resourceIds.includes(channel.id))

/** Private channels in which the bot is not do not exist for it. */
const visibleChannels = (state: SlackState, caller: Caller): Resource[] =>
  state.kit.world
    .resources('channel')
    .filter((one) => channelOf(one).teamId === caller.team.teamId)
    .filter((one) => !channelOf(one).isPrivate || isMember(state, caller, one))

/** The channel that is named. @throws SlackRefusal `channel_not_found` */
export function findChannel(state: SlackState, caller: Caller): Resource {
  const found = visibleChannels(state, caller).find(({ id }) => id === caller.given.channel)
  if (!found) throw new SlackRefusal('channel_not_found')
  return found
}

function requireTypes({ scopes }: Caller, types: readonly string[]): void {
  const needs: [type: string, scope: string][] = [
    ['public_channel', 'channels:read'],
    ['private_channel', 'groups:read'],
    ['im', 'im:read'],
    ['mpim', 'mpim:read'],
  ]
  for (const type of types)
    if (!needs.some(([known]) => known === type)) throw new SlackRefusal('invalid_types')
  const missing = needs.filter(([type, scope]) => types.includes(type) && !scopes.includes(scope))
  if (missing.length > 0)
    throw new SlackRefusal('missing_scope', {
      needed: missing.map(([, scope]) => scope).join(','),
      provided: scopes.join(','),
    })
}

/** @see https://docs.slack.dev/reference/objects/conversation-object */
function describeChannel(state: SlackState, caller: Caller, channel: Resource) {
  const { isPrivate, isArchived } = channelOf(channel)
  const creator = caller.person.id
  return {
    id: channel.id,
    name: channel.name,
    name_normalized: channel.name,
    created: Math.floor(Date.UTC(2026, 0, 1) / 1000),
    creator,
    is_channel: !isPrivate,
    is_group: false,
    is_im: false,
    is_mpim: false,
    is_private: isPrivate,
    is_archived: isArchived,
    is_general: channel.name === 'general',
    is_shared: false,
    is_org_shared: false,
    is_ext_shared: false,
    is_member: isMember(state, caller, channel),
    topic: { value: '', creator: '', last_set: 0 },
    purpose: { value: '', creator: '', last_set: 0 },
    previous_names: [],
    num_members: 1,
  }
}

const writeCursor = (start: number): string => Buffer.from(`start:${start}`).toString('base64')

function readCursor(cursor: string): number {
  const start = /^start:(\d+)$/.exec(Buffer.from(cursor, 'base64').toString())?.[1]
  if (start === undefined) throw new SlackRefusal('invalid_cursor')
  return Number(start)
}
