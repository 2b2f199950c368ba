import type { PublishInput } from '@postmcp/core'
import { planChunks } from './chunk-plan.js'
import type { Creator } from './creator.js'
import type { Announcement } from './upload.js'

type Given = Pick<PublishInput, 'content' | 'options'>

/** Where photos are sent, published or left as a draft. */
export const photosPath = '/v2/post/publish/content/init/'

/** What posts of both kinds say of themselves. */
const labels = ({ options }: Given, creator: Creator | null, level: string | null) => ({
  ...(level !== null && { privacy_level: level }),
  // What the account has switched off stays off.
  disable_comment: options.disableComment === true || creator?.commentDisabled === true,
  brand_content_toggle: options.brandContent === true,
  brand_organic_toggle: options.brandOrganic === true,
})

/**
 * A video as it is announced: for the inbox only its size.
 * @see https://developers.tiktok.com/doc/content-posting-api-reference-direct-post (2026-11-22)
 */
export function describeVideo(given: Given, creator: Creator | null, level: string | null): Announcement {
  const { content, options } = given
  const total = content.media[0]?.bytes ?? 0
  const { chunkBytes, count } = planChunks(total)
  const source_info = {
    source: 'FILE_UPLOAD',
    video_size: total,
    chunk_size: chunkBytes,
    total_chunk_count: count,
  }
  if (level === null)
    return { path: '/v2/post/publish/inbox/video/init/', body: JSON.stringify({ source_info }) }
  const post_info = {
    title: content.text,
    ...labels(given, creator, level),
    disable_duet: options.disableDuet === true || creator?.duetDisabled === true,
    disable_stitch: options.disableStitch === true || creator?.stitchDisabled === true,
    ...(options.coverTimestampMs !== undefined && { video_cover_timestamp_ms: options.coverTimestampMs }),
    is_aigc: options.aiGenerated === true,
  }
  return { path: '/v2/post/publish/video/init/', body: JSON.stringify({ post_info, source_info }) }
}

/**
 * The request for photos. TikTok fetches them; their addresses are secrets while they live.
 * @throws PostMcpError `public_url_required` where TikTok cannot reach us
 * @see https://developers.tiktok.com/doc/content-posting-api-reference-photo-post (2026-11-22)
 */
export async function describePhotos(
  given: Given,
  creator: Creator | null,
  level: string | null,
): Promise<string> {
  const { content, options } = given
  const photo_images: string[] = []
  for (const photo of content.media) photo_images.push(await photo.url())
  return JSON.stringify({
    media_type: 'PHOTO',
    post_mode: level === null ? 'MEDIA_UPLOAD' : 'DIRECT_POST',
    post_info: {
      ...(content.title !== undefined && { title: content.title }),
      description: content.text,
      ...(level !== null && {
        ...labels(given, creator, level),
        auto_add_music: options.autoAddMusic === true,
      }),
    },
    source_info: { source: 'PULL_FROM_URL', photo_images, photo_cover_index: options.coverIndex ?? 0 },
  })
}
