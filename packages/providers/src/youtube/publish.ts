import {
  type GrantAccess,
  isGranted,
  type Json,
  MalformedResponseError,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  type PublishInput,
  type PublishStep,
  type SentPost,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi, endpoint, nothing } from './api.js'
import { nextChunk } from './chunk-plan.js'
import { commentForm, findComment, repliesForm, sendComment, sentForm, withComments } from './comments.js'
import { findUpload } from './find-upload.js'
import { manifest } from './manifest.js'
import { processingOf } from './processing.js'
import { scope } from './scopes.js'
import { askSession, openSession, sendChunk, type UploadState, type Video } from './upload-session.js'
import { describeVideo, visibilityOf } from './video-resource.js'

type Sent = z.infer<typeof sentForm>

/** The file goes up; `start` bytes of it have arrived. The resource is text, so that its bytes stay the same. */
const uploadForm = z.object({
  at: z.literal('upload'),
  resource: z.string(),
  notifySubscribers: z.boolean(),
  mimeType: z.string(),
  total: z.int().positive(),
  start: z.int().nonnegative(),
  replies: repliesForm,
})
const processingForm = z.object({
  at: z.literal('processing'),
  sent: sentForm,
  since: z.iso.datetime(),
  looks: z.int().nonnegative(),
  replies: repliesForm,
})
const thumbnailForm = z.object({ at: z.literal('thumbnail'), sent: sentForm, replies: repliesForm })

const checkpointForm = z.discriminatedUnion('at', [uploadForm, processingForm, thumbnailForm, commentForm])
type UploadCheckpoint = z.infer<typeof uploadForm>
type ProcessingCheckpoint = z.infer<typeof processingForm>

/** A video on which YouTube works longer counts as published: it is listed, and no longer refused for what is in the file. */
const processingForMs = 2 * 60 * 60 * 1000
const firstLookSeconds = 3
const longestLookSeconds = 300

/** Opens an upload session; no video exists after it. */
export async function startPublish(ctx: ProviderContext, input: PublishInput): Promise<PublishStep> {
  const [media] = input.content.media
  if (!media) throw new PostMcpError('validation_failed', 'YouTube takes no post without a video.')
  return openUpload(ctx, input, {
    at: 'upload',
    resource: describeVideo(input),
    notifySubscribers: input.options.notifySubscribers !== false,
    mimeType: media.mimeType,
    total: media.bytes,
    start: 0,
    replies: input.content.replies,
  })
}

async function openUpload(
  ctx: ProviderContext,
  input: PublishInput,
  upload: UploadCheckpoint,
): Promise<PublishStep> {
  const session = await openSession(ctx, input, upload)
  return { ...goOnAt(upload, 0), secrets: { session } }
}

/** Before the last chunk there is no video, after it there is one. */
function goOnAt(upload: UploadCheckpoint, start: number, waitSeconds = 0) {
  const checkpoint = { ...upload, start }
  const progress = { uploadedBytes: start, totalBytes: upload.total }
  return nextChunk(start, upload.total).isLast
    ? { type: 'send' as const, checkpoint, progress }
    : { type: 'wait' as const, checkpoint, resumeAfterSeconds: waitSeconds, progress }
}

/** The next chunk, the next look at what YouTube makes of the video, its thumbnail, or a comment. */
export async function continuePublish(
  ctx: ProviderContext,
  input: PublishInput,
  checkpoint: Json,
): Promise<PublishStep> {
  const state = checkpointForm.parse(checkpoint)
  if (state.at === 'processing') return look(ctx, input, state)
  if (state.at === 'thumbnail') return setThumbnail(ctx, input, state)
  if (state.at === 'comment') return sendComment(ctx, input, state)
  const { start, total } = state
  const told = await sendChunk(ctx, input, { ...nextChunk(start, total), total })
  return afterChunk(ctx, input, state, told)
}

function afterChunk(
  ctx: ProviderContext,
  input: PublishInput,
  upload: UploadCheckpoint,
  told: UploadState,
): PublishStep | Promise<PublishStep> {
  if (told === 'gone') return openUpload(ctx, input, upload)
  if ('video' in told) return afterUpload(ctx, input.access, told.video, upload.replies)
  const { start, total } = upload
  if (told.stored >= total) {
    throw new MalformedResponseError('YouTube has the whole file and does not say what became of it.')
  }
  // Where nothing has arrived, or less than before, it is given a moment.
  return goOnAt(upload, told.stored, told.stored > start ? 0 : 30)
}

/** The video is there. What YouTube makes of it is looked at where we may read it. */
function afterUpload(
  ctx: ProviderContext,
  access: GrantAccess,
  { id, status }: Video,
  replies: string[],
): PublishStep {
  const sent: Sent = {
    kind: 'post',
    visibility: visibilityOf(status.privacyStatus),
    platformPostId: id,
    permalink: `${endpoint(ctx, 'web')}/watch?v=${id}`,
  }
  const since = ctx.clock.now().toISOString()
  const checkpoint = { at: 'processing', sent, since, looks: 0, replies } as const
  return { type: 'wait', checkpoint, resumeAfterSeconds: canRead(access) ? firstLookSeconds : 0 }
}

const canRead = ({ grantedScopes }: GrantAccess): boolean =>
  isGranted(manifest, [scope.readonly], grantedScopes)

/** @throws PlatformError for a video that YouTube took and then refused */
async function look(
  ctx: ProviderContext,
  input: PublishInput,
  { sent, since, looks, replies }: ProcessingCheckpoint,
): Promise<PublishStep> {
  const isOver = ctx.clock.now().getTime() - new Date(since).getTime() > processingForMs
  if (!canRead(input.access) || isOver) return afterProcessing(input, sent, replies)
  if ((await processingOf(ctx, input.access, sent.platformPostId)) !== 'going_on') {
    return afterProcessing(input, sent, replies)
  }
  const seconds = Math.min(longestLookSeconds, Math.round(firstLookSeconds * 1.5 ** (looks + 1)))
  const checkpoint = { at: 'processing', sent, since, looks: looks + 1, replies } as const
  return { type: 'wait', checkpoint, resumeAfterSeconds: seconds }
}

/** Thumbnail and comments come last: where they are refused, the video stays published. */
function afterProcessing({ account, content }: PublishInput, sent: Sent, replies: string[]): PublishStep {
  if (!content.media[0]?.thumbnail) return withComments({ channelId: account.targetId, sent }, replies)
  return { type: 'send', checkpoint: { at: 'thumbnail', sent, replies }, published: sent }
}

/** May be repeated: the same picture takes its own place. */
async function setThumbnail(
  ctx: ProviderContext,
  { access, account, content }: PublishInput,
  { sent, replies }: z.infer<typeof thumbnailForm>,
): Promise<PublishStep> {
  const thumbnail = content.media[0]?.thumbnail
  if (thumbnail) {
    await callApi(ctx, {
      method: 'POST',
      path: '/upload/youtube/v3/thumbnails/set',
      query: { videoId: sent.platformPostId, uploadType: 'media' },
      token: access.tokens.accessToken,
      body: { type: thumbnail.mimeType, content: thumbnail.stream() },
      answer: z.object({ kind: z.literal('youtube#thumbnailSetResponse') }),
    })
  }
  return withComments({ channelId: account.targetId, sent }, replies)
}

/**
 * What became of a last chunk: the session says it, and says it as long as it lives. One that is gone is looked for among the
 * uploads of the channel. A thumbnail is simply set again; a comment is looked for below the video.
 */
export async function findPublished(
  ctx: ProviderContext,
  input: Pick<PublishInput, 'access' | 'account' | 'secrets'> & { sentAt: Date },
  checkpoint: Json,
): Promise<PublishStep | null> {
  const state = checkpointForm.parse(checkpoint)
  if (state.at === 'comment') return findComment(ctx, input, state)
  if (state.at !== 'upload') return null
  const told = await askSession(ctx, input, state.total)
  const video = told === 'gone' ? await findUpload(ctx, input, state.resource) : 'video' in told && told.video
  return video ? afterUpload(ctx, input.access, video, state.replies) : null
}

/** Deletes a video, and with it what stands below it; one that is gone is answered like any other. */
export async function deletePost(
  ctx: ProviderContext,
  { access }: { access: GrantAccess },
  { platformPostId }: SentPost,
): Promise<void> {
  try {
    await callApi(ctx, {
      method: 'DELETE',
      path: '/youtube/v3/videos',
      query: { id: platformPostId },
      token: access.tokens.accessToken,
      answer: nothing,
    })
  } catch (error) {
    if (error instanceof PlatformError && error.platformCode === 'videoNotFound') return
    throw error
  }
}
