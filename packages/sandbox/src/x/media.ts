import { type Context, Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import { requirePerson } from './access.js'
import { invalidRequest, isId, isObject, readJson, refuseUnknown } from './body.js'
import { limitPerPerson } from './rate-limits.js'
import type { Category, Upload, Uploads } from './uploads.js'

const SCOPES = ['media.write']
const MAX_PART_BYTES = 8 * 1024 * 1024
const MAX_SEGMENT = 999
const MAX_ALT_TEXT = 1000
const MAX_BYTES: Record<Category, number> = {
  tweet_image: 5_000_000,
  tweet_gif: 15_000_000,
  tweet_video: 17_179_869_184,
  amplify_video: 17_179_869_184,
}
const TYPES: Record<Category, RegExp> = {
  tweet_image: /^image\/(?:jpeg|png|webp|gif|bmp|pjpeg|tiff)$/,
  tweet_gif: /^image\/gif$/,
  tweet_video: /^video\/(?:mp4|webm|mp2t|quicktime)$/,
  amplify_video: /^video\/(?:mp4|webm|mp2t|quicktime)$/,
}

/** Uploads, whole and in parts. @see https://docs.x.com/x-api/media/introduction */
export function createMedia(kit: PlatformKit, uploads: Uploads): Hono {
  const app = new Hono()

  app.post('/2/media/upload', limitPerPerson(kit, 500), async (c) => {
    const person = requirePerson(kit, c, SCOPES)
    const form = await readForm(c, ['media', 'media_category', 'additional_owners'])
    const file = form.get('media')
    if (!(file instanceof File)) throw invalidRequest('$.media: is missing but it is required', { media: [] })
    const category = readCategory(form.get('media_category'))
    if (category !== 'tweet_image') throw invalidRequest('This media must be uploaded in chunks.')
    const upload = uploads.start(person, { category, mimeType: file.type, totalBytes: file.size })
    refuseUnfit(upload)
    await upload.file.receive(file.stream())
    uploads.finish(upload)
    return c.json({ data: uploads.describe(upload) })
  })

  app.post('/2/media/upload/initialize', limitPerPerson(kit, 1875), async (c) => {
    const person = requirePerson(kit, c, SCOPES)
    const body = await readJson(c, [
      'media_category',
      'media_type',
      'total_bytes',
      'additional_owners',
      'shared',
    ])
    const { media_type: mimeType, total_bytes: totalBytes } = body
    const category = readCategory(body.media_category)
    if (typeof mimeType !== 'string' || !Number.isInteger(totalBytes) || Number(totalBytes) < 1)
      throw invalidRequest('$.total_bytes: must be a positive integer', { total_bytes: [String(totalBytes)] })
    const upload = uploads.start(person, { category, mimeType, totalBytes: Number(totalBytes) })
    refuseUnfit(upload)
    return c.json({ data: uploads.describe(upload) })
  })

  app.post('/2/media/upload/:id/append', limitPerPerson(kit, 1875), async (c) => {
    const upload = findOpen(c)
    const form = await readForm(c, ['media', 'segment_index'])
    const part = form.get('media')
    const segment = Number(form.get('segment_index') ?? Number.NaN)
    if (!(part instanceof File) || part.size === 0)
      throw invalidRequest('$.media: is missing but it is required')
    if (!Number.isInteger(segment) || segment < 0 || segment > MAX_SEGMENT)
      throw invalidRequest(`$.segment_index: must be an integer between 0 and ${MAX_SEGMENT}`)
    if (part.size > MAX_PART_BYTES) throw invalidRequest('The chunk is larger than the maximum size.')
    // One that comes again is taken for the same.
    const isRepeated = segment === upload.nextSegment - 1 && part.size === upload.lastSegmentBytes
    if (!isRepeated && segment !== upload.nextSegment)
      throw invalidRequest(`segment_index ${segment} is not the next one.`, {
        segment_index: [String(segment)],
      })
    if (!isRepeated) {
      if (upload.file.bytes + part.size > upload.totalBytes)
        throw invalidRequest('The chunks are larger than total_bytes.')
      await upload.file.receive(part.stream())
      upload.nextSegment += 1
      upload.lastSegmentBytes = part.size
    }
    return c.json({ data: { expires_at: Math.floor(upload.expiresAt.getTime() / 1000) } })
  })

  app.post('/2/media/upload/:id/finalize', limitPerPerson(kit, 1875), (c) => {
    const upload = findOpen(c)
    if (upload.file.bytes !== upload.totalBytes)
      throw invalidRequest('Segments do not add up to provided total file size.')
    if (!upload.media) uploads.finish(upload)
    return c.json({ data: uploads.describe(upload) })
  })

  app.get('/2/media/upload', (c) => {
    const person = requirePerson(kit, c, SCOPES)
    if (c.req.query('command') !== 'STATUS') throw invalidRequest('The command is not known.')
    const upload = uploads.find(c.req.query('media_id') ?? '', person)
    if (!upload?.media) throw notFound(c.req.query('media_id') ?? '')
    return c.json({ data: uploads.describe(upload) })
  })

  app.post('/2/media/metadata', limitPerPerson(kit, 500), async (c) => {
    const person = requirePerson(kit, c, SCOPES)
    const { id, metadata } = await readJson(c, ['id', 'metadata'])
    const altText = isObject(metadata) && isObject(metadata.alt_text) ? metadata.alt_text.text : undefined
    if (!isId(id)) throw invalidRequest('$.id: must match the pattern ^[0-9]{1,19}$', { id: [String(id)] })
    if (typeof altText !== 'string' || [...altText].length > MAX_ALT_TEXT)
      throw invalidRequest(`$.metadata.alt_text.text: must be at most ${MAX_ALT_TEXT} characters long`)
    const upload = uploads.find(id, person)
    if (!upload?.media) throw notFound(id)
    upload.media = kit.world.updateMedia(id, { altText })
    return c.json({ data: { id, associated_metadata: { alt_text: { text: altText } } } })
  })

  function findOpen(c: Context): Upload {
    const person = requirePerson(kit, c, SCOPES)
    const id = c.req.param('id') ?? ''
    const upload = uploads.find(id, person)
    if (!upload) throw notFound(id)
    return upload
  }
  return app
}

const notFound = (id: string) => invalidRequest(`Invalid media id: ${id}`, { media_id: [id] })

function readCategory(value: unknown): Category {
  if (typeof value === 'string' && Object.hasOwn(TYPES, value)) return value as Category
  throw invalidRequest('$.media_category: does not have a value in the enumeration', {
    media_category: [String(value)],
  })
}

function refuseUnfit({ category, mimeType, totalBytes }: Upload): void {
  if (!TYPES[category].test(mimeType))
    throw invalidRequest('media type unrecognized.', { media_type: [mimeType] })
  if (totalBytes > MAX_BYTES[category])
    throw invalidRequest('File size exceeds maximum.', { total_bytes: [String(totalBytes)] })
}

async function readForm(c: Context, known: readonly string[]): Promise<FormData> {
  const form = await c.req.formData().catch(() => {
    throw invalidRequest('The request body is no form.')
  })
  refuseUnknown(Object.fromEntries(form), known, '$')
  return form
}
