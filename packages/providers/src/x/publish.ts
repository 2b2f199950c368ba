import {
  type GrantAccess,
  type Json,
  MalformedResponseError,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  type PublishInput,
  type PublishStep,
  type SentPost,
  type TargetAccess,
} from '@postmcp/core'
import { z } from 'zod'
import { baseOf, callApi } from './api.js'
import { chunkAt } from './chunk-plan.js'
import {
  appendChunk,
  askProcessing,
  describeMedia,
  finalizeUpload,
  initializeUpload,
  type Processing,
  uploadImage,
} from './media.js'

/** An upload in parts that was begun: which comes next, or that X works on it. */
const sessionForm = z.object({ id: z.string(), segment: z.int(), isProcessing: z.boolean() })

const uploadForm = z.object({
  stage: z.literal('upload'),
  /** Of the files that are done, in the order of the content. */
  mediaIds: z.array(z.string()),
  session: sessionForm.nullable(),
})
type Upload = z.infer<typeof uploadForm>

const postForm = z.object({
  stage: z.literal('post'),
  /** What is sent, as text: a database may give the fields of an object back in another order. */
  request: z.string(),
  /** Texts of the posts that follow in the thread. */
  replies: z.array(z.string()),
  /** There from the second post of a thread on. */
  thread: z.object({ rootId: z.string(), parts: z.array(z.string()) }).nullable(),
})

/** What is about to be made public, and what was before it. */
export type PostCheckpoint = z.infer<typeof postForm>

const checkpointForm = z.discriminatedUnion('stage', [uploadForm, postForm])

/** Reads the checkpoint of a `send`. */
export const readPostCheckpoint = (checkpoint: Json): PostCheckpoint => postForm.parse(checkpoint)

/** Uploads the first file, or prepares the post where it has none. */
export const startPublish = (ctx: ProviderContext, input: PublishInput): Promise<PublishStep> =>
  upload(ctx, input, { stage: 'upload', mediaIds: [], session: null })

/** One step of an upload, or one post of the thread. X has no keys: what was sent must not be sent again unseen. */
export async function continuePublish(
  ctx: ProviderContext,
  input: PublishInput,
  checkpoint: Json,
): Promise<PublishStep> {
  const state = checkpointForm.parse(checkpoint)
  if (state.stage === 'upload') return upload(ctx, input, state)
  const { data } = await callApi(ctx, input.access.tokens, {
    method: 'POST',
    path: '/2/tweets',
    json: state.request,
    answer: z.object({ data: z.object({ id: z.string().regex(/^\d+$/) }) }),
  })
  return afterSending(ctx, input.account, state, data.id)
}

/** The step after a post of the thread is public. */
export function afterSending(
  ctx: ProviderContext,
  account: TargetAccess,
  { replies: [next, ...replies], thread }: PostCheckpoint,
  id: string,
): PublishStep {
  const rootId = thread?.rootId ?? id
  const parts = thread ? [...thread.parts, id] : []
  const sent: SentPost = {
    kind: 'post',
    // The posts of a protected account are seen by its followers only.
    visibility: account.settings.protected === true ? 'limited' : 'public',
    platformPostId: rootId,
    // Without the name of the account, for that may change.
    permalink: `${baseOf(ctx, 'www')}/i/status/${rootId}`,
    ...(parts.length > 0 && { parts }),
  }
  if (next === undefined) return { type: 'done', sent }
  const request = JSON.stringify({ text: next, reply: { in_reply_to_tweet_id: id } })
  const checkpoint: PostCheckpoint = { stage: 'post', request, replies, thread: { rootId, parts } }
  return { type: 'send', checkpoint, published: sent }
}

async function upload(ctx: ProviderContext, input: PublishInput, state: Upload): Promise<PublishStep> {
  const { mediaIds, session } = state
  const { tokens } = input.access
  const media = input.content.media[mediaIds.length]
  if (!media) return prepare(input, mediaIds)

  const goOn = (more: Partial<Upload>, resumeAfterSeconds = 0): PublishStep => {
    const checkpoint = { ...state, ...more }
    return { type: 'wait', checkpoint, resumeAfterSeconds, progress: progressOf(input, checkpoint) }
  }
  const finish = async (id: string): Promise<PublishStep> => {
    if (media.kind !== 'video' && media.altText.trim() !== '')
      await describeMedia(ctx, tokens, id, media.altText)
    return goOn({ mediaIds: [...mediaIds, id], session: null })
  }
  const afterWork = (id: string, processing: Processing): Promise<PublishStep> | PublishStep =>
    processing.isReady
      ? finish(id)
      : goOn({ session: { id, segment: 0, isProcessing: true } }, processing.checkAfterSeconds)

  if (media.kind === 'image') return finish(await uploadImage(ctx, tokens, media))
  if (!session) {
    const id = await initializeUpload(ctx, tokens, media)
    return goOn({ session: { id, segment: 0, isProcessing: false } })
  }
  const { id, segment, isProcessing } = session
  if (isProcessing) return afterWork(id, await askProcessing(ctx, tokens, id))
  const chunk = await appendChunk(ctx, tokens, media, { id, segment })
  if (chunk) return goOn({ session: { id, segment: segment + 1, isProcessing } })
  return afterWork(id, await finalizeUpload(ctx, tokens, id))
}

function progressOf({ content: { media } }: PublishInput, { mediaIds, session }: Upload) {
  const sum = (files: typeof media) => files.reduce((bytes, file) => bytes + file.bytes, 0)
  const current = media[mediaIds.length]
  const part = session && current ? (chunkAt(current.bytes, session.segment)?.start ?? current.bytes) : 0
  const done = session?.isProcessing && current ? current.bytes : part
  return { uploadedBytes: sum(media.slice(0, mediaIds.length)) + done, totalBytes: sum(media) }
}

function prepare({ content, options }: PublishInput, mediaIds: string[]): PublishStep {
  const request = JSON.stringify({
    text: content.text,
    ...(mediaIds.length > 0 && { media: { media_ids: mediaIds } }),
    ...(options.replySettings !== undefined && { reply_settings: options.replySettings }),
    ...(options.madeWithAi === true && { made_with_ai: true }),
    ...(options.paidPartnership === true && { paid_partnership: true }),
  })
  const checkpoint: PostCheckpoint = { stage: 'post', request, replies: content.replies, thread: null }
  return { type: 'send', checkpoint }
}

const deletion = z.object({
  data: z.object({ deleted: z.boolean() }).optional(),
  errors: z.array(z.object({ type: z.string().optional() })).optional(),
})
const notFound = /\/resource-not-found$/

/** Deletes a thread, the last post first. */
export async function deletePost(
  ctx: ProviderContext,
  { access }: { access: GrantAccess },
  { platformPostId, parts = [] }: SentPost,
): Promise<void> {
  for (const id of [platformPostId, ...parts].reverse()) {
    if (!/^\d+$/.test(id)) {
      throw new PostMcpError('invalid_request', 'This is not the id of a post on X.', { platform: 'x' })
    }
    await deleteOne(ctx, access, id)
  }
}

async function deleteOne(ctx: ProviderContext, { tokens }: GrantAccess, id: string): Promise<void> {
  try {
    const call = { method: 'DELETE', path: `/2/tweets/${id}`, answer: deletion } as const
    const { data, errors = [] } = await callApi(ctx, tokens, call)
    const isGone = data?.deleted === true || errors.some(({ type = '' }) => notFound.test(type))
    if (!isGone) throw new MalformedResponseError('X did not say that it deleted the post.')
  } catch (error) {
    if (!(error instanceof PlatformError) || error.status !== 404) throw error
  }
}
