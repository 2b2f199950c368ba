import {
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
import { callApi, endpoint } from './api.js'
import { chunkAt } from './chunk-plan.js'
import { type Creator, readCreator } from './creator.js'
import { privacyLevelOf, shownTo } from './privacy.js'
import { isFailedPost, type PublishStatus, readStatus } from './publish-status.js'
import { describePhotos, describeVideo, photosPath } from './requests.js'
import { announce, putChunk } from './upload.js'

/** What of a post is known before it is one. */
const aboutForm = z.object({
  kind: z.enum(['video', 'photo']),
  /** Null for drafts. */
  username: z.string().nullable(),
  visibility: z.enum(['public', 'limited', 'private']),
})
const uploadForm = z.object({
  at: z.literal('upload'),
  about: aboutForm,
  path: z.enum(['/v2/post/publish/video/init/', '/v2/post/publish/inbox/video/init/']),
  /** As text, so that its bytes stay the same. */
  body: z.string(),
  publishId: z.string(),
  total: z.int().positive(),
  start: z.int().nonnegative(),
})
/** The request itself is among the secrets: it names the addresses of the photos. */
const photosForm = z.object({ at: z.literal('photos'), about: aboutForm })
const lookForm = z.object({
  at: z.literal('look'),
  about: aboutForm,
  publishId: z.string(),
  looks: z.int().nonnegative(),
  /** Since when it is published without an id. */
  completeSince: z.iso.datetime().nullable(),
})
const checkpointForm = z.discriminatedUnion('at', [uploadForm, photosForm, lookForm])

type About = z.infer<typeof aboutForm>
type UploadCheckpoint = z.infer<typeof uploadForm>
type LookCheckpoint = z.infer<typeof lookForm>

/** How long the id of a public post is waited for: moderation is mostly over within a minute, and sometimes takes hours. */
const idForMs = 2 * 60 * 1000

/** Asks what the account may post, and announces a video or prepares photos; nothing is public after it. */
export async function startPublish(ctx: ProviderContext, input: PublishInput): Promise<PublishStep> {
  const [media] = input.content.media
  if (!media) throw new PostMcpError('validation_failed', 'TikTok takes no post without media.')
  const isInbox = input.options.mode === 'inbox'
  const creator = isInbox ? null : await readCreator(ctx, input.access)
  const level = creator && privacyLevelOf(input, creator.privacyLevels)
  const kind = media.kind === 'video' ? 'video' : 'photo'
  const visibility = level === null ? 'private' : shownTo(level)
  const about = { kind, username: creator?.username ?? null, visibility } as const
  if (kind === 'photo') {
    const request = await describePhotos(input, creator, level)
    return { type: 'send', checkpoint: { at: 'photos', about }, secrets: { request } }
  }
  if (creator) refuseTooLong(media.durationMs, creator)
  const announcement = describeVideo(input, creator, level)
  return openUpload(ctx, input, {
    at: 'upload',
    about,
    ...announcement,
    publishId: '',
    total: media.bytes,
    start: 0,
  })
}

function refuseTooLong(durationMs: number | null, { maxVideoSeconds }: Creator): void {
  if (durationMs === null || durationMs <= maxVideoSeconds * 1000) return
  throw new PostMcpError(
    'validation_failed',
    `This TikTok account may post videos of at most ${maxVideoSeconds} seconds; this one has ${Math.round(durationMs / 1000)}.`,
    { platform: 'tiktok' },
  )
}

async function openUpload(
  ctx: ProviderContext,
  input: PublishInput,
  upload: UploadCheckpoint,
): Promise<PublishStep> {
  const { publishId, uploadUrl } = await announce(ctx, input, upload)
  return { ...goOnAt({ ...upload, publishId }, 0), secrets: { upload: uploadUrl } }
}

/** The last chunk is what publishes. */
function goOnAt(upload: UploadCheckpoint, byte: number) {
  const { start, isLast } = chunkAt(byte, upload.total)
  const checkpoint = { ...upload, start }
  const progress = { uploadedBytes: start, totalBytes: upload.total }
  return isLast
    ? { type: 'send' as const, checkpoint, progress }
    : { type: 'wait' as const, checkpoint, resumeAfterSeconds: 0, progress }
}

/** The next chunk, the request for photos, or the next look at what TikTok makes of the post. */
export async function continuePublish(
  ctx: ProviderContext,
  input: PublishInput,
  checkpoint: Json,
): Promise<PublishStep> {
  const state = checkpointForm.parse(checkpoint)
  if (state.at === 'photos') return sendPhotos(ctx, input, state.about)
  if (state.at === 'look') return look(ctx, input, state)
  const { start, total } = state
  const chunk = chunkAt(start, total)
  try {
    const isWhole = await putChunk(ctx, input, { ...chunk, total })
    if (isWhole) return lookLater(state.about, state.publishId)
  } catch (error) {
    if (!(error instanceof PlatformError) || !isAboutPlace(error)) throw error
    return afterRefusedChunk(ctx, input, state, error)
  }
  if (chunk.isLast) throw new MalformedResponseError('TikTok has the whole video and waits for more.')
  return goOnAt(state, chunk.end)
}

const isAboutPlace = ({ status }: PlatformError) => status >= 400 && status < 500 && status !== 429

/** A chunk may be refused because TikTok has it already, or because its hour is over: the publish id tells which. */
async function afterRefusedChunk(
  ctx: ProviderContext,
  input: PublishInput,
  upload: UploadCheckpoint,
  error: PlatformError,
): Promise<PublishStep> {
  const told = await readStatus(ctx, input.access, upload.publishId).catch((second: unknown) => {
    // What failed for good is news; that the question failed, too, is none.
    throw isFailedPost(second) ? second : error
  })
  if (isTaken(told, upload.total)) return lookLater(upload.about, upload.publishId)
  const { uploadedBytes } = told
  if (uploadedBytes !== null && chunkAt(uploadedBytes, upload.total).start > upload.start) {
    return goOnAt(upload, uploadedBytes)
  }
  if (error.status === 403 || error.status === 404) return openUpload(ctx, input, upload)
  throw error
}

/** Whether TikTok has the whole video and goes on by itself. */
const isTaken = ({ status, uploadedBytes }: PublishStatus, total: number): boolean =>
  status === 'in_inbox' || status === 'complete' || (uploadedBytes !== null && uploadedBytes >= total)

async function sendPhotos(
  ctx: ProviderContext,
  { access, secrets }: PublishInput,
  about: About,
): Promise<PublishStep> {
  const { request } = secrets
  if (request === undefined) throw new PostMcpError('internal_error', 'The request for the photos is gone.')
  const { source_info } = z
    .object({ source_info: z.object({ photo_images: z.array(z.string()) }) })
    .parse(JSON.parse(request))
  const { publish_id } = await callApi(ctx, {
    method: 'POST',
    path: photosPath,
    body: request,
    hidden: source_info.photo_images,
    token: access.tokens.accessToken,
    data: z.object({ publish_id: z.string().min(1) }),
  })
  return lookLater(about, publish_id)
}

const lookLater = (about: About, publishId: string, looks = 0): PublishStep => ({
  type: 'wait',
  checkpoint: { at: 'look', about, publishId, looks, completeSince: null },
  resumeAfterSeconds: secondsUntilLook(looks),
})

/** Every ten seconds for ten minutes, then slower: some posts take hours. */
function secondsUntilLook(looks: number): number {
  if (looks === 0) return 3
  if (looks <= 60) return 10
  return looks <= 120 ? 60 : 300
}

/** @throws PlatformError for a post that TikTok took and did not publish */
async function look(ctx: ProviderContext, input: PublishInput, state: LookCheckpoint): Promise<PublishStep> {
  const { about, publishId, looks } = state
  const { status, postId } = await readStatus(ctx, input.access, publishId)
  if (status === 'in_inbox') {
    const draft = {
      kind: 'inbox_draft',
      visibility: 'private',
      platformPostId: publishId,
      permalink: null,
    } as const
    return { type: 'done', sent: draft }
  }
  if (status !== 'complete') return lookLater(about, publishId, looks + 1)
  const now = ctx.clock.now()
  const completeSince = state.completeSince ?? now.toISOString()
  const isIdComing =
    about.visibility === 'public' && now.getTime() - new Date(completeSince).getTime() < idForMs
  if (postId === null && isIdComing) {
    const checkpoint = { ...state, looks: looks + 1, completeSince }
    return { type: 'wait', checkpoint, resumeAfterSeconds: 10 }
  }
  return { type: 'done', sent: sentAs(ctx, about, publishId, postId) }
}

/** Only public posts get an id. The form of the address is not documented. */
function sentAs(ctx: ProviderContext, about: About, publishId: string, postId: string | null): SentPost {
  const { kind, username, visibility } = about
  const isLinked = postId !== null && username !== null
  return {
    kind: 'post',
    visibility,
    platformPostId: postId ?? publishId,
    permalink: isLinked ? `${endpoint(ctx, 'www')}/@${encodeURIComponent(username)}/${kind}/${postId}` : null,
  }
}

/**
 * What became of a last chunk, by the publish id: it is one post, so that sending the chunk again makes no second one.
 * @throws PostMcpError `outcome_unknown` for photos: without an answer there is no publish id
 */
export async function findPublished(
  ctx: ProviderContext,
  { access }: Pick<PublishInput, 'access'>,
  checkpoint: Json,
): Promise<PublishStep | null> {
  const state = checkpointForm.parse(checkpoint)
  if (state.at === 'photos') {
    throw new PostMcpError('outcome_unknown', 'TikTok did not answer, and cannot be asked about photos.', {
      platform: 'tiktok',
    })
  }
  if (state.at === 'look') return null
  try {
    const told = await readStatus(ctx, access, state.publishId)
    return isTaken(told, state.total) ? lookLater(state.about, state.publishId) : null
  } catch (error) {
    // It was taken and failed, which the next look says.
    if (isFailedPost(error)) return lookLater(state.about, state.publishId)
    throw error
  }
}
