import {
  type GrantAccess,
  type Json,
  PlatformError,
  type ProviderContext,
  type PublishContent,
  type PublishInput,
  type PublishStep,
  type SentPost,
} from '@postmcp/core'
import { z } from 'zod'
import { baseOf, sendCall, undocumented } from './api.js'
import { commentForm, sendComment, withComments } from './comments.js'
import { toLittleText } from './little-text.js'
import {
  askVideo,
  finalizeVideo,
  initializeVideo,
  readVideoUpload,
  uploadImage,
  uploadPart,
} from './media.js'

const uploadForm = z.object({
  stage: z.literal('upload'),
  /** Of the files that are there, in the order of the content. */
  urns: z.array(z.string()),
  /** A video whose parts are sent: the names of those that were. What else is known of it is a secret. */
  partIds: z.array(z.string()).nullable(),
  /** A video LinkedIn works on, and how often it was asked about. */
  working: z.object({ urn: z.string(), asked: z.int() }).nullable(),
})
type Upload = z.infer<typeof uploadForm>

const postForm = z.object({
  stage: z.literal('post'),
  /** What is sent, as text: a database may give the fields of an object back in another order. */
  request: z.string(),
  /** Texts of the comments below it. */
  replies: z.array(z.string()).default([]),
})

/** Where publishing stands; `post` and `comment` make something public. */
export const checkpointForm = z.discriminatedUnion('stage', [uploadForm, postForm, commentForm])

/** How long an image takes that nobody may ask about; a guess, as other connectors make it. */
const imageSeconds = 3
/** A video is asked about ever more slowly, for about ten minutes; one that nobody may ask about gets a minute. */
const longestPauseSeconds = 15
const mostQuestions = 45
const unknownVideoSeconds = 60

/** Uploads the first file, or prepares the post where it has none. */
export const startPublish = (ctx: ProviderContext, input: PublishInput): Promise<PublishStep> =>
  upload(ctx, input, { stage: 'upload', urns: [], partIds: null, working: null })

/** One step of an upload, the post, or a comment. LinkedIn has no keys: what was sent must not be sent again unseen. */
export async function continuePublish(
  ctx: ProviderContext,
  input: PublishInput,
  checkpoint: Json,
): Promise<PublishStep> {
  const state = checkpointForm.parse(checkpoint)
  if (state.stage === 'upload') return upload(ctx, input, state)
  if (state.stage === 'comment') return sendComment(ctx, input, state)
  const path = '/rest/posts'
  const response = await sendCall(ctx, input.access.tokens, { method: 'POST', path, json: state.request })
  // Without the id nothing was published, whatever the status says (gitroomhq/postiz-app#989).
  const urn = response.headers.get('x-restli-id')
  if (response.status !== 201 || !urn) throw undocumented(path, response)
  const sent = toSentPost(ctx, urn, state.request)
  return withComments(ctx, { actor: input.account.targetId, sent }, state.replies)
}

/** A post that is there. */
export function toSentPost(ctx: ProviderContext, urn: string, request: string): SentPost {
  const { visibility } = z.object({ visibility: z.string() }).parse(JSON.parse(request))
  return {
    kind: 'post',
    visibility: visibility === 'PUBLIC' ? 'public' : 'limited',
    platformPostId: urn,
    permalink: `${baseOf(ctx, 'www')}/feed/update/${urn}/`,
  }
}

async function upload(ctx: ProviderContext, input: PublishInput, state: Upload): Promise<PublishStep> {
  const { urns, partIds, working } = state
  const { access, account, secrets } = input
  const { tokens } = access
  const media = input.content.media[urns.length]
  if (!media) return prepare(input, urns)

  const goOn = (
    more: Partial<Upload>,
    resumeAfterSeconds = 0,
    kept?: Record<string, string>,
  ): PublishStep => {
    const checkpoint: Upload = { ...state, ...more }
    return {
      type: 'wait',
      checkpoint,
      resumeAfterSeconds,
      progress: progressOf(input, checkpoint),
      ...(kept && { secrets: kept }),
    }
  }
  const finished = (urn: string, afterSeconds = 0) =>
    goOn({ urns: [...urns, urn], partIds: null, working: null }, afterSeconds)

  if (media.kind !== 'video') {
    const isLast = urns.length === input.content.media.length - 1
    return finished(await uploadImage(ctx, tokens, account.targetId, media), isLast ? imageSeconds : 0)
  }
  if (working) return afterQuestion(await askVideo(ctx, tokens, working.urn), working)
  if (!partIds) {
    const video = await initializeVideo(ctx, tokens, account.targetId, media)
    return goOn({ partIds: [] }, 0, { video: JSON.stringify(video) })
  }
  const video = readVideoUpload(secrets.video)
  if (partIds.length < video.uploadInstructions.length) {
    const name = await uploadPart(ctx, tokens, media, video, partIds.length)
    return goOn({ partIds: [...partIds, name] })
  }
  await finalizeVideo(ctx, tokens, video, partIds)
  return goOn({ working: { urn: video.video, asked: 0 } }, 1)

  function afterQuestion(
    answer: Awaited<ReturnType<typeof askVideo>>,
    { urn, asked }: NonNullable<Upload['working']>,
  ): PublishStep {
    if (answer === 'ready') return finished(urn)
    if (answer === 'unknown') return finished(urn, unknownVideoSeconds)
    if (asked < mostQuestions) {
      return goOn({ working: { urn, asked: asked + 1 } }, Math.min(asked + 2, longestPauseSeconds))
    }
    const message = 'LinkedIn has not finished working on the video after ten minutes.'
    throw new PlatformError({ status: 422, platformCode: 'media_processing_timeout', message })
  }
}

function progressOf({ content: { media }, secrets }: PublishInput, { urns, partIds, working }: Upload) {
  const sum = (files: typeof media) => files.reduce((bytes, file) => bytes + file.bytes, 0)
  const before = sum(media.slice(0, urns.length))
  const totalBytes = sum(media)
  if (working) return { uploadedBytes: before + (media[urns.length]?.bytes ?? 0), totalBytes }
  const count = partIds?.length ?? 0
  const part = count > 0 ? readVideoUpload(secrets.video).uploadInstructions[count - 1] : undefined
  return { uploadedBytes: before + (part ? part.lastByte + 1 : 0), totalBytes }
}

function prepare({ account, content, options }: PublishInput, urns: string[]): PublishStep {
  const request = JSON.stringify({
    author: account.targetId,
    commentary: toLittleText(content.text),
    visibility: content.visibility === 'followers' ? 'CONNECTIONS' : 'PUBLIC',
    distribution: { feedDistribution: 'MAIN_FEED', targetEntities: [], thirdPartyDistributionChannels: [] },
    ...contentOf(content, urns),
    lifecycleState: 'PUBLISHED',
    isReshareDisabledByAuthor: options.disableReshare === true,
  })
  return { type: 'send', checkpoint: { stage: 'post', request, replies: content.replies } }
}

/** A post has a file, several images, an article, or only its text. */
function contentOf({ media, link }: PublishContent, urns: string[]) {
  const files = urns.map((id, index) => {
    const { altText = '', kind = 'image' } = media[index] ?? {}
    return { id, ...(kind !== 'video' && altText.trim() !== '' && { altText }) }
  })
  const [first, ...others] = files
  if (first && others.length > 0) return { content: { multiImage: { images: files } } }
  if (first) return { content: { media: first } }
  if (!link) return {}
  const { url, title, description } = link
  // LinkedIn does not read the page: the card shows what we say.
  const article = { source: url, title: title?.trim() || nameOf(url), ...(description && { description }) }
  return { content: { article } }
}

/** An address as people write it. */
function nameOf(address: string): string {
  const { host, pathname } = new URL(address)
  return `${host}${pathname.replace(/\/$/, '')}`
}

/** Deletes a post, and with it what stands below it; one that is gone is answered like any other. */
export async function deletePost(
  ctx: ProviderContext,
  { access }: { access: GrantAccess },
  { platformPostId }: SentPost,
): Promise<void> {
  const path = `/rest/posts/${encodeURIComponent(platformPostId)}`
  try {
    const call = { method: 'DELETE', restliMethod: 'DELETE', path } as const
    const response = await sendCall(ctx, access.tokens, call)
    if (response.status !== 204) throw undocumented(path, response)
  } catch (error) {
    if (!(error instanceof PlatformError) || error.status !== 404) throw error
  }
}
