import {
  type HttpResponse,
  MalformedResponseError,
  PlatformError,
  type ProviderContext,
  type PublishMedia,
  type TokenSet,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi, sendCall, toError, undocumented } from './api.js'

/** An upload takes as long as it takes. */
const uploadMs = 280_000

const imageUpload = z.object({ value: z.object({ uploadUrl: z.url(), image: z.string().min(1) }) })

/** Uploads an image in the name of whoever the post will be by. @returns its URN */
export async function uploadImage(
  ctx: ProviderContext,
  tokens: TokenSet,
  owner: string,
  media: PublishMedia,
): Promise<string> {
  const { value } = await callApi(ctx, tokens, {
    method: 'POST',
    path: '/rest/images',
    query: 'action=initializeUpload',
    json: JSON.stringify({ initializeUploadRequest: { owner } }),
    answer: imageUpload,
  })
  const response = await ctx.http.request({
    method: 'PUT',
    url: value.uploadUrl,
    // Unlike that of a part of a video.
    headers: { authorization: `Bearer ${tokens.accessToken}`, 'content-type': 'application/octet-stream' },
    body: media.stream(),
    timeoutMs: uploadMs,
  })
  if (response.status >= 400) throw toError(ctx, tokens, 'the upload of an image', response)
  if (!isEmpty(response)) throw undocumented('the upload of an image', response)
  return value.image
}

/** A good answer with nothing in it: a web page of something in between is none. */
const isEmpty = ({ status, text }: HttpResponse) => (status === 200 || status === 201) && text === ''

const videoUpload = z.object({
  video: z.string().min(1),
  uploadToken: z.string(),
  uploadInstructions: z
    .array(
      z.object({ uploadUrl: z.url(), firstByte: z.int().nonnegative(), lastByte: z.int().nonnegative() }),
    )
    .min(1),
})

/** A video that is being uploaded. Whoever knows it can upload into it: it is a secret. */
export type VideoUpload = z.infer<typeof videoUpload>

/** Reads an upload that was kept sealed. @throws when it is none */
export const readVideoUpload = (sealed: string | undefined): VideoUpload =>
  videoUpload.parse(JSON.parse(sealed ?? 'null'))

/** Begins to upload a video. */
export async function initializeVideo(
  ctx: ProviderContext,
  tokens: TokenSet,
  owner: string,
  { bytes }: PublishMedia,
): Promise<VideoUpload> {
  const { value } = await callApi(ctx, tokens, {
    method: 'POST',
    path: '/rest/videos',
    query: 'action=initializeUpload',
    json: JSON.stringify({
      initializeUploadRequest: { owner, fileSizeBytes: bytes, uploadCaptions: false, uploadThumbnail: false },
    }),
    answer: z.object({ value: videoUpload }),
  })
  let next = 0
  for (const { firstByte, lastByte } of value.uploadInstructions) {
    if (firstByte !== next || lastByte < firstByte) throw gap()
    next = lastByte + 1
  }
  if (next !== bytes) throw gap()
  return value
}

const gap = () =>
  new MalformedResponseError('LinkedIn asks for parts of a video that do not make up the whole.')

/** Sends one part. @returns the name it got, which is asked for at the end */
export async function uploadPart(
  ctx: ProviderContext,
  tokens: TokenSet,
  media: PublishMedia,
  { uploadInstructions }: VideoUpload,
  index: number,
): Promise<string> {
  const part = uploadInstructions[index]
  if (!part) throw new TypeError(`The video has no part ${index}.`)
  const response = await ctx.http.request({
    method: 'PUT',
    url: part.uploadUrl,
    headers: { 'content-type': 'application/octet-stream' },
    body: media.stream({ start: part.firstByte, end: part.lastByte + 1 }),
    timeoutMs: uploadMs,
  })
  if (response.status >= 400) throw refusedPart(ctx, tokens, response)
  const etag = response.headers.get('etag')
  if (etag === null) throw new MalformedResponseError('LinkedIn took a part of a video and gave it no name.')
  return etag
}

/** No token was shown, so nothing said about one is about ours. */
function refusedPart(ctx: ProviderContext, tokens: TokenSet, response: HttpResponse): Error {
  const error = toError(ctx, tokens, 'the upload of a video', response)
  if (!(error instanceof PlatformError) || (error.status !== 401 && error.status !== 403)) return error
  const { message } = error
  return new PlatformError({ status: 400, platformCode: 'upload_refused', message })
}

/** Says that all parts were sent, in their order. May be repeated. */
export async function finalizeVideo(
  ctx: ProviderContext,
  tokens: TokenSet,
  { video, uploadToken }: Pick<VideoUpload, 'video' | 'uploadToken'>,
  uploadedPartIds: readonly string[],
): Promise<void> {
  const response = await sendCall(ctx, tokens, {
    method: 'POST',
    path: '/rest/videos',
    query: 'action=finalizeUpload',
    json: JSON.stringify({ finalizeUploadRequest: { video, uploadToken, uploadedPartIds } }),
  })
  if (!isEmpty(response)) throw undocumented('the end of an upload', response)
}

/** How LinkedIn is with a video; `unknown` where it does not let us look. @throws PlatformError when it could not be processed */
export async function askVideo(
  ctx: ProviderContext,
  tokens: TokenSet,
  video: string,
): Promise<'ready' | 'working' | 'unknown'> {
  try {
    const path = `/rest/videos/${encodeURIComponent(video)}`
    const { status } = await callApi(ctx, tokens, { path, answer: z.object({ status: z.string() }) })
    if (status === 'AVAILABLE') return 'ready'
    if (status !== 'PROCESSING_FAILED') return 'working'
  } catch (error) {
    // With a right to write only, LinkedIn's pages and its gateway disagree about reading.
    if (error instanceof PlatformError && error.status === 403) return 'unknown'
    throw error
  }
  throw new PlatformError({
    status: 422,
    platformCode: 'PROCESSING_FAILED',
    message: 'LinkedIn could not process the video.',
  })
}
