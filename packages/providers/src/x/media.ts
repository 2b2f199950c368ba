import {
  type MediaKind,
  PlatformError,
  type ProviderContext,
  type PublishMedia,
  type TokenSet,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi } from './api.js'
import { type Chunk, chunkAt } from './chunk-plan.js'

/** A wrong one is taken, and then the post is refused. */
const categories: Record<MediaKind, string> = {
  image: 'tweet_image',
  animation: 'tweet_gif',
  video: 'tweet_video',
}

const uploaded = z.object({
  data: z.object({
    id: z.string().min(1),
    processing_info: z
      .object({
        state: z.string(),
        check_after_secs: z.number().optional(),
        error: z.object({ message: z.string().optional() }).optional(),
      })
      .optional(),
  }),
})

/** How far X is with a file: ready, or to be asked about again. */
export type Processing = { isReady: true } | { isReady: false; checkAfterSeconds: number }

/** Uploads an image at once. @returns its media id, which lives a day */
export async function uploadImage(
  ctx: ProviderContext,
  tokens: TokenSet,
  media: PublishMedia,
): Promise<string> {
  const { data } = await callApi(ctx, tokens, {
    method: 'POST',
    path: '/2/media/upload',
    form: [{ name: 'media_category', value: categories[media.kind] }, filePart(media)],
    answer: uploaded,
  })
  return data.id
}

/** Begins an upload in parts. @returns the media id */
export async function initializeUpload(
  ctx: ProviderContext,
  tokens: TokenSet,
  { kind, mimeType, bytes }: PublishMedia,
): Promise<string> {
  const { data } = await callApi(ctx, tokens, {
    method: 'POST',
    path: '/2/media/upload/initialize',
    json: JSON.stringify({ media_type: mimeType, total_bytes: bytes, media_category: categories[kind] }),
    answer: uploaded,
  })
  return data.id
}

/** Sends the part with this number. @returns it; null: there is none any more */
export async function appendChunk(
  ctx: ProviderContext,
  tokens: TokenSet,
  media: PublishMedia,
  { id, segment }: { id: string; segment: number },
): Promise<Chunk | null> {
  const chunk = chunkAt(media.bytes, segment)
  if (!chunk) return null
  await callApi(ctx, tokens, {
    method: 'POST',
    path: `/2/media/upload/${encodeURIComponent(id)}/append`,
    form: [{ name: 'segment_index', value: String(segment) }, filePart(media, chunk)],
    answer: z.looseObject({}),
  })
  return chunk
}

const filePart = ({ fileName, mimeType, stream }: PublishMedia, range?: Chunk) => ({
  name: 'media',
  fileName,
  mimeType,
  content: stream(range),
})

/** Says that all parts were sent. */
export async function finalizeUpload(
  ctx: ProviderContext,
  tokens: TokenSet,
  id: string,
): Promise<Processing> {
  const path = `/2/media/upload/${encodeURIComponent(id)}/finalize`
  return readProcessing(await callApi(ctx, tokens, { method: 'POST', path, answer: uploaded }))
}

/** Asks how far X is. */
export async function askProcessing(ctx: ProviderContext, tokens: TokenSet, id: string): Promise<Processing> {
  const query = { command: 'STATUS', media_id: id }
  return readProcessing(await callApi(ctx, tokens, { path: '/2/media/upload', query, answer: uploaded }))
}

const usualSeconds = 5

/** @throws PlatformError when X could not do anything with the file */
function readProcessing({ data: { processing_info: info } }: z.infer<typeof uploaded>): Processing {
  if (!info || info.state === 'succeeded') return { isReady: true }
  if (info.state === 'failed') {
    const message = info.error?.message ?? 'X could not process the file.'
    throw new PlatformError({ status: 400, platformCode: 'media_processing_failed', message })
  }
  return { isReady: false, checkAfterSeconds: Math.max(1, info.check_after_secs ?? usualSeconds) }
}

/** Says what is to be seen. May be repeated. */
export async function describeMedia(
  ctx: ProviderContext,
  tokens: TokenSet,
  id: string,
  altText: string,
): Promise<void> {
  await callApi(ctx, tokens, {
    method: 'POST',
    path: '/2/media/metadata',
    json: JSON.stringify({ id, metadata: { alt_text: { text: altText } } }),
    answer: z.looseObject({}),
  })
}
