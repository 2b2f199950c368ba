import type { Json, ProviderContext, PublishInput, PublishMedia, PublishStep } from '@postmcp/core'
import { z } from 'zod'
import { afterPost, commentForm, findComment, sendComment } from '../meta/comments.js'
import {
  type Actor,
  type ContainerApi,
  type ContainerStatus,
  containerStates,
  continueContainers,
  findContainer,
  startContainers,
} from '../meta/containers.js'
import { GraphError, graphId } from '../meta/graph.js'
import type { CallAsAccount } from './api.js'
import { createCommentApi } from './comments.js'

const made = z.object({ id: graphId })
const statusAnswer = z.object({ status_code: z.enum(containerStates), status: z.string().nullish() })
const listed = z.object({
  data: z.array(
    z.object({
      id: graphId,
      caption: z.string().nullish(),
      timestamp: z.string(),
      permalink: z.string().nullish(),
    }),
  ),
})
const quotaAnswer = z.object({
  data: z.array(
    z.object({
      quota_usage: z.int().nullish(),
      config: z.object({ quota_total: z.int().positive() }).nullish(),
    }),
  ),
})

/** The window rolls, so that a place may be free again at any time. */
const quotaPauseMs = 60 * 60 * 1000

const isStory = ({ options }: Pick<PublishInput, 'options'>) => options.postAs === 'story'

/** The hooks that publish, for one of the ways to Instagram: they differ in their hosts and tokens only. */
export function createPublishing(call: CallAsAccount) {
  const api = createApi(call)
  const comments = createCommentApi(call)
  return {
    /**
     * Asks whether the account may publish one more today, then makes the first container. Instagram fetches files from us; nothing is
     * public after it.
     */
    async startPublish(ctx: ProviderContext, input: PublishInput): Promise<PublishStep> {
      await assertRoom(call, ctx, input)
      return startContainers(api, ctx, input)
    },
    /** Makes, looks at or publishes the next container; once the post is public, comments below it. */
    async continuePublish(ctx: ProviderContext, input: PublishInput, checkpoint: Json): Promise<PublishStep> {
      const comment = commentForm.safeParse(checkpoint).data
      return comment
        ? sendComment(comments, ctx, input, comment)
        : continueContainers(api, ctx, input, checkpoint)
    },
    /** Asks the container whether it was published, see `findContainer`; looks for a comment among those of its post. */
    async findPublished(
      ctx: ProviderContext,
      actor: Actor & { sentAt: Date },
      checkpoint: Json,
    ): Promise<PublishStep | null> {
      const comment = commentForm.safeParse(checkpoint).data
      return comment ? findComment(comments, ctx, actor, comment) : findContainer(api, ctx, actor, checkpoint)
    },
  }
}

/**
 * How many posts a day an account may publish is not the same for all: the pages say 50 and 100, and it says so itself.
 * @throws GraphError as Instagram words it when publishing beyond
 * @see https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/content_publishing_limit (2026-11-22)
 */
async function assertRoom(call: CallAsAccount, ctx: ProviderContext, actor: Actor): Promise<void> {
  const { data } = await call(ctx, actor, {
    path: `${actor.account.targetId}/content_publishing_limit`,
    query: { fields: 'quota_usage,config' },
    answer: quotaAnswer,
  })
  const { quota_usage, config } = data[0] ?? {}
  if (!config || (quota_usage ?? 0) < config.quota_total) return
  throw new GraphError({
    status: 200,
    platformCode: '9/2207042',
    message: `The account has published ${quota_usage} posts within a day, and may publish ${config.quota_total}.`,
    retryAfter: new Date(ctx.clock.now().getTime() + quotaPauseMs),
    isTransient: false,
  })
}

/** @see https://developers.facebook.com/documentation/instagram-platform/content-publishing (2026-11-22) */
function createApi(call: CallAsAccount): ContainerApi {
  const create = async (
    ctx: ProviderContext,
    actor: Actor,
    form: Record<string, string>,
    addresses: readonly string[],
  ): Promise<string> => {
    const path = `${actor.account.targetId}/media`
    const { id } = await call(ctx, actor, { path, method: 'POST', form, secrets: addresses, answer: made })
    return id
  }
  return {
    name: 'Instagram',
    // Stories show no text.
    textOf: (input) => (isStory(input) ? '' : input.content.text),
    async createItem(ctx, input, index) {
      const file = input.content.media[index]
      if (!file) throw new Error('The post has no such file.')
      const url = await file.url()
      const form = {
        is_carousel_item: 'true',
        // No page says which type the video of a carousel has; this is the one connectors send.
        ...(file.kind === 'video'
          ? { media_type: 'VIDEO', video_url: url }
          : { image_url: url, ...altOf(file) }),
      }
      return create(ctx, input, form, [url])
    },
    async createPost(ctx, input, items) {
      const caption: Record<string, string> =
        isStory(input) || input.content.text === '' ? {} : { caption: input.content.text }
      if (items.length > 0) {
        const form = { media_type: 'CAROUSEL', children: items.join(','), ...caption }
        return create(ctx, input, form, [])
      }
      const [file] = input.content.media
      if (!file) throw new Error('Instagram has no post without a file.')
      const url = await file.url()
      const cover = file.thumbnail && !isStory(input) ? await file.thumbnail.url() : null
      return create(ctx, input, { ...singleOf(input, file, url, cover), ...caption }, [url, cover ?? ''])
    },
    async status(ctx, actor, container) {
      const query = { fields: 'status_code,status' }
      const found = await call(ctx, actor, { path: container, query, answer: statusAnswer })
      return { state: found.status_code, problem: explain(found.status) }
    },
    async publish(ctx, actor, container) {
      const { id } = await call(ctx, actor, {
        path: `${actor.account.targetId}/media_publish`,
        method: 'POST',
        form: { creation_id: container },
        answer: made,
      })
      return id
    },
    async permalink(ctx, actor, id) {
      const answer = z.object({ permalink: z.url() })
      const { permalink } = await call(ctx, actor, { path: id, query: { fields: 'permalink' }, answer })
      return permalink
    },
    afterPost,
    async list(ctx, actor) {
      const edge = isStory(actor) ? 'stories' : 'media'
      const { data } = await call(ctx, actor, {
        path: `${actor.account.targetId}/${edge}`,
        query: { fields: 'id,caption,timestamp,permalink', limit: '50' },
        answer: listed,
      })
      return data.map(({ id, caption, timestamp, permalink }) => ({
        id,
        text: caption ?? '',
        publishedAt: new Date(timestamp),
        permalink: permalink ?? null,
      }))
    },
  }
}

const altOf = ({ altText }: PublishMedia): Record<string, string> =>
  altText === '' ? {} : { alt_text: altText }

function singleOf(
  input: PublishInput,
  file: PublishMedia,
  url: string,
  cover: string | null,
): Record<string, string> {
  const address = file.kind === 'video' ? { video_url: url } : { image_url: url }
  if (isStory(input)) return { media_type: 'STORIES', ...address }
  if (file.kind !== 'video') return { ...address, ...altOf(file) }
  const { shareToFeed, thumbOffsetMs } = input.options
  return {
    // Every single video is a reel since 2023.
    media_type: 'REELS',
    ...address,
    ...(cover && { cover_url: cover }),
    ...(typeof shareToFeed === 'boolean' && { share_to_feed: String(shareToFeed) }),
    ...(typeof thumbOffsetMs === 'number' && !cover && { thumb_offset: String(thumbOffsetMs) }),
  }
}

/** The text around the subcode is not the same everywhere, so its seven digits are looked for. */
function explain(status: string | null | undefined): ContainerStatus['problem'] {
  const subcode = /\b2207\d{3}\b/.exec(status ?? '')?.[0]
  return {
    platformCode: subcode ? `container/${subcode}` : 'ERROR',
    message: status ?? 'Instagram could not make a post of it',
  }
}
