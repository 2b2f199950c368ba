import {
  type GrantAccess,
  type Json,
  PlatformError,
  type ProviderContext,
  type PublishInput,
  type PublishMedia,
  type PublishStep,
  type SentPost,
  type Visibility,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi, callApiWithStatus } from './api.js'
import { instanceOf } from './instance.js'

const uploadForm = z.object({
  stage: z.literal('upload'),
  /** Of the files that are ready, in the order of the content. */
  mediaIds: z.array(z.string()),
  /** A file the instance works on, and how often it was asked about. */
  working: z.object({ id: z.string(), asked: z.int() }).nullable(),
})
type Upload = z.infer<typeof uploadForm>

const postForm = z.object({
  stage: z.literal('post'),
  /** What is sent, as text: a database may give the fields of an object back in another order. */
  request: z.string(),
  key: z.string(),
  /** Texts of the posts that follow in the thread. */
  replies: z.array(z.string()),
  /** There from the second post of a thread on. */
  thread: z
    .object({
      rootId: z.string(),
      permalink: z.string().nullable(),
      visibility: z.string(),
      parts: z.array(z.string()),
    })
    .nullable(),
})

/** What is about to be made public, and what was before it. */
export type PostCheckpoint = z.infer<typeof postForm>

const checkpointForm = z.discriminatedUnion('stage', [uploadForm, postForm])

/** Reads the checkpoint of a `send`. */
export const readPostCheckpoint = (checkpoint: Json): PostCheckpoint => postForm.parse(checkpoint)

const id = z.union([z.string().min(1), z.number().transform(String)])

/** What counts of a post that an instance shows. */
export const statusForm = z.object({
  id,
  url: z.string().nullish(),
  uri: z.string().nullish(),
  visibility: z.string().optional(),
})
export type Status = z.infer<typeof statusForm>

/** Uploads the first file, or prepares the post where it has none. */
export const startPublish = (ctx: ProviderContext, input: PublishInput): Promise<PublishStep> =>
  upload(ctx, input, { stage: 'upload', mediaIds: [], working: null })

/** One step of an upload, or one post of the thread. */
export async function continuePublish(
  ctx: ProviderContext,
  input: PublishInput,
  checkpoint: Json,
): Promise<PublishStep> {
  const state = checkpointForm.parse(checkpoint)
  if (state.stage === 'upload') return upload(ctx, input, state)
  const { access } = input
  const status = await callApi(ctx, {
    method: 'POST',
    url: `${instanceOf(access)}/api/v1/statuses`,
    access,
    json: state.request,
    idempotencyKey: state.key,
    answer: statusForm,
  })
  return afterSending(state, status, input.dedupeKey)
}

/** The step after a post of the thread is public. */
export function afterSending(
  { request, replies: [next, ...replies], thread }: PostCheckpoint,
  status: Status,
  dedupeKey: string,
): PublishStep {
  const root = thread ?? {
    rootId: status.id,
    permalink: webAddress(status.url) ?? webAddress(status.uri),
    visibility: status.visibility ?? 'public',
  }
  const parts = thread ? [...thread.parts, status.id] : []
  const sent: SentPost = {
    kind: 'post',
    visibility: seenBy[root.visibility] ?? 'public',
    platformPostId: root.rootId,
    permalink: root.permalink,
    ...(parts.length > 0 && { parts }),
  }
  if (next === undefined) return { type: 'done', sent }
  const { media_ids: _, sensitive: __, ...same } = z.looseObject({}).parse(JSON.parse(request))
  const checkpoint: PostCheckpoint = {
    stage: 'post',
    request: JSON.stringify({ ...same, status: next, in_reply_to_id: status.id }),
    key: `${dedupeKey}-${parts.length + 1}`,
    replies,
    thread: { ...root, parts },
  }
  return { type: 'send', checkpoint, published: sent }
}

/** Who sees a post of each visibility there; that of a limited account becomes `unlisted`. */
const seenBy: Record<string, SentPost['visibility']> = {
  public: 'public',
  unlisted: 'public',
  private: 'limited',
  direct: 'private',
}

const webAddress = (address: string | null | undefined) =>
  address && URL.canParse(address) && /^https?:$/.test(new URL(address).protocol) ? address : null

const visibilities: Partial<Record<Visibility, string>> = {
  public: 'public',
  unlisted: 'unlisted',
  followers: 'private',
}

function prepare({ content, options, dedupeKey }: PublishInput, mediaIds: string[]): PublishStep {
  const [language] = content.languages ?? []
  const spoilerText = String(options.spoilerText ?? '')
  const request = JSON.stringify({
    status: content.text,
    visibility: visibilities[content.visibility],
    ...(mediaIds.length > 0 && { media_ids: mediaIds }),
    ...(language !== undefined && { language }),
    ...(spoilerText !== '' && { spoiler_text: spoilerText }),
    ...(options.sensitive === true && { sensitive: true }),
  })
  const checkpoint: PostCheckpoint = {
    stage: 'post',
    request,
    key: dedupeKey,
    replies: content.replies,
    thread: null,
  }
  return { type: 'send', checkpoint }
}

/** A file goes in one request, however large it is. */
const uploadMs = 280_000
/** It is asked about ever more slowly, for about ten minutes. */
const longestPauseSeconds = 10
const mostQuestions = 65

async function upload(ctx: ProviderContext, input: PublishInput, state: Upload): Promise<PublishStep> {
  const { mediaIds, working } = state
  const { content, access } = input
  const media = content.media[mediaIds.length]
  if (!media) return prepare(input, mediaIds)

  const instance = instanceOf(access)
  const { status, data } = working
    ? await askAbout(ctx, access, `${instance}/api/v1/media/${encodeURIComponent(working.id)}`)
    : await sendFile(ctx, access, `${instance}/api/v2/media`, media)
  const asked = (working?.asked ?? -1) + 1
  const isReady = status === 200
  if (!isReady && asked >= mostQuestions) {
    const message = 'The instance has not finished working on a file after ten minutes.'
    throw new PlatformError({ status: 422, platformCode: 'media_processing_timeout', message })
  }
  const checkpoint: Upload = isReady
    ? { stage: 'upload', mediaIds: [...mediaIds, data.id], working: null }
    : { stage: 'upload', mediaIds, working: { id: data.id, asked } }
  const sum = (files: PublishMedia[]) => files.reduce((bytes, file) => bytes + file.bytes, 0)
  return {
    type: 'wait',
    checkpoint,
    resumeAfterSeconds: isReady ? 0 : Math.min(1 + asked, longestPauseSeconds),
    progress: {
      uploadedBytes: sum(content.media.slice(0, mediaIds.length + 1)),
      totalBytes: sum(content.media),
    },
  }
}

const attachment = z.object({ id })

const askAbout = (ctx: ProviderContext, access: GrantAccess, url: string) =>
  callApiWithStatus(ctx, { method: 'GET', url, access, answer: attachment })

const sendFile = (ctx: ProviderContext, access: GrantAccess, url: string, media: PublishMedia) =>
  callApiWithStatus(ctx, {
    method: 'POST',
    url,
    access,
    parts: [
      ...(media.altText.trim() === '' ? [] : [{ name: 'description', value: media.altText }]),
      filePart('file', media),
      ...(media.thumbnail ? [filePart('thumbnail', media.thumbnail)] : []),
    ],
    timeoutMs: uploadMs,
    answer: attachment,
  })

const filePart = (name: string, { fileName, mimeType, stream }: PublishMedia) => ({
  name,
  fileName,
  mimeType,
  content: stream(),
})

/** Deletes a thread, the last post first. Copies on other servers may stay. */
export async function deletePost(
  ctx: ProviderContext,
  { access }: { access: GrantAccess },
  { platformPostId, parts = [] }: SentPost,
): Promise<void> {
  for (const one of [platformPostId, ...parts].reverse()) {
    try {
      const url = `${instanceOf(access)}/api/v1/statuses/${encodeURIComponent(one)}`
      await callApi(ctx, { method: 'DELETE', url, access, answer: z.looseObject({}) })
    } catch (error) {
      const isGone = error instanceof PlatformError && (error.status === 404 || error.status === 410)
      if (!isGone) throw error
    }
  }
}
