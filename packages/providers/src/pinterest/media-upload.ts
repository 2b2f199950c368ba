import {
  type GrantAccess,
  MalformedResponseError,
  multipart,
  PlatformError,
  type ProviderContext,
  type PublishMedia,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi, endpoint } from './api.js'

/** Where a file goes, and what has to be sent along: whoever has both can upload. */
const uploadForm = z.object({ url: z.string(), parameters: z.record(z.string(), z.string()) })

/** Longer than the default: the file goes in one piece. The step's own deadline holds as well. */
const uploadMs = 300_000

/**
 * Registers a video. Nobody sees it, and one that is not uploaded is forgotten.
 * @returns what is to be kept sealed, as text
 * @see https://developers.pinterest.com/docs/api/v5/media-create (2026-11-22)
 */
export async function registerVideo(
  ctx: ProviderContext,
  access: GrantAccess,
): Promise<{ mediaId: string; upload: string }> {
  const { media_id, upload_url, upload_parameters } = await callApi(ctx, {
    method: 'POST',
    path: '/media',
    body: JSON.stringify({ media_type: 'video' }),
    access,
    answer: z.object({
      media_id: z.string().regex(/^\d+$/),
      upload_url: z.string(),
      upload_parameters: uploadForm.shape.parameters,
    }),
  })
  const upload = { url: readUploadUrl(ctx, upload_url), parameters: upload_parameters }
  return { mediaId: media_id, upload: JSON.stringify(upload) }
}

/** @throws MalformedResponseError for an address that is neither Pinterest's nor that of its storage: nobody else may have the video */
function readUploadUrl(ctx: ProviderContext, text: string): string {
  const api = new URL(endpoint(ctx, 'api'))
  const url = URL.canParse(text) ? new URL(text) : null
  const isStorage = url?.protocol === 'https:' && /\.(amazonaws|pinterest|pinimg)\.com$/.test(url.hostname)
  if (url && (url.origin === api.origin || isStorage)) return url.href
  throw new MalformedResponseError('Pinterest named no address for the upload.')
}

/**
 * Uploads a video: the parameters as they are, the file last, and no token.
 * @returns false where the time for it is over
 * @throws PlatformError, whose words are ours: the storage may repeat what only we may know
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html (2026-11-22)
 */
export async function uploadVideo(
  ctx: ProviderContext,
  upload: string,
  media: PublishMedia,
): Promise<boolean> {
  const { url, parameters } = uploadForm.parse(JSON.parse(upload))
  const fields = Object.entries(parameters).map(([name, value]) => ({ name, value }))
  const { fileName, mimeType } = media
  const file = { name: 'file', fileName, mimeType, content: media.stream() }
  const { status } = await ctx.http.request({
    method: 'POST',
    url,
    ...multipart([...fields, file]),
    timeoutMs: uploadMs,
  })
  if (status === 200 || status === 201 || status === 204) return true
  if (status === 403) return false
  if (status < 400) throw new MalformedResponseError(`The upload was answered with status ${status}.`)
  const message = `The storage of Pinterest answered the upload with status ${status}.`
  throw new PlatformError({ status, platformCode: null, message })
}

/**
 * How far Pinterest is with a video.
 * @throws PlatformError for one that it could not use
 * @see https://developers.pinterest.com/docs/api/v5/media-get (2026-11-22)
 */
export async function isVideoReady(
  ctx: ProviderContext,
  access: GrantAccess,
  mediaId: string,
): Promise<boolean> {
  const { status } = await callApi(ctx, {
    path: `/media/${mediaId}`,
    access,
    answer: z.object({ status: z.enum(['registered', 'processing', 'succeeded', 'failed']) }),
  })
  if (status !== 'failed') return status === 'succeeded'
  const message = 'Pinterest could not use the video; its format, length or size may be the reason.'
  throw new PlatformError({ status: 422, platformCode: 'failed', message })
}
