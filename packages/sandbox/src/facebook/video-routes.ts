import { type Context, Hono } from 'hono'
import { GraphApiError } from '../meta/errors.js'
import { readParameters } from '../meta/parameters.js'
import { noSuchObject } from '../meta/person-routes.js'
import type { PlatformKit } from '../platform.js'
import { type PageCaller, requirePage, requirePublisher } from './page-access.js'
import { VIDEO_EDGES, type Video, type VideoEdge, type Videos } from './videos.js'

/** What is asked for at once of a post's video. */
const PART_BYTES = 4 * 1024 * 1024
const REELS_PER_DAY = 30
const DAY_MS = 24 * 3600 * 1000

/** Videos, reels and stories. @see https://developers.facebook.com/docs/video-api/guides/reels-publishing */
export function createVideoRoutes(kit: PlatformKit, videos: Videos): Hono {
  const app = new Hono()
  for (const edge of VIDEO_EDGES) {
    app.post(`/:page/${edge}`, async (c) => {
      const caller = requirePublisher(kit, c)
      const parameters = await readParameters(c)
      switch (parameters.upload_phase) {
        case 'start':
          return c.json(start(kit, videos, caller, edge, parameters))
        case 'transfer':
          if (edge === 'videos') return c.json(await transfer(c, videos, caller, parameters))
          break
        case 'finish':
          return c.json(finish(kit, videos, caller, edge, parameters))
      }
      throw faulty('Invalid parameter: upload_phase is missing or unknown.')
    })
  }
  return app
}

function start(
  kit: PlatformKit,
  videos: Videos,
  { page }: PageCaller,
  edge: VideoEdge,
  { file_size }: Record<string, string>,
) {
  if (edge !== 'videos') {
    const { id } = videos.start(page.id, edge, null)
    return { video_id: id, upload_url: `${kit.base()}/upload/video-upload/v26.0/${id}` }
  }
  const bytes = Number(file_size)
  if (!Number.isSafeInteger(bytes) || bytes <= 0) throw faulty('Invalid parameter: file_size.')
  const { id, session } = videos.start(page.id, edge, bytes)
  return { video_id: id, upload_session_id: session, ...nextPart(0, bytes) }
}

/** Offsets are told as texts. */
const nextPart = (from: number, total: number) => ({
  start_offset: String(from),
  end_offset: String(Math.min(from + PART_BYTES, total)),
})

async function transfer(
  c: Context,
  videos: Videos,
  { page }: PageCaller,
  { upload_session_id = '', start_offset }: Record<string, string>,
) {
  const video = videos.bySession(upload_session_id)
  if (!video || video.pageId !== page.id || video.totalBytes === null) throw noSuchObject(upload_session_id)
  const { video_file_chunk: part } = await c.req.parseBody()
  if (!(part instanceof File)) throw faulty('Invalid parameter: video_file_chunk is missing.')
  const offset = Number(start_offset)
  // What was sent before is not taken twice.
  if (offset < video.file.bytes) return nextPart(video.file.bytes, video.totalBytes)
  const isExpected = offset === video.file.bytes && offset + part.size <= video.totalBytes
  if (!isExpected)
    throw new GraphApiError(
      6001,
      'There was a problem uploading your video file. Please try again with the right offset.',
      {
        subcode: 1_363_037,
      },
    )
  video.file.append(new Uint8Array(await part.arrayBuffer()))
  return nextPart(video.file.bytes, video.totalBytes)
}

function finish(
  kit: PlatformKit,
  videos: Videos,
  caller: PageCaller,
  edge: VideoEdge,
  { access_token: _token, appsecret_proof: _proof, ...body }: Record<string, string>,
) {
  const { world } = kit
  const { page, person } = caller
  const video =
    edge === 'videos' ? videos.bySession(body.upload_session_id ?? '') : videos.find(body.video_id ?? '')
  if (!video || video.pageId !== page.id || video.edge !== edge) throw noSuchObject(body.video_id ?? '')
  if (video.readyAt) throw faulty('Invalid parameter: the upload was finished before.')
  if (!videos.isWhole(video))
    throw new GraphApiError(6000, 'There was a problem uploading your video file: it is not whole.')
  if (edge === 'video_reels') checkReel(kit, page.id, body)
  const media = video.file.finish(world, { personId: person.id, mimeType: 'video/mp4', altText: null })
  const isStory = edge === 'video_stories'
  const post = world.addPost({
    id: isStory ? `${page.id}_${kit.random.digits(15)}` : video.id,
    personId: person.id,
    resourceId: page.id,
    text: isStory ? '' : (body.description ?? ''),
    media: [media],
    body,
    facts: {
      isVideo: true,
      title: body.title ?? null,
      path: edge === 'video_reels' ? `/reel/${video.id}/` : `/${page.id}/videos/${video.id}/`,
      ...(isStory && { mediaId: video.id }),
      ...(edge === 'video_reels' && { isReel: true }),
    },
  })
  video.postId = post.id
  videos.work(video)
  return { success: true, ...(edge !== 'videos' && { post_id: post.id }) }
}

function checkReel(
  { world, now }: PlatformKit,
  pageId: string,
  { video_state }: Record<string, string>,
): void {
  if (video_state !== 'PUBLISHED') throw faulty('Invalid parameter: video_state must be PUBLISHED here.')
  const since = now().getTime() - DAY_MS
  const reels = world
    .postsWithDeleted()
    .filter(
      (post) => post.resourceId === pageId && post.facts.isReel === true && post.createdAt.getTime() > since,
    )
  if (reels.length >= REELS_PER_DAY)
    throw new GraphApiError(4, '(#4) This Page has reached its limit of reels for a day.')
}

/** The server that takes the files of reels and stories; it words errors in its own way. */
export function createUploadRoutes(kit: PlatformKit, videos: Videos): Hono {
  const app = new Hono()
  app.post('/video-upload/:version/:id', async (c) => {
    const refuse = (message: string) =>
      c.json({ debug_info: { retriable: false, type: 'ParameterValidationError', message } }, 400)
    const { page } = requirePage(kit, c, 'pages_manage_posts')
    const video: Video | undefined = videos.find(c.req.param('id'))
    if (!video || video.pageId !== page.id || video.edge === 'videos') throw noSuchObject(c.req.param('id'))
    const [offset, total] = [c.req.header('offset'), c.req.header('file_size')].map((text) =>
      /^\d+$/.test(text ?? '') ? Number(text) : null,
    )
    if (offset == null) return refuse('HeaderValuePredicate: Header Offset not convertable to unsigned long')
    if (total == null)
      return refuse('HeaderValuePredicate: Header file_size not convertable to unsigned long')
    if (offset !== video.file.bytes) return refuse('The offset is not where the upload stands.')
    video.totalBytes = total
    await video.file.receive(c.req.raw.body)
    if (video.file.bytes > total) return refuse('The file is larger than file_size.')
    return c.json({ success: true })
  })
  return app
}

const faulty = (message: string) => new GraphApiError(100, message)
