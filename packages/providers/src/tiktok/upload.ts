import {
  MalformedResponseError,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  type PublishInput,
  retryAfter,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi, endpoint } from './api.js'

/** A video as it is announced. */
export interface Announcement {
  path: '/v2/post/publish/video/init/' | '/v2/post/publish/inbox/video/init/'
  /** JSON. */
  body: string
}

/** Longer than the default: a chunk may go over a slow line. The step's own deadline holds as well. */
const chunkMs = 300_000

/**
 * Announces a video. Nothing is public by that, and one of which no bytes come is forgotten within the hour.
 * @returns its publish id, and the address for its bytes, which is as good as a token
 */
export async function announce(
  ctx: ProviderContext,
  { access }: Pick<PublishInput, 'access'>,
  { path, body }: Announcement,
): Promise<{ publishId: string; uploadUrl: string }> {
  const data = await callApi(ctx, {
    method: 'POST',
    path,
    body,
    token: access.tokens.accessToken,
    data: z.object({ publish_id: z.string().min(1).max(200), upload_url: z.string() }),
  })
  return { publishId: data.publish_id, uploadUrl: readUploadUrl(ctx, data.upload_url) }
}

/** @throws MalformedResponseError for an address that is not TikTok's: nobody else may have the video */
function readUploadUrl(ctx: ProviderContext, text: string): string {
  const api = new URL(endpoint(ctx, 'open'))
  const url = URL.canParse(text) ? new URL(text) : null
  const isTikTok = url?.protocol === 'https:' && /\.(tiktokapis|tiktok)\.com$/.test(url.hostname)
  if (url && (url.origin === api.origin || isTikTok)) return url.href
  throw new MalformedResponseError('TikTok named no address for the upload.')
}

/**
 * Sends a part of the file; no token, its address is one.
 * @returns whether TikTok has the whole file now
 * @throws PlatformError, whose words are ours: what stands there may repeat the address
 */
export async function putChunk(
  ctx: ProviderContext,
  { content, secrets }: PublishInput,
  { start, end, total }: { start: number; end: number; total: number },
): Promise<boolean> {
  const [media] = content.media
  const { upload } = secrets
  if (!media || upload === undefined) throw new PostMcpError('media_invalid', 'There is no video to upload.')
  const { status, headers } = await ctx.http.request({
    method: 'PUT',
    url: upload,
    headers: { 'content-type': media.mimeType, 'content-range': `bytes ${start}-${end - 1}/${total}` },
    body: media.stream({ start, end }),
    timeoutMs: chunkMs,
  })
  if (status === 201) return true
  if (status === 206) return false
  if (status < 400)
    throw new MalformedResponseError(`TikTok answered a part of the video with status ${status}.`)
  throw new PlatformError({
    status,
    platformCode: null,
    message: `TikTok answered a part of the video with status ${status}.`,
    retryAfter: retryAfter(headers, ctx.clock.now()),
  })
}
