import { type Context, Hono } from 'hono'
import { IncomingFile } from '../incoming-file.js'
import type { PlatformKit } from '../platform.js'
import type { Post } from '../world.js'
import { type Caller, readBearer, requireCaller } from './access.js'
import { ApiError } from './errors.js'
import { readRelated } from './multipart-related.js'
import { ACCEPTED } from './scopes.js'
import { readContentRange, type UploadSession, UploadSessions, WrongChunk } from './upload-sessions.js'
import { readResource } from './video-resource.js'
import type { Videos } from './videos.js'

const PATH = '/upload/youtube/v3/videos'
const THUMBNAIL_TYPES = ['image/jpeg', 'image/png']
const MAX_THUMBNAIL_BYTES = 50_000_000

/**
 * Uploads of videos, resumable or in one request, and of their thumbnails.
 * @see https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol
 */
export function createUploadRoutes(kit: PlatformKit, videos: Videos, uploadsPerDay: number): Hono {
  const sessions = new UploadSessions(kit)
  const countUpload = createDailyBucket(kit, uploadsPerDay)
  const app = new Hono()

  app.post(PATH, async (c) => {
    const caller = requireCaller(kit, c, ACCEPTED.upload)
    const type = c.req.query('uploadType')
    if (caller.condition === 'upload_limit_reached')
      throw new ApiError(
        400,
        'uploadLimitExceeded',
        'The user has exceeded the number of videos they may upload.',
        { domain: 'youtube.video' },
      )
    if (type === 'resumable') return openSession(c, caller)
    if (type === 'multipart') return insertAtOnce(c, caller)
    throw new ApiError(400, 'mediaBodyRequired', 'The request does not include the video content.', {
      domain: 'youtube.video',
    })
  })

  async function openSession(c: Context, caller: Caller): Promise<Response> {
    const length = c.req.header('x-upload-content-length')
    const mimeType = readMimeType(c.req.header('x-upload-content-type'))
    const parts = readParts(c)
    const resource = readResource(await c.req.json().catch(() => null), parts)
    if (length !== undefined && !/^[1-9]\d*$/.test(length))
      throw new ApiError(400, 'mediaBodyRequired', 'The request does not include the video content.')
    countUpload(caller.clientId)
    const { id } = sessions.open({
      caller,
      resource,
      parts,
      mimeType,
      notifySubscribers: c.req.query('notifySubscribers') !== 'false',
      total: length === undefined ? null : Number(length),
    })
    const query = new URLSearchParams({ ...c.req.query(), upload_id: id })
    return c.body(null, 200, { location: `${kit.base()}/api${PATH}?${query}`, 'x-guploader-uploadid': id })
  }

  /** As Google's own client does it. */
  async function insertAtOnce(c: Context, caller: Caller): Promise<Response> {
    const parts = readParts(c)
    const related = await readRelated(c)
    if (!related) throw new ApiError(400, 'badRequest', 'The multipart body cannot be read.')
    const resource = readResource(related.json, parts)
    countUpload(caller.clientId)
    const media = kit.world.addMedia(
      { personId: caller.personId, mimeType: readMimeType(related.mimeType), altText: null },
      related.content,
    )
    const notifySubscribers = c.req.query('notifySubscribers') !== 'false'
    const post = videos.add(caller, resource, { media, head: related.content, notifySubscribers })
    return c.json(videos.describe(post, parts))
  }

  // The address is a capability; a token that is sent with it must be good all the same.
  app.put(PATH, async (c) => {
    try {
      if (readBearer(c) !== undefined) requireCaller(kit, c, ACCEPTED.upload)
      return await takeChunk(c)
    } catch (error) {
      await drain(c)
      throw error
    }
  })

  async function takeChunk(c: Context): Promise<Response> {
    const session = sessions.find(c.req.query('upload_id') ?? '')
    if (!session) {
      await drain(c)
      return c.text('Not Found', 404)
    }
    const length = Number(c.req.header('content-length') ?? 0)
    const range = readContentRange(c.req.header('content-range'), length)
    if (!range) return refuse(c, new WrongChunk(400, 'Failed to parse Content-Range header.'))
    if (session.videoId === null && range.start !== null) {
      try {
        await sessions.receive(session, { ...range, start: range.start }, c.req.raw.body)
      } catch (error) {
        if (error instanceof WrongChunk) return refuse(c, error)
        throw error
      }
    } else await drain(c)
    const post = finished(session)
    if (post) return c.json(videos.describe(post, session.parts))
    const { bytes } = session.file
    return c.body(null, 308, bytes > 0 ? { range: `bytes=0-${bytes - 1}` } : {})
  }

  /** The video, once all of its bytes are there. */
  function finished(session: UploadSession): Post | null {
    if (session.videoId !== null)
      return kit.world.postsWithDeleted().find(({ id }) => id === session.videoId) ?? null
    if (!sessions.isWhole(session)) return null
    const { caller, resource, head, notifySubscribers } = session
    const post = videos.add(caller, resource, { media: sessions.finish(session), head, notifySubscribers })
    session.videoId = post.id
    return post
  }

  app.post('/upload/youtube/v3/thumbnails/set', async (c) => {
    const { personId, condition, channel } = requireCaller(kit, c, ACCEPTED.upload)
    const file = new IncomingFile()
    await file.receive(c.req.raw.body)
    const post = videos.find(c.req.query('videoId') ?? '', channel.id)
    if (!post)
      throw new ApiError(404, 'videoNotFound', 'The video cannot be found.', { domain: 'youtube.thumbnail' })
    if (post.resourceId !== channel.id || condition === 'thumbnails_forbidden')
      throw new ApiError(403, 'forbidden', 'The thumbnail can’t be set for the specified video.', {
        domain: 'youtube.thumbnail',
      })
    const mimeType = c.req.header('content-type')?.split(';', 1)[0] ?? ''
    if (file.bytes === 0)
      throw new ApiError(400, 'mediaBodyRequired', 'The request does not include the image content.')
    if (!THUMBNAIL_TYPES.includes(mimeType) || file.bytes > MAX_THUMBNAIL_BYTES)
      throw new ApiError(400, 'invalidImage', 'The provided image content is invalid.')
    const media = file.finish(kit.world, { personId, mimeType, altText: null })
    videos.setThumbnail(post, media.id)
    const url = kit.mediaUrl(media.id)
    return c.json({
      kind: 'youtube#thumbnailSetResponse',
      etag: kit.random.text(27),
      items: [{ default: { url, width: 120, height: 90 }, medium: { url, width: 320, height: 180 } }],
    })
  })
  return app
}

const readParts = (c: Context): string[] => {
  const parts = c.req.queries('part')?.flatMap((part) => part.split(',')) ?? []
  if (parts.length > 0) return parts
  throw new ApiError(400, 'missingRequiredParameter', 'No part was named.', { domain: 'youtube.parameter' })
}

function readMimeType(header: string | undefined): string {
  const mimeType = header?.split(';', 1)[0]?.trim() ?? 'application/octet-stream'
  if (mimeType.startsWith('video/') || mimeType === 'application/octet-stream') return mimeType
  throw new ApiError(
    400,
    'badRequest',
    `Media type '${mimeType}' is not supported. Valid media types: [video/*, application/octet-stream]`,
  )
}

/** A client that is still sending would take an answer before the end for a broken connection. */
async function drain(c: Context): Promise<void> {
  try {
    for await (const _ of c.req.raw.body ?? []);
  } catch {
    // Read already, or broken off.
  }
}

async function refuse(c: Context, { status, message }: WrongChunk): Promise<Response> {
  await drain(c)
  return c.text(message, status)
}

/** Uploads of a project, until midnight in California. @see https://github.com/googleapis/google-api-python-client/issues/2753 */
function createDailyBucket(kit: PlatformKit, max: number) {
  const dayOf = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/Los_Angeles' })
  const counts = new Map<string, number>()
  return (clientId: string): void => {
    const key = `${clientId} ${dayOf.format(kit.now())}`
    const count = (counts.get(key) ?? 0) + 1
    if (count > max)
      throw new ApiError(
        429,
        'rateLimitExceeded',
        `Quota exceeded for quota metric 'Video Uploads' and limit 'Video Uploads per day' of service 'youtube.googleapis.com' for consumer 'project_number:${clientId.split('-')[0]}'.`,
        { domain: 'global' },
      )
    counts.set(key, count)
  }
}
