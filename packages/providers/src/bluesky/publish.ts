import {
  type DraftForTarget,
  type GrantAccess,
  type Issue,
  type Json,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  type PublishContent,
  type PublishInput,
  type PublishMedia,
  type PublishStep,
  type SentPost,
} from '@postmcp/core'
import { z } from 'zod'
import { detectFacets } from './facets.js'
import { endpoint } from './identity.js'
import { tokenOf } from './proof.js'
import { serviceOf } from './session.js'
import { createTid, tidForm } from './tid.js'
import { findVideo, uploadVideo, videoEmbed } from './video.js'
import { blobForm, nothing, xrpc } from './xrpc.js'

const collection = 'app.bsky.feed.post'
const maxLanguages = 3 // https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json (2026-11-22)

/** A record as its place in a thread is not known yet, as text; see `checkpointForm`. */
const preparedForm = z.object({ rkey: z.string().regex(tidForm), record: z.string() })

/**
 * What is sent, as text: a database may give the fields of an object back in another order, a text it gives back as it is.
 * `replies` follow it; `thread` is there from the first of them on.
 */
const checkpointForm = z.object({
  rkey: z.string().regex(tidForm),
  request: z.string(),
  replies: z.array(preparedForm).default([]),
  thread: z
    .object({ root: z.object({ uri: z.string(), cid: z.string() }), parts: z.array(z.string()) })
    .optional(),
})
type Checkpoint = z.infer<typeof checkpointForm>

/** What the declared limits cannot say. */
export function validate({ content }: DraftForTarget): Issue[] {
  const issues: Issue[] = []
  const add = (issue: Issue) => issues.push(issue)
  const languages = content.languages ?? []
  if (languages.length > maxLanguages) {
    add({
      code: 'too_many_languages',
      severity: 'error',
      message: `Bluesky takes at most ${maxLanguages} languages per post; there are ${languages.length}.`,
      field: 'content.languages',
      allowed: maxLanguages,
      found: languages.length,
    })
  }
  languages.forEach((language, i) => {
    if (isLanguageTag(language)) return
    add({
      code: 'language_malformed',
      severity: 'error',
      message: 'This is not a language tag such as en or pt-BR.',
      field: `content.languages.${i}`,
    })
  })
  if (content.link && !isWebAddress(content.link.url)) {
    add({
      code: 'link_malformed',
      severity: 'error',
      message: 'The link is not a whole http or https address.',
      field: 'content.link.url',
    })
  }
  return issues
}

function isLanguageTag(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1
  } catch {
    return false
  }
}

const isWebAddress = (text: string) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

/** A video that the service works on. */
const processingForm = z.object({ jobId: z.string(), startedAt: z.iso.datetime() })

/** The service is asked again after so long. */
const pollSeconds = 2

/** Uploads the files and builds the records; nothing is public after it. */
export async function startPublish(ctx: ProviderContext, input: PublishInput): Promise<PublishStep> {
  const { access, content, startedAt } = input
  const video = content.media.find(({ kind }) => kind === 'video')
  if (!video) return buildPost(ctx, input, startedAt, await buildEmbed(ctx, access, content))
  const jobId = await uploadVideo(ctx, access, video)
  const checkpoint = { jobId, startedAt: startedAt.toISOString() }
  const progress = { uploadedBytes: video.bytes, totalBytes: video.bytes }
  return { type: 'wait', checkpoint, resumeAfterSeconds: 0, progress }
}

async function continueProcessing(
  ctx: ProviderContext,
  input: PublishInput,
  { jobId, startedAt }: z.infer<typeof processingForm>,
): Promise<PublishStep> {
  const blob = await findVideo(ctx, jobId)
  if (!blob) return { type: 'wait', checkpoint: { jobId, startedAt }, resumeAfterSeconds: pollSeconds }
  const [video] = input.content.media
  return buildPost(ctx, input, new Date(startedAt), video ? videoEmbed(blob, video) : null)
}

async function buildPost(
  ctx: ProviderContext,
  { access, content, dedupeKey: rkey }: PublishInput,
  startedAt: Date,
  embed: Json | null,
): Promise<PublishStep> {
  const record = { ...(await buildRecord(ctx, content, content.text, startedAt)), ...(embed && { embed }) }
  await assertValid(record)
  const replies: Checkpoint['replies'] = []
  for (const [index, text] of content.replies.entries()) {
    // A thread reads in the order of its keys and instants.
    const at = new Date(startedAt.getTime() + index + 1)
    const reply = await buildRecord(ctx, content, text, at)
    await assertValid(reply)
    replies.push({ rkey: createTid(at), record: JSON.stringify(reply) })
  }
  return { type: 'send', checkpoint: { rkey, request: requestOf(access, rkey, record), replies } }
}

async function buildRecord(
  ctx: ProviderContext,
  { languages }: PublishContent,
  text: string,
  createdAt: Date,
): Promise<Record<string, Json>> {
  const facets = await detectFacets(ctx, text)
  return {
    $type: collection,
    text,
    createdAt: createdAt.toISOString(),
    ...(languages && languages.length > 0 && { langs: languages }),
    ...(facets.length > 0 && { facets: facets as unknown as Json[] }),
  }
}

/** Null asserts that there is no such record yet: this is what keeps a repetition from posting twice. */
const requestOf = (access: GrantAccess, rkey: string, record: unknown): string =>
  JSON.stringify({ repo: access.subject, collection, rkey, record, swapRecord: null })

/**
 * Looks whether a video is ready, or makes a post of the thread public. May be repeated: an equal record under the same key is answered like the first time.
 * A server checks the record against lexicons it knows; `validate: true` would make those fail that know none.
 */
export async function continuePublish(
  ctx: ProviderContext,
  input: PublishInput,
  checkpoint: Json,
): Promise<PublishStep> {
  const processing = processingForm.safeParse(checkpoint)
  if (processing.success) return continueProcessing(ctx, input, processing.data)
  const { access } = input
  const state = checkpointForm.parse(checkpoint)
  const written = await xrpc(ctx, {
    service: serviceOf(access),
    method: 'com.atproto.repo.putRecord',
    token: tokenOf(access),
    body: { type: 'application/json', content: state.request },
    answer: z.object({ uri: z.literal(uriOf(access.subject, state.rkey)), cid: z.string() }),
  }).catch(explainSize)
  return afterWriting(ctx, access, state, written)
}

/** Looks for a post by its key. Anyone may read a record, so this works without a living token. */
export async function findPublished(
  ctx: ProviderContext,
  { access }: { access: GrantAccess; sentAt: Date },
  checkpoint: Json,
): Promise<PublishStep | null> {
  const state = checkpointForm.parse(checkpoint)
  const ours = requestForm.parse(JSON.parse(state.request)).record
  try {
    const found = await xrpc(ctx, {
      service: serviceOf(access),
      method: 'com.atproto.repo.getRecord',
      query: { repo: access.subject, collection, rkey: state.rkey },
      answer: z.object({
        uri: z.literal(uriOf(access.subject, state.rkey)),
        cid: z.string(),
        value: recordForm,
      }),
    })
    return found.value.createdAt === ours.createdAt ? afterWriting(ctx, access, state, found) : null
  } catch (error) {
    if (error instanceof PlatformError && error.platformCode === 'RecordNotFound') return null
    throw error
  }
}

// The text may have been edited since; the instant, to the millisecond, is ours.
const recordForm = z.object({ createdAt: z.string() })
const requestForm = z.object({ record: recordForm })

/** What comes next when a post of a thread is public: its next reply, or nothing. */
function afterWriting(
  ctx: ProviderContext,
  access: GrantAccess,
  { replies: [next, ...replies], thread }: Checkpoint,
  { uri, cid }: { uri: string; cid: string },
): PublishStep {
  const root = thread?.root ?? { uri, cid }
  const parts = thread ? [...thread.parts, uri] : []
  const sent: SentPost = {
    kind: 'post',
    visibility: 'public',
    platformPostId: root.uri,
    permalink: permalinkOf(ctx, access.subject, root.uri),
    ...(parts.length > 0 && { parts }),
  }
  if (!next) return { type: 'done', sent }
  const record = { ...JSON.parse(next.record), reply: { root, parent: { uri, cid } } }
  const request = requestOf(access, next.rkey, record)
  const checkpoint = { rkey: next.rkey, request, replies, thread: { root, parts } }
  return { type: 'send', checkpoint, published: sent }
}

/** Deletes a thread, the last post first; the server answers the same when there is none. */
export async function deletePost(
  ctx: ProviderContext,
  { access }: { access: GrantAccess },
  { platformPostId, parts = [] }: SentPost,
): Promise<void> {
  const prefix = uriOf(access.subject, '')
  const uris = [platformPostId, ...parts].reverse()
  if (!uris.every((uri) => uri.startsWith(prefix))) {
    throw new PostMcpError('invalid_request', 'This is not the at-uri of a post of this account.', {
      platform: 'bluesky',
    })
  }
  for (const uri of uris) {
    await xrpc(ctx, {
      service: serviceOf(access),
      method: 'com.atproto.repo.deleteRecord',
      token: tokenOf(access),
      json: { repo: access.subject, collection, rkey: uri.slice(prefix.length) },
      answer: nothing,
    })
  }
}

/** A post has one embed: its images, or the card of a link. */
async function buildEmbed(
  ctx: ProviderContext,
  access: GrantAccess,
  { media, link }: PublishContent,
): Promise<Json | null> {
  if (media.length > 0) {
    const images: Json[] = []
    for (const item of media) images.push(await uploadImage(ctx, access, item))
    return { $type: 'app.bsky.embed.images', images }
  }
  if (!link) return null
  const { url, title, description } = link
  return {
    $type: 'app.bsky.embed.external',
    // The server does not read the page: a card shows what we say.
    external: { uri: url, title: title?.trim() || addressOf(url), description: description ?? '' },
  }
}

/** An address as people write it. */
function addressOf(text: string): string {
  const { host, pathname } = new URL(text)
  return `${host}${pathname.replace(/\/$/, '')}`
}

const blobAnswer = z.object({ blob: blobForm })

/** Bytes that are the same become the same blob, so this may be repeated; a blob that no post mentions is swept away. */
async function uploadImage(ctx: ProviderContext, access: GrantAccess, media: PublishMedia): Promise<Json> {
  const { blob } = await xrpc(ctx, {
    service: serviceOf(access),
    method: 'com.atproto.repo.uploadBlob',
    token: tokenOf(access),
    body: { type: media.mimeType, content: await media.read() },
    answer: blobAnswer,
  }).catch(explainSize)
  const { width, height } = media
  return {
    alt: media.altText,
    image: blob,
    ...(width !== null && height !== null && { aspectRatio: { width, height } }),
  }
}

/** Servers older than April 2026 and the proxies before them take less than Bluesky does; say so in words that help. */
function explainSize(error: unknown): never {
  const isSize =
    error instanceof PlatformError && (error.platformCode === 'BlobTooLarge' || error.status === 413)
  if (!isSize) throw error
  throw new PlatformError({
    status: error.status,
    platformCode: error.platformCode,
    message: `The server of this account takes only smaller images than Bluesky itself; make them smaller than 1,000,000 bytes. It said: ${error.message}`,
    requestId: error.requestId,
  })
}

/** The record as its lexicon wants it, so that a fault of ours is found before anything is sent. */
async function assertValid(record: Record<string, unknown>): Promise<void> {
  const { AppBskyFeedPost, jsonToLex } = await import('@atproto/api')
  const result = AppBskyFeedPost.validateRecord(jsonToLex(record))
  if (result.success) return
  throw new PostMcpError('validation_failed', `Bluesky would not take this post: ${result.error.message}.`, {
    platform: 'bluesky',
    issues: [{ code: 'record_invalid', severity: 'error', message: result.error.message, field: 'content' }],
  })
}

const uriOf = (did: string, rkey: string) => `at://${did}/${collection}/${rkey}`

/** By DID: handles change. */
const permalinkOf = (ctx: ProviderContext, did: string, uri: string): string =>
  `${endpoint(ctx, 'web')}/profile/${did}/post/${uri.slice(uriOf(did, '').length)}`
