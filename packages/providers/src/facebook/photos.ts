import {
  type FormPart,
  multipart,
  type ProviderContext,
  type PublishInput,
  type PublishMedia,
  type PublishStep,
} from '@postmcp/core'
import { z } from 'zod'
import { afterPost } from '../meta/comments.js'
import { graphId } from '../meta/graph.js'
import type { At } from './checkpoint.js'
import { type Actor, callAsPage, linkTo } from './page.js'

/** Long enough for ten megabytes on a slow line. */
const uploadMs = 120_000

/** Uploads the next picture; when all are there, says what will be posted. */
export async function uploadPhoto(
  ctx: ProviderContext,
  input: PublishInput,
  before: string[],
): Promise<PublishStep> {
  const { content, options } = input
  const next = content.media[before.length]
  const photos = next ? [...before, await upload(ctx, input, next)] : before
  if (photos.length < content.media.length) {
    return { type: 'wait', checkpoint: { stage: 'photos', photos }, resumeAfterSeconds: 0 }
  }
  const [photo] = photos
  if (options.postAs === 'story' && photo !== undefined) {
    const request = JSON.stringify({ photo_id: photo })
    return { type: 'send', checkpoint: { stage: 'photo_story', request, photo } }
  }
  const { text: message, link, replies } = content
  const request = JSON.stringify({
    ...(message !== '' && { message }),
    ...(link && { link: link.url }),
    ...(photos.length > 0 && { attached_media: JSON.stringify(photos.map((id) => ({ media_fbid: id }))) }),
  })
  const checkpoint = { stage: 'feed', request, message, link: link?.url ?? null, photos, replies }
  return { type: 'send', checkpoint }
}

/**
 * Uploads a picture that nobody sees; one that is not posted is forgotten after about a day.
 * @see https://developers.facebook.com/docs/graph-api/reference/page/photos (2026-11-22)
 */
async function upload(
  ctx: ProviderContext,
  input: PublishInput,
  { altText, fileName, mimeType, ...file }: PublishMedia,
): Promise<string> {
  const parts: FormPart[] = [
    { name: 'published', value: 'false' },
    ...(altText === '' ? [] : [{ name: 'alt_text_custom', value: altText }]),
    { name: 'source', fileName, mimeType, content: file.stream() },
  ]
  const { id } = await callAsPage(ctx, input, {
    path: `${input.account.targetId}/photos`,
    method: 'POST',
    content: multipart(parts),
    timeoutMs: uploadMs,
    answer: z.object({ id: graphId }),
  })
  return id
}

const form = z.record(z.string(), z.string())
const posted = z.object({ id: graphId, permalink_url: z.string().nullish() })

/** Makes a post public. @see https://developers.facebook.com/documentation/pages-api/posts (2026-11-22) */
export async function postToFeed(
  ctx: ProviderContext,
  actor: Actor,
  { request, replies }: At<'feed'>,
): Promise<PublishStep> {
  const { id, permalink_url } = await callAsPage(ctx, actor, {
    path: `${actor.account.targetId}/feed`,
    method: 'POST',
    // Asks for the address in the same call.
    query: { fields: 'id,permalink_url' },
    form: form.parse(JSON.parse(request)),
    answer: posted,
  })
  return afterPost({ id, permalink: linkTo(ctx, permalink_url ?? id) }, replies)
}

/** Makes a picture a story. @see https://developers.facebook.com/docs/page-stories-api (2026-11-22) */
export async function postPhotoStory(
  ctx: ProviderContext,
  actor: Actor,
  { request }: At<'photo_story'>,
): Promise<PublishStep> {
  const { post_id } = await callAsPage(ctx, actor, {
    path: `${actor.account.targetId}/photo_stories`,
    method: 'POST',
    form: form.parse(JSON.parse(request)),
    answer: z.object({ success: z.literal(true), post_id: graphId }),
  })
  return afterPost({ id: post_id, permalink: null }, [])
}
