import { type Context, Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import { requireAuthor, requireMember } from './access.js'
import { isObject, readBody } from './body.js'
import { ApiError } from './errors.js'
import type { Asset, Part, Uploads } from './uploads.js'

const MAX_VIDEO_BYTES = 5_000_000_000

/** Uploads. @see https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/images-api */
export function createMedia(kit: PlatformKit, uploads: Uploads): Hono {
  const app = new Hono()
  const addressOf = ({ key }: Part) => `${kit.base()}/dms-uploads/${key}`

  app.post('/rest/images', async (c) => {
    if (c.req.query('action') !== 'initializeUpload') throw unknownAction()
    const { owner } = await readUploadRequest(c, 'initializeUploadRequest')
    requireAuthor(kit, c, owner, 'images.ACTION-initializeUpload')
    const asset = uploads.start('image', String(owner), null)
    return c.json({
      value: {
        uploadUrlExpiresAt: asset.expiresAt.getTime(),
        uploadUrl: asset.parts.map(addressOf)[0],
        image: asset.urn,
      },
    })
  })

  app.post('/rest/videos', async (c) => {
    const action = c.req.query('action')
    if (action === 'finalizeUpload') return finalize(c)
    if (action !== 'initializeUpload') throw unknownAction()
    const { owner, fileSizeBytes } = await readUploadRequest(c, 'initializeUploadRequest')
    requireAuthor(kit, c, owner, 'videos.ACTION-initializeUpload')
    if (
      !Number.isInteger(fileSizeBytes) ||
      Number(fileSizeBytes) < 1 ||
      Number(fileSizeBytes) > MAX_VIDEO_BYTES
    )
      throw new ApiError(400, 'fileSizeBytes is not the size of a video.', { code: 'ILLEGAL_ARGUMENT' })
    const asset = uploads.start('video', String(owner), Number(fileSizeBytes))
    return c.json({
      value: {
        uploadUrlsExpireAt: asset.expiresAt.getTime(),
        video: asset.urn,
        uploadInstructions: asset.parts.map((part) => ({
          uploadUrl: addressOf(part),
          firstByte: part.firstByte,
          lastByte: part.lastByte,
        })),
        uploadToken: asset.uploadToken,
      },
    })
  })

  async function finalize(c: Context) {
    const { video, uploadToken, uploadedPartIds } = await readUploadRequest(c, 'finalizeUploadRequest')
    const asset = uploads.find(String(video))
    if (asset?.kind !== 'video') throw notFound()
    const person = requireAuthor(kit, c, asset.owner, 'videos.ACTION-finalizeUpload')
    const wanted = JSON.stringify(asset.parts.map(({ etag }) => etag))
    if (uploadToken !== asset.uploadToken || JSON.stringify(uploadedPartIds) !== wanted)
      throw new ApiError(400, 'The uploaded parts are not those of the video.', { code: 'ILLEGAL_ARGUMENT' })
    if (!asset.media) uploads.finish(asset, person.id)
    return c.body(null, 200)
  }

  app.put('/dms-uploads/:key', async (c) => {
    const found = uploads.findPart(c.req.param('key'))
    if (!found) throw new ApiError(403, 'The upload URL is not valid.')
    const { asset, part } = found
    // The address of an image wants the token beside it; that of a part of a video is signed and wants none.
    const hasToken = c.req.header('authorization') !== undefined
    if (hasToken !== (asset.kind === 'image'))
      throw new ApiError(401, 'The authorization is not the one expected here.')
    const person = asset.kind === 'image' ? requireAuthor(kit, c, asset.owner, 'images.UPLOAD') : null
    if (!(await uploads.receive(part, c.req.raw.body)))
      throw new ApiError(400, 'The body is not as long as the part.', { code: 'ILLEGAL_ARGUMENT' })
    if (!person) return c.body(null, 200, { etag: part.etag ?? '' })
    uploads.finish(asset, person.id)
    return c.body(null, 201)
  })

  app.get('/rest/images/:urn', (c) => {
    requireMember(kit, c, 'openid', 'images.GET')
    throw new ApiError(403, 'Accessing this image resource is forbidden', { code: 'ACCESS_DENIED' })
  })

  app.get('/rest/videos/:urn', (c) => {
    const asset = uploads.find(c.req.param('urn'))
    if (asset?.kind !== 'video') throw notFound()
    requireAuthor(kit, c, asset.owner, 'videos.GET')
    return c.json({ id: asset.urn, owner: asset.owner, status: statusOf(asset) })
  })

  function statusOf(asset: Asset): string {
    if (!asset.media) return 'WAITING_UPLOAD'
    return uploads.isReady(asset) ? 'AVAILABLE' : 'PROCESSING'
  }
  return app
}

const unknownAction = () => new ApiError(400, 'The action is not known.', { code: 'ILLEGAL_ARGUMENT' })
const notFound = () => new ApiError(404, 'No such file.', { code: 'NOT_FOUND' })

async function readUploadRequest(c: Context, name: string): Promise<Record<string, unknown>> {
  const value = (await readBody(c))[name]
  if (isObject(value)) return value
  throw new ApiError(400, `The field ${name} is missing.`, { code: 'MISSING_FIELD' })
}
