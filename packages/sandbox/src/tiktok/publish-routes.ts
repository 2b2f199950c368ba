import { type Context, Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { Person } from '../world.js'
import { requireAbilityToPost, requirePerson } from './access.js'
import { ApiError, answerWithNumbers, describeData } from './errors.js'
import { type Cut, type Publication, Publications, type Wanted } from './publications.js'
import { privacyLevelsOf } from './users.js'

const DAY = 86_400
const MB = 1024 * 1024
const POSTS_PER_DAY = 15
const DRAFTS_PER_DAY = 5
const STARTS_PER_MINUTE = 6
const UPLOAD_LIFE_MS = 60 * 60 * 1000
const VIDEO_TYPES = ['video/mp4', 'video/quicktime', 'video/webm']

type Fields = Record<string, unknown>

const invalid = (message: string) => new ApiError(400, 'invalid_params', message)

/**
 * The Content Posting API.
 * @see https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
 * @see https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
 */
export function createPublishRoutes(kit: PlatformKit): Hono {
  const publications = new Publications(kit)
  const app = new Hono()

  app.post('/v2/post/publish/video/init/', async (c) => {
    const { person } = requirePerson(kit, c, 'video.publish')
    const body = await readBody(c)
    const info = fieldsOf(body.post_info)
    requireRoom(person, false)
    const text = readText(info.title, 2200, 'title')
    return answerVideo(c, person, { kind: 'video', privacyLevel: readLevel(person, info), text, body })
  })
  app.post('/v2/post/publish/inbox/video/init/', async (c) => {
    const { person } = requirePerson(kit, c, 'video.upload')
    const body = await readBody(c)
    requireRoom(person, true)
    return answerVideo(c, person, { kind: 'video', privacyLevel: null, text: '', body })
  })

  function answerVideo(c: Context, person: Person, wanted: Wanted): Response {
    const source = fieldsOf(fieldsOf(wanted.body).source_info)
    if (source.source !== 'FILE_UPLOAD') throw invalid('Only FILE_UPLOAD of videos is simulated.')
    const { id, upload } = publications.announce(person, wanted, readCut(source))
    const query = new URLSearchParams({ upload_id: id, upload_token: upload.token })
    return c.json(describeData(kit, { publish_id: id, upload_url: `${kit.base()}/open/upload/?${query}` }))
  }

  app.post('/v2/post/publish/content/init/', async (c) => {
    const body = await readBody(c)
    const isDirect = body.post_mode === 'DIRECT_POST'
    if (body.media_type !== 'PHOTO' || !(isDirect || body.post_mode === 'MEDIA_UPLOAD'))
      throw invalid('The media type or the post mode is invalid.')
    const { person } = requirePerson(kit, c, isDirect ? 'video.publish' : 'video.upload')
    requireRoom(person, !isDirect)
    const info = fieldsOf(body.post_info)
    const title = readText(info.title, 90, 'title')
    const description = readText(info.description, 4000, 'description')
    const privacyLevel = isDirect ? readLevel(person, info) : null
    const images = readImages(person, fieldsOf(body.source_info))
    const text = [title, description].filter(Boolean).join('\n\n')
    const { id } = publications.pull(person, { kind: 'photo', privacyLevel, text, body }, images)
    return c.json(describeData(kit, { publish_id: id }))
  })

  app.post('/v2/post/publish/status/fetch/', async (c) => {
    const { person } = requirePerson(kit, c, 'video.publish', 'video.upload')
    const publication = publications.find(String((await readBody(c)).publish_id ?? ''), person.id)
    if (!publication) throw new ApiError(400, 'invalid_publish_id', 'The publish id is invalid.')
    return answerWithNumbers(kit, describeStatus(publication))
  })
  app.post('/v2/post/publish/cancel/', async (c) => {
    const { person } = requirePerson(kit, c, 'video.publish', 'video.upload')
    const publication = publications.find(String((await readBody(c)).publish_id ?? ''), person.id)
    if (!publication) throw new ApiError(400, 'invalid_publish_id', 'The publish id is invalid.')
    if (!publications.cancel(publication))
      throw new ApiError(400, 'publish_not_cancellable', 'The post cannot be cancelled any more.')
    return c.json(describeData(kit, {}))
  })

  /** The address is all it takes. @see https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide */
  app.put('/upload/', async (c) => {
    const chunk = Buffer.from(await c.req.arrayBuffer())
    const publication = publications.findByToken(c.req.query('upload_token') ?? '')
    const upload = publication?.upload
    if (!publication || !upload) return c.text('', 404)
    if (kit.now().getTime() - publication.createdAt.getTime() > UPLOAD_LIFE_MS) return c.text('', 403)
    const mimeType = c.req.header('content-type') ?? ''
    const [, first, last, total] =
      /^bytes (\d+)-(\d+)\/(\d+)$/.exec(c.req.header('content-range') ?? '') ?? []
    const [start, end] = [Number(first), Number(last) + 1]
    if (total === undefined || !VIDEO_TYPES.includes(mimeType) || end - start !== chunk.byteLength)
      return c.text('', 400)
    const { bytes } = upload.file
    const index = Math.floor(bytes / upload.chunkBytes)
    const isLast = index === upload.count - 1
    const wanted = isLast ? upload.total : (index + 1) * upload.chunkBytes
    if (Number(total) !== upload.total || start !== bytes || end !== wanted)
      return c.text('', 416, { 'content-range': `bytes 0-${bytes - 1}/${upload.total}` })
    publications.append(publication, chunk, mimeType)
    return c.text('', isLast ? 201 : 206, { 'content-range': `bytes 0-${end - 1}/${upload.total}` })
  })

  /** @throws ApiError for people, and applications, that may not begin another post now */
  function requireRoom(person: Person, isDraft: boolean): void {
    requireAbilityToPost(person, 403)
    if (person.condition === 'app_unaudited' && person.facts.isPrivate !== true && !isDraft)
      throw new ApiError(
        403,
        'unaudited_client_can_only_post_to_private_accounts',
        'Unaudited clients can only post to a private account.',
      )
    if (publications.begunBy(person.id, 60).length >= STARTS_PER_MINUTE)
      throw new ApiError(429, 'rate_limit_exceeded', 'The API rate limit was exceeded.')
    const today = publications.begunBy(person.id, DAY).filter(({ postId }) => postId !== null)
    const drafts = today.filter(({ privacyLevel }) => privacyLevel === null)
    if (isDraft && drafts.length >= DRAFTS_PER_DAY)
      throw new ApiError(403, 'spam_risk_too_many_pending_share', 'The user has too many drafts that wait.')
    if (!isDraft && today.length - drafts.length >= POSTS_PER_DAY)
      throw new ApiError(
        403,
        'spam_risk_too_many_posts',
        'The daily post cap from the API is reached for the current user.',
      )
  }

  function describeStatus(publication: Publication) {
    publications.settle(publication)
    const { failReason, readyAt, upload, privacyLevel, postId, downloadedBytes } = publication
    const isDone = readyAt !== null && readyAt <= kit.now()
    // What is wrong with a file shows when it was worked on; what cannot be fetched at once.
    const isFailed = failReason !== null && (isDone || readyAt === null)
    const working = upload ? 'PROCESSING_UPLOAD' : 'PROCESSING_DOWNLOAD'
    const over = privacyLevel === null ? 'SEND_TO_USER_INBOX' : 'PUBLISH_COMPLETE'
    const isShown = isDone && !isFailed && postId !== null && privacyLevel === 'PUBLIC_TO_EVERYONE'
    return {
      status: isFailed ? 'FAILED' : isDone ? over : working,
      ...(isFailed && { fail_reason: failReason }),
      publicaly_available_post_id: isShown ? [`#${postId}`] : [],
      ...(upload ? { uploaded_bytes: upload.file.bytes } : { downloaded_bytes: downloadedBytes }),
    }
  }
  return app
}

async function readBody(c: Context): Promise<Fields> {
  if (!c.req.header('content-type')?.startsWith('application/json')) throw invalid('The body is no JSON.')
  return fieldsOf(await c.req.json().catch(() => null))
}

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? { ...value } : {})

function readText(value: unknown, max: number, name: string): string {
  if (value === undefined) return ''
  if (typeof value === 'string' && value.length <= max) return value
  throw invalid(`The ${name} is invalid.`)
}

function readLevel(person: Person, info: Fields): string {
  const level = info.privacy_level
  if (typeof level !== 'string') throw invalid('The privacy level is missing.')
  if (!privacyLevelsOf(person).includes(level))
    throw new ApiError(
      403,
      'privacy_level_option_mismatch',
      'The privacy level does not match the options of the creator.',
    )
  if (info.brand_content_toggle === true && level === 'SELF_ONLY')
    throw invalid('Branded content cannot be private.')
  return level
}

/** How a file is cut has to be as small, as large and as many pieces as the transfer guide says. */
function readCut({ video_size, chunk_size, total_chunk_count }: Fields): Cut {
  const [total, chunkBytes, count] = [video_size, chunk_size, total_chunk_count].map(Number)
  const isCut =
    total !== undefined &&
    chunkBytes !== undefined &&
    count !== undefined &&
    Number.isInteger(total) &&
    total > 0 &&
    total <= 4096 * MB &&
    (total < 5 * MB
      ? chunkBytes === total && count === 1
      : chunkBytes >= 5 * MB &&
        chunkBytes <= 64 * MB &&
        count === Math.floor(total / chunkBytes) &&
        count >= 1 &&
        count <= 1000)
  if (!isCut) throw invalid('The chunk size or the number of chunks is invalid.')
  return { total, chunkBytes, count }
}

function readImages(person: Person, source: Fields): string[] {
  const images = Array.isArray(source.photo_images) ? source.photo_images.map(String) : []
  const cover = source.photo_cover_index ?? 0
  if (source.source !== 'PULL_FROM_URL' || images.length < 1 || images.length > 35)
    throw invalid('The photos are invalid.')
  if (typeof cover !== 'number' || !Number.isInteger(cover) || cover < 0 || cover >= images.length)
    throw invalid('The index of the cover is invalid.')
  if (!images.every((image) => URL.canParse(image))) throw invalid('The address of a photo is invalid.')
  // In the sandbox every address is a verified one.
  if (person.condition === 'url_unverified')
    throw new ApiError(403, 'url_ownership_unverified', 'Please review our URL ownership verification rules.')
  return images
}
