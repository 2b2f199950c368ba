import {
  type GrantAccess,
  type Json,
  PlatformError,
  type ProviderContext,
  type PublishInput,
  type PublishMedia,
  type PublishStep,
  type SentPost,
} from '@postmcp/core'
import { z } from 'zod'
import {
  type Actor,
  type ContainerApi,
  containerStates,
  continueContainers,
  findContainer,
  startContainers,
} from '../meta/containers.js'
import { GraphError, graphId } from '../meta/graph.js'
import { callThreads } from './api.js'

const made = z.object({ id: graphId })

const statusAnswer = z.object({ status: z.enum(containerStates), error_message: z.string().nullish() })

const listed = z.object({
  data: z.array(
    z.object({
      id: graphId,
      text: z.string().nullish(),
      timestamp: z.string(),
      permalink: z.string().nullish(),
    }),
  ),
})

/**
 * How Threads publishes.
 * @see https://developers.facebook.com/documentation/threads/reference/publishing (2026-11-22)
 */
const api: ContainerApi = {
  name: 'Threads',
  async createItem(ctx, input, index) {
    const { media } = input.content
    return create(ctx, input, { is_carousel_item: 'true', ...(await fileOf(media[index])) })
  },
  async createPost(ctx, input, items) {
    const { content, options } = input
    const { replyControl, topicTag, spoilerMedia } = options
    const form =
      items.length > 0 ? { media_type: 'CAROUSEL', children: items.join(',') } : await singleOf(input)
    return create(ctx, input, {
      ...form,
      // A post without files needs a text; the address is one, and the card comes all the same.
      ...withText(content.text || (content.link?.url ?? '')),
      ...(typeof replyControl === 'string' && { reply_control: replyControl }),
      ...(typeof topicTag === 'string' && topicTag !== '' && { topic_tag: topicTag }),
      ...(spoilerMedia === true && content.media.length > 0 && { is_spoiler_media: 'true' }),
    })
  },
  async createReply(ctx, actor, { text, to }) {
    const form = { media_type: 'TEXT', text, reply_to_id: to }
    return create(ctx, actor, form).catch(explainReply)
  },
  async status(ctx, { access }, container) {
    const query = { fields: 'status,error_message' }
    const token = access.tokens.accessToken
    const found = await callThreads(ctx, { path: container, query, token, answer: statusAnswer })
    return { state: found.status, problem: explain(found.error_message) }
  },
  async publish(ctx, { access, account }, container) {
    const { id } = await callThreads(ctx, {
      path: `${account.targetId}/threads_publish`,
      method: 'POST',
      form: { creation_id: container },
      token: access.tokens.accessToken,
      answer: made,
    })
    return id
  },
  async permalink(ctx, { access }, id) {
    const query = { fields: 'permalink' }
    const answer = z.object({ permalink: z.url() })
    const token = access.tokens.accessToken
    const { permalink } = await callThreads(ctx, { path: id, query, token, answer })
    return permalink
  },
  async list(ctx, { access, account }, since) {
    const { data } = await callThreads(ctx, {
      path: `${account.targetId}/threads`,
      query: {
        fields: 'id,text,timestamp,permalink',
        since: String(Math.floor(since.getTime() / 1000)),
        limit: '50',
      },
      token: access.tokens.accessToken,
      answer: listed,
    })
    return data.map(({ id, text, timestamp, permalink }) => ({
      id,
      text: text ?? '',
      publishedAt: new Date(timestamp),
      permalink: permalink ?? null,
    }))
  },
}

/** Makes a container, which nobody sees; one that is not published is forgotten after a day. */
async function create(
  ctx: ProviderContext,
  { access, account }: Actor,
  form: Record<string, string>,
): Promise<string> {
  const { image_url = '', video_url = '' } = form
  const { id } = await callThreads(ctx, {
    path: `${account.targetId}/threads`,
    method: 'POST',
    form,
    token: access.tokens.accessToken,
    secrets: [image_url, video_url],
    answer: made,
  })
  return id
}

/** What a reply takes and a post does not says nothing of the profile: it goes on with posts. */
function explainReply(error: unknown): never {
  if (!(error instanceof PlatformError) || !/^(3|10|2\d\d)$/.test(error.platformCode ?? '')) throw error
  throw new GraphError({
    ...error,
    platformCode: `reply/${error.platformCode}`,
    message: error.message,
    isTransient: false,
  })
}

const withText = (text: string): Record<string, string> => (text === '' ? {} : { text })

async function singleOf({ content }: PublishInput): Promise<Record<string, string>> {
  const [file] = content.media
  if (file) return fileOf(file)
  return { media_type: 'TEXT', ...(content.link && { link_attachment: content.link.url }) }
}

async function fileOf(file: PublishMedia | undefined): Promise<Record<string, string>> {
  if (!file) throw new Error('The post has no such file.')
  const url = await file.url()
  const isVideo = file.kind === 'video'
  return {
    media_type: isVideo ? 'VIDEO' : 'IMAGE',
    [isVideo ? 'video_url' : 'image_url']: url,
    ...(file.altText !== '' && { alt_text: file.altText }),
  }
}

/** What the codes of containers mean. @see https://developers.facebook.com/docs/threads/troubleshooting (2026-11-22) */
const problems: Readonly<Record<string, string>> = {
  FAILED_DOWNLOADING_VIDEO: 'Threads could not fetch the video from this server',
  FAILED_PROCESSING_AUDIO: 'Threads could not read the sound of the video',
  FAILED_PROCESSING_VIDEO: 'Threads could not read the video',
  INVALID_ASPEC_RATIO: 'The ratio of width to height of the video is not one that Threads takes',
  INVALID_BIT_RATE: 'The bit rate of the video is too high',
  INVALID_DURATION: 'The video is too long or too short',
  INVALID_FRAME_RATE: 'The frame rate of the video is not one that Threads takes',
  INVALID_AUDIO_CHANNELS: 'The sound of the video has channels that Threads does not take',
  INVALID_AUDIO_CHANNEL_LAYOUT: 'The sound of the video has channels that Threads does not take',
}

const explain = (code: string | null | undefined) =>
  code ? { platformCode: code, message: problems[code] ?? 'Threads could not make a post of it' } : undefined

/** Makes the first container. Threads fetches files from us; nothing is public after it. */
export const startPublish = (ctx: ProviderContext, input: PublishInput): Promise<PublishStep> =>
  startContainers(api, ctx, input)

/** Makes, looks at or publishes the next container. */
export const continuePublish = (
  ctx: ProviderContext,
  input: PublishInput,
  checkpoint: Json,
): Promise<PublishStep> => continueContainers(api, ctx, input, checkpoint)

/** Asks the container whether it was published; see `findContainer`. */
export const findPublished = (
  ctx: ProviderContext,
  actor: Actor & { sentAt: Date },
  checkpoint: Json,
): Promise<PublishStep | null> => findContainer(api, ctx, actor, checkpoint)

/**
 * Deletes a thread, the last post first.
 * @see https://developers.facebook.com/documentation/threads/posts/delete-posts (2026-11-22)
 */
export async function deletePost(
  ctx: ProviderContext,
  { access }: { access: GrantAccess },
  { platformPostId, parts = [] }: SentPost,
): Promise<void> {
  const token = access.tokens.accessToken
  for (const id of [platformPostId, ...parts].reverse()) {
    const answer = z.object({ success: z.literal(true) })
    await callThreads(ctx, { path: id, method: 'DELETE', token, answer }).catch((error: unknown) =>
      assertGone(ctx, token, error),
    )
  }
}

/** "Does not exist" is also what a token that has ended hears; so a call that any good token may make has to succeed. */
async function assertGone(ctx: ProviderContext, token: string, error: unknown): Promise<void> {
  if (!(error instanceof PlatformError) || !isNotThere(error.platformCode)) throw error
  await callThreads(ctx, { path: 'me', query: { fields: 'id' }, token, answer: made })
}

const isNotThere = (code: string | null) => code === '100/33' || code === '24' || code?.startsWith('24/')
