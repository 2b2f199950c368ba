import {
  type Content,
  type GrantAccess,
  type Issue,
  type Json,
  PlatformError,
  PostMcpError,
  type ProviderContext,
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
import { tidForm } from './tid.js'
import { nothing, xrpc } from './xrpc.js'

const collection = 'app.bsky.feed.post'
const maxLanguages = 3 // https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json (2026-11-22)

/**
 * What is sent, as text: a database may give the fields of an object back in another order, a text it gives back as it is.
 */
const checkpointForm = z.object({ rkey: z.string().regex(tidForm), request: z.string() })

/** What the declared limits cannot say. */
export function validate(content: Content): Issue[] {
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
  content.media.forEach(({ altText }, i) => {
    if (altText?.trim()) return
    add({
      code: 'alt_text_missing',
      severity: 'warning',
      message: `Image ${i + 1} has no alt text; people who cannot see it will not know what it shows.`,
      field: `content.media.${i}.altText`,
    })
  })
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

/** Uploads the images and builds the record; nothing is public after it. */
export async function startPublish(ctx: ProviderContext, input: PublishInput): Promise<PublishStep> {
  const { access, content, dedupeKey: rkey, startedAt } = input
  const facets = await detectFacets(ctx, content.text)
  const embed = await buildEmbed(ctx, access, content)
  const record = {
    $type: collection,
    text: content.text,
    createdAt: startedAt.toISOString(),
    ...(content.languages && content.languages.length > 0 && { langs: content.languages }),
    ...(facets.length > 0 && { facets }),
    ...(embed && { embed }),
  }
  await assertValid(record)
  // Null asserts that there is no such record yet: this is what keeps a repetition from posting twice.
  const request = { repo: access.subject, collection, rkey, record, swapRecord: null }
  return { type: 'send', checkpoint: { rkey, request: JSON.stringify(request) } }
}

/**
 * Makes the post public. May be repeated: an equal record under the same key is answered like the first time.
 * A server checks the record against lexicons it knows; `validate: true` would make those fail that know none.
 */
export async function continuePublish(
  ctx: ProviderContext,
  input: PublishInput,
  checkpoint: Json,
): Promise<PublishStep> {
  const { rkey, request } = checkpointForm.parse(checkpoint)
  const uri = uriOf(input.access.subject, rkey)
  await xrpc(ctx, {
    service: serviceOf(input.access),
    method: 'com.atproto.repo.putRecord',
    token: tokenOf(input.access),
    body: { type: 'application/json', content: request },
    answer: z.object({ uri: z.literal(uri), cid: z.string() }),
  }).catch(explainSize)
  return { type: 'done', sent: toSent(ctx, input.access.subject, rkey) }
}

/** Looks for a post by its key. Anyone may read a record, so this works without a living token. */
export async function findPublished(
  ctx: ProviderContext,
  { access, dedupeKey: rkey }: Pick<PublishInput, 'access' | 'account' | 'dedupeKey'>,
  body: Json,
): Promise<SentPost | null> {
  const ours = requestForm.parse(JSON.parse(checkpointForm.parse(body).request)).record
  try {
    const { value } = await xrpc(ctx, {
      service: serviceOf(access),
      method: 'com.atproto.repo.getRecord',
      query: { repo: access.subject, collection, rkey },
      answer: z.object({ uri: z.literal(uriOf(access.subject, rkey)), value: recordForm }),
    })
    return value.createdAt === ours.createdAt ? toSent(ctx, access.subject, rkey) : null
  } catch (error) {
    if (error instanceof PlatformError && error.platformCode === 'RecordNotFound') return null
    throw error
  }
}

// The text may have been edited since; the instant, to the millisecond, is ours.
const recordForm = z.object({ createdAt: z.string() })
const requestForm = z.object({ record: recordForm })

/** Deletes a post; the server answers the same when there is none. */
export async function deletePost(
  ctx: ProviderContext,
  access: GrantAccess,
  platformPostId: string,
): Promise<void> {
  const prefix = uriOf(access.subject, '')
  if (!platformPostId.startsWith(prefix)) {
    throw new PostMcpError('invalid_request', 'This is not the at-uri of a post of this account.', {
      platform: 'bluesky',
    })
  }
  await xrpc(ctx, {
    service: serviceOf(access),
    method: 'com.atproto.repo.deleteRecord',
    token: tokenOf(access),
    json: { repo: access.subject, collection, rkey: platformPostId.slice(prefix.length) },
    answer: nothing,
  })
}

type BuiltContent = PublishInput['content']

/** A post has one embed: its images, or the card of a link. */
async function buildEmbed(
  ctx: ProviderContext,
  access: GrantAccess,
  { media, link }: BuiltContent,
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

const blobAnswer = z.object({
  blob: z.object({
    $type: z.literal('blob'),
    ref: z.object({ $link: z.string() }),
    mimeType: z.string(),
    size: z.number(),
  }),
})

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

const toSent = (ctx: ProviderContext, did: string, rkey: string): SentPost => ({
  kind: 'post',
  visibility: 'public',
  platformPostId: uriOf(did, rkey),
  // By DID: handles change.
  permalink: `${endpoint(ctx, 'web')}/profile/${did}/post/${rkey}`,
})
