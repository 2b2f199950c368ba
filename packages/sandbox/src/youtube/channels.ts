import { Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { Resource } from '../world.js'
import { requireChannel } from './access.js'
import { ApiError } from './errors.js'
import { uploadsPlaylistOf } from './identity.js'
import { ACCEPTED } from './scopes.js'

/** @see https://developers.google.com/youtube/v3/docs/channels/list */
export function createChannelRoutes(kit: PlatformKit): Hono {
  const app = new Hono()
  app.get('/youtube/v3/channels', (c) => {
    const own = requireChannel(kit, c, ACCEPTED.read)
    const parts = c.req.queries('part')?.flatMap((part) => part.split(',')) ?? []
    if (parts.length === 0) throw missing('part')
    const unknown = parts.find((part) => !PARTS.includes(part))
    if (unknown !== undefined)
      throw new ApiError(400, 'unknownPart', `Unknown part ${unknown}.`, { domain: 'youtube.part' })
    const found = find(kit, own, c.req.query())
    return c.json({
      kind: 'youtube#channelListResponse',
      etag: kit.random.text(27),
      pageInfo: { totalResults: found.length, resultsPerPage: Number(c.req.query('maxResults') ?? 5) },
      // Without a channel there is no `items` at all.
      ...(found.length > 0 && { items: found.map((channel) => describeChannel(kit, channel, parts)) }),
    })
  })
  return app
}

const PARTS = ['id', 'snippet', 'contentDetails', 'status', 'statistics', 'localizations', 'brandingSettings']

const missing = (parameter: string) =>
  new ApiError(
    400,
    'missingRequiredParameter',
    `No filter selected or required parameter missing: ${parameter}.`,
    {
      domain: 'youtube.parameter',
    },
  )

function find({ world }: PlatformKit, own: Resource | null, query: Record<string, string>): Resource[] {
  // A token sees the one channel that was chosen for it, however many its person has.
  if (query.mine === 'true') return own ? [own] : []
  const all = world.resources('channel')
  if (query.id !== undefined) return all.filter(({ id }) => query.id?.split(',').includes(id))
  if (query.forHandle !== undefined)
    return all.filter(({ facts }) => `@${query.forHandle?.replace(/^@/, '')}` === facts.customUrl)
  throw missing('mine, id or forHandle')
}

function describeChannel(kit: PlatformKit, channel: Resource, parts: readonly string[]) {
  const { id, name, facts, ownerIds } = channel
  const owner = kit.world.person(ownerIds[0] ?? '')
  const url = owner ? kit.avatarUrl(owner) : ''
  const picture = (side: number) => ({ url, width: side, height: side })
  const described: Record<string, unknown> = {
    snippet: {
      title: name,
      description: 'A channel of the PostMCP sandbox.',
      ...(typeof facts.customUrl === 'string' && { customUrl: facts.customUrl }),
      publishedAt: '2026-01-01T00:00:00Z',
      thumbnails: { default: picture(88), medium: picture(240), high: picture(800) },
      localized: { title: name, description: 'A channel of the PostMCP sandbox.' },
    },
    contentDetails: { relatedPlaylists: { likes: '', uploads: uploadsPlaylistOf(channel) } },
    status: {
      privacyStatus: 'public',
      isLinked: true,
      longUploadsStatus: facts.longUploadsStatus ?? 'allowed',
      madeForKids: false,
    },
    statistics: {
      viewCount: '0',
      subscriberCount: '0',
      hiddenSubscriberCount: false,
      videoCount: String(
        kit.world.posts({ resourceId: id }).filter(({ inReplyTo }) => inReplyTo === null).length,
      ),
    },
    localizations: {},
    brandingSettings: { channel: { title: name } },
  }
  return {
    kind: 'youtube#channel',
    etag: kit.random.text(27),
    id,
    ...Object.fromEntries(parts.filter((part) => part !== 'id').map((part) => [part, described[part]])),
  }
}
