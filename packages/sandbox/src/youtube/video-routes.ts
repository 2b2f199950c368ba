import { type Context, Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import { requireCaller, requireChannel } from './access.js'
import { ApiError } from './errors.js'
import { uploadsPlaylistOf } from './identity.js'
import { pageToken, readPageToken } from './page-tokens.js'
import { ACCEPTED } from './scopes.js'
import type { Videos } from './videos.js'

const VIDEO_PARTS = ['id', 'snippet', 'status', 'processingDetails', 'contentDetails']
const ITEM_PARTS = ['id', 'snippet', 'contentDetails', 'status']

/**
 * Looking at videos, and deleting them.
 * @see https://developers.google.com/youtube/v3/docs/videos/list and https://developers.google.com/youtube/v3/docs/playlistItems/list
 */
export function createVideoRoutes(kit: PlatformKit, videos: Videos): Hono {
  const app = new Hono()
  const page = (kind: string, items: unknown[], total: number, resultsPerPage: number) => ({
    kind,
    etag: kit.random.text(27),
    items,
    pageInfo: { totalResults: total, resultsPerPage },
  })

  app.get('/youtube/v3/videos', (c) => {
    const own = requireChannel(kit, c, ACCEPTED.read)
    const parts = readParts(c, VIDEO_PARTS)
    const ids = c.req.queries('id')?.flatMap((id) => id.split(',')) ?? []
    if (ids.length === 0) throw missing('id')
    const found = ids.flatMap((id) => videos.find(id, own?.id) ?? [])
    return c.json(
      page(
        'youtube#videoListResponse',
        found.map((post) => videos.describe(post, parts)),
        found.length,
        found.length,
      ),
    )
  })

  app.delete('/youtube/v3/videos', (c) => {
    const { channel } = requireCaller(kit, c, ACCEPTED.manage)
    const id = c.req.query('id')
    if (!id) throw missing('id')
    const post = videos.find(id, channel.id)
    if (!post)
      throw new ApiError(404, 'videoNotFound', 'The video that you are trying to delete cannot be found.', {
        domain: 'youtube.video',
      })
    if (post.resourceId !== channel.id)
      throw new ApiError(403, 'forbidden', 'The video that you are trying to delete cannot be deleted.', {
        domain: 'youtube.video',
      })
    videos.delete(post)
    return c.body(null, 204)
  })

  app.get('/youtube/v3/playlistItems', (c) => {
    const own = requireChannel(kit, c, ACCEPTED.read)
    const parts = readParts(c, ITEM_PARTS)
    const playlistId = c.req.query('playlistId')
    if (!playlistId) throw missing('playlistId')
    const channel = kit.world.resources('channel').find((one) => uploadsPlaylistOf(one) === playlistId)
    const all = channel ? videos.ofChannel(channel.id) : []
    // The list of a channel that never uploaded anything does not exist. That it does not after all were deleted is a guess.
    if (!channel || all.length === 0)
      throw new ApiError(
        404,
        'playlistNotFound',
        'The playlist identified with the request’s playlistId parameter cannot be found.',
        { domain: 'youtube.playlistItem' },
      )
    const size = Number(c.req.query('maxResults') ?? 5)
    if (!Number.isInteger(size) || size < 0 || size > 50)
      throw new ApiError(400, 'invalidValue', 'Invalid value for maxResults.', {
        domain: 'youtube.parameter',
      })
    const from = readPageToken(c.req.query('pageToken'))
    const seen = all.filter(({ id }) => videos.find(id, own?.id) !== undefined)
    const items = seen.slice(from, from + size).map((post, at) => videos.describeItem(post, from + at, parts))
    const isMore = from + size < seen.length
    return c.json({
      ...page('youtube#playlistItemListResponse', items, seen.length, size),
      ...(isMore && { nextPageToken: pageToken(from + size) }),
    })
  })
  return app
}

const missing = (parameter: string) =>
  new ApiError(400, 'missingRequiredParameter', `Required parameter missing: ${parameter}.`, {
    domain: 'youtube.parameter',
  })

function readParts(c: Context, known: readonly string[]): string[] {
  const parts = c.req.queries('part')?.flatMap((part) => part.split(',')) ?? []
  if (parts.length === 0) throw missing('part')
  const unknown = parts.find((part) => !known.includes(part))
  if (unknown !== undefined)
    throw new ApiError(400, 'unknownPart', `Unknown part ${unknown}.`, { domain: 'youtube.part' })
  return parts
}
