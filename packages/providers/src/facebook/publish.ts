import {
  type Json,
  PlatformError,
  type ProviderContext,
  type PublishInput,
  type PublishStep,
  type SentPost,
} from '@postmcp/core'
import { z } from 'zod'
import { sendComment } from '../meta/comments.js'
import { graphId } from '../meta/graph.js'
import { checkpointForm } from './checkpoint.js'
import { commentApi } from './comments.js'
import { type Actor, callAsPage } from './page.js'
import { postPhotoStory, postToFeed, uploadPhoto } from './photos.js'
import { finishVideo, lookAtVideo, startVideo, transferVideo } from './video.js'

/** Uploads the first picture, or opens the upload of a video; nobody sees it. */
export async function startPublish(ctx: ProviderContext, input: PublishInput): Promise<PublishStep> {
  const [file] = input.content.media
  return file?.kind === 'video' ? startVideo(ctx, input, file) : uploadPhoto(ctx, input, [])
}

/** Goes one step further; see `checkpointForm` for which of them make something public. */
export async function continuePublish(
  ctx: ProviderContext,
  input: PublishInput,
  checkpoint: Json,
): Promise<PublishStep> {
  const state = checkpointForm.parse(checkpoint)
  switch (state.stage) {
    case 'photos':
      return uploadPhoto(ctx, input, state.photos)
    case 'feed':
      return postToFeed(ctx, input, state)
    case 'photo_story':
      return postPhotoStory(ctx, input, state)
    case 'transfer':
      return transferVideo(ctx, input, state)
    case 'finish':
      return finishVideo(ctx, input, state)
    case 'processing':
      return lookAtVideo(ctx, input, state)
    case 'comment':
      return sendComment(commentApi, ctx, input, state)
  }
}

/** Deletes a post or a video; its comments go with it. @see https://developers.facebook.com/documentation/pages-api/posts (2026-11-22) */
export async function deletePost(
  ctx: ProviderContext,
  actor: Actor,
  { platformPostId }: SentPost,
): Promise<void> {
  try {
    const answer = z.object({ success: z.literal(true) })
    await callAsPage(ctx, actor, { path: platformPostId, method: 'DELETE', answer })
  } catch (error) {
    if (!(error instanceof PlatformError) || error.platformCode !== '100/33') throw error
    // What does not exist and what we may not see are told in the same words; a Page that answers may be seen.
    const path = actor.account.targetId
    await callAsPage(ctx, actor, { path, query: { fields: 'id' }, answer: z.object({ id: graphId }) })
  }
}
