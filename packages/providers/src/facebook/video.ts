import {
  MalformedResponseError,
  multipart,
  type ProviderContext,
  type PublishInput,
  type PublishMedia,
  type PublishStep,
} from '@postmcp/core'
import { z } from 'zod'
import { afterPost } from '../meta/comments.js'
import { callGraph, GraphError, graphId } from '../meta/graph.js'
import type { At, VideoEdge } from './checkpoint.js'
import { graphVersion } from './manifest.js'
import { type Actor, callAsPage, linkTo, tokenOf } from './page.js'

const edges: Readonly<Record<string, VideoEdge>> = { reel: 'video_reels', story: 'video_stories' }

/** A part of a video may take as long as one step. */
const partMs = 280_000

const offset = z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)])
const startedVideo = z.object({
  video_id: graphId,
  upload_session_id: graphId,
  start_offset: offset,
  end_offset: offset,
})

/**
 * Opens an upload. Facebook says which part of a post's video it wants first; one of a reel or a story is sent in one piece, and
 * goes on where it broke off.
 * @see https://developers.facebook.com/docs/video-api/guides/reels-publishing (2026-11-22)
 */
export async function startVideo(
  ctx: ProviderContext,
  input: PublishInput,
  file: PublishMedia,
): Promise<PublishStep> {
  const edge = edges[String(input.options.postAs)] ?? 'videos'
  const call = { path: `${input.account.targetId}/${edge}`, method: 'POST' } as const
  if (edge !== 'videos') {
    const form = { upload_phase: 'start' }
    const { video_id: video } = await callAsPage(ctx, input, {
      ...call,
      form,
      answer: z.object({ video_id: graphId }),
    })
    return transferStep(
      { stage: 'transfer', edge, video, session: null, start: 0, end: file.bytes },
      file.bytes,
    )
  }
  const form = { upload_phase: 'start', file_size: String(file.bytes) }
  const started = await callAsPage(ctx, input, { ...call, form, answer: startedVideo })
  const { video_id: video, upload_session_id: session, start_offset: start, end_offset: end } = started
  return transferStep({ stage: 'transfer', edge, video, session, start, end }, file.bytes)
}

const transferStep = (checkpoint: At<'transfer'>, totalBytes: number): PublishStep => ({
  type: 'wait',
  checkpoint,
  resumeAfterSeconds: 0,
  progress: { uploadedBytes: checkpoint.start, totalBytes },
})

/** Uploads the next part; after the last one says what will be posted. */
export async function transferVideo(
  ctx: ProviderContext,
  input: PublishInput,
  state: At<'transfer'>,
): Promise<PublishStep> {
  const [file] = input.content.media
  if (!file) throw new Error('The post has no video.')
  const { session } = state
  const range =
    session === null
      ? await sendRest(ctx, input, state, file)
      : await sendPart(ctx, input, { ...state, session }, file)
  if (range.start < range.end) return transferStep({ ...state, ...range }, file.bytes)
  const { edge, video } = state
  const { title, text, replies } = input.content
  const common = { upload_phase: 'finish' }
  const request = JSON.stringify(
    edge === 'videos'
      ? {
          ...common,
          upload_session_id: session,
          ...(title && { title }),
          ...(text !== '' && { description: text }),
        }
      : edge === 'video_reels'
        ? {
            ...common,
            video_id: video,
            video_state: 'PUBLISHED',
            ...(title && { title }),
            ...(text !== '' && { description: text }),
          }
        : { ...common, video_id: video },
  )
  const progress = { uploadedBytes: file.bytes, totalBytes: file.bytes }
  return { type: 'send', checkpoint: { stage: 'finish', edge, video, request, replies }, progress }
}

const nextPart = z.object({ start_offset: offset, end_offset: offset })

/** One part as Facebook asked for it. A part that was sent already is answered with the next one. */
async function sendPart(
  ctx: ProviderContext,
  input: PublishInput,
  { start, end, session }: At<'transfer'> & { session: string },
  file: PublishMedia,
): Promise<{ start: number; end: number }> {
  if (start >= end || end > file.bytes) throw misplaced()
  const answered = await callAsPage(ctx, input, {
    path: `${input.account.targetId}/videos`,
    method: 'POST',
    content: multipart([
      { name: 'upload_phase', value: 'transfer' },
      { name: 'upload_session_id', value: session },
      { name: 'start_offset', value: String(start) },
      {
        name: 'video_file_chunk',
        fileName: file.fileName,
        mimeType: file.mimeType,
        content: file.stream({ start, end }),
      },
    ]),
    timeoutMs: partMs,
    answer: nextPart,
  })
  return { start: answered.start_offset, end: answered.end_offset }
}

const misplaced = () => new MalformedResponseError('Facebook asks for a part of the video that there is not.')

/** Everything that is not there yet, by the server that takes files. */
async function sendRest(
  ctx: ProviderContext,
  input: PublishInput,
  { video }: At<'transfer'>,
  file: PublishMedia,
): Promise<{ start: number; end: number }> {
  const token = tokenOf(input)
  const { uploading_phase } = await readStatus(ctx, input, video)
  const start = uploading_phase?.bytes_transferred ?? uploading_phase?.bytes_transfered ?? 0
  const end = file.bytes
  if (start > end) throw misplaced()
  if (start === end) return { start, end }
  await callGraph(ctx, {
    address: `${ctx.endpoints.upload}/video-upload/${graphVersion}/${video}`,
    method: 'POST',
    content: {
      headers: {
        authorization: `OAuth ${token}`,
        offset: String(start),
        file_size: String(end),
        'content-type': 'application/octet-stream',
      },
      body: file.stream({ start, end }),
    },
    secrets: [token],
    timeoutMs: partMs,
    answer: z.object({ success: z.literal(true) }),
  })
  return { start: end, end }
}

const form = z.record(z.string(), z.string())

/** Makes a video public, which then is worked on. */
export async function finishVideo(
  ctx: ProviderContext,
  actor: Actor,
  { edge, video, request, replies }: At<'finish'>,
): Promise<PublishStep> {
  const { post_id } = await callAsPage(ctx, actor, {
    path: `${actor.account.targetId}/${edge}`,
    method: 'POST',
    form: form.parse(JSON.parse(request)),
    answer: z.object({ success: z.literal(true), post_id: graphId.nullish() }),
  })
  return processingStep(ctx, { edge, video, postId: post_id ?? null, replies })
}

/** The step that follows when a video was taken. */
export const processingStep = (
  ctx: ProviderContext,
  taken: Pick<At<'processing'>, 'edge' | 'video' | 'postId' | 'replies'>,
): PublishStep => ({
  type: 'wait',
  checkpoint: { ...taken, stage: 'processing', since: ctx.clock.now().toISOString(), looks: 0 },
  resumeAfterSeconds: 0,
})

const phase = z.object({ status: z.string().nullish() })
const statusForm = z.object({
  video_status: z.string(),
  // Both spellings are seen.
  uploading_phase: phase
    .extend({ bytes_transfered: offset.nullish(), bytes_transferred: offset.nullish() })
    .nullish(),
  processing_phase: phase.extend({ error: z.object({ message: z.string().nullish() }).nullish() }).nullish(),
  publishing_phase: phase.extend({ publish_status: z.string().nullish() }).nullish(),
})

/** How far Facebook is with a video. @see https://developers.facebook.com/docs/graph-api/reference/video-status (2026-11-22) */
export async function readStatus(
  ctx: ProviderContext,
  actor: Actor,
  video: string,
): Promise<z.infer<typeof statusForm>> {
  const { status } = await callAsPage(ctx, actor, {
    path: video,
    query: { fields: 'status' },
    answer: z.object({ status: statusForm }),
  })
  return status
}

/** In seconds; how often one may look is not documented. */
const pauses = [3, 5, 10, 20, 30]
const longestPause = 60
/** Beyond it somebody should look. The number is ours. */
const longestWorkMs = 60 * 60 * 1000

/** Looks whether a video that was taken is public. */
export async function lookAtVideo(
  ctx: ProviderContext,
  actor: Actor,
  state: At<'processing'>,
): Promise<PublishStep> {
  const status = await readStatus(ctx, actor, state.video)
  const { video_status, processing_phase, publishing_phase } = status
  if (['error', 'upload_failed', 'expired'].includes(video_status) || publishing_phase?.status === 'error') {
    throw new GraphError({
      status: 200,
      platformCode: video_status,
      message: processing_phase?.error?.message || 'Facebook could not make a post of the video',
      isTransient: false,
    })
  }
  if (video_status === 'ready' && (publishing_phase?.status ?? 'complete') === 'complete') {
    const { edge, video, postId, replies } = state
    if (edge === 'video_stories') return afterPost({ id: postId ?? video, permalink: null }, [])
    return afterPost({ id: video, permalink: await permalinkOf(ctx, actor, state) }, replies)
  }
  if (ctx.clock.now().getTime() - Date.parse(state.since) > longestWorkMs) {
    // It was taken, so it may be public at any time.
    const message = 'Facebook is still working on the video after an hour.'
    throw new GraphError({ status: 200, platformCode: video_status, message, isTransient: true })
  }
  const resumeAfterSeconds = pauses[state.looks] ?? longestPause
  return { type: 'wait', checkpoint: { ...state, looks: state.looks + 1 }, resumeAfterSeconds }
}

/** The id of a reel is part of its address; where Facebook names none, that is where it leads. */
async function permalinkOf(
  ctx: ProviderContext,
  actor: Actor,
  { edge, video }: At<'processing'>,
): Promise<string> {
  const query = { fields: 'permalink_url' }
  const answer = z.object({ permalink_url: z.string().min(1) })
  const fallback = edge === 'video_reels' ? `reel/${video}` : `watch/?v=${video}`
  return callAsPage(ctx, actor, { path: video, query, answer }).then(
    ({ permalink_url }) => linkTo(ctx, permalink_url),
    () => linkTo(ctx, fallback),
  )
}
