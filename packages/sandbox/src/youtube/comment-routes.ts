import { type Context, Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { Post } from '../world.js'
import { type Caller, requireCaller } from './access.js'
import { ApiError } from './errors.js'
import { pageToken, readPageToken } from './page-tokens.js'
import { ACCEPTED } from './scopes.js'
import type { Videos } from './videos.js'

const PATH = '/youtube/v3/commentThreads'
/** As many report; not documented. */
const MAX_LENGTH = 10_000
const PARTS = ['id', 'snippet', 'replies']
const MODERATION = ['published', 'heldForReview', 'likelySpam']

/** A thread knows who began it, and whether it is held back. */
interface ThreadFacts extends Record<string, unknown> {
  authorChannelId: string
  moderationStatus: string
}

/**
 * Comments below videos. That a video without comments refuses new ones with the reason it gives when they are listed is a guess;
 * of comments on channels and posts there are none here.
 * @see https://developers.google.com/youtube/v3/docs/commentThreads/insert and https://developers.google.com/youtube/v3/docs/commentThreads/list
 */
export function createCommentRoutes(kit: PlatformKit, videos: Videos): Hono {
  const { world } = kit
  const app = new Hono()

  app.post(PATH, async (c) => {
    const caller = requireCaller(kit, c, ACCEPTED.comment)
    const parts = readParts(c)
    const { channelId, videoId, topLevelComment } = objectOf(objectOf(await readJson(c)).snippet)
    const text = objectOf(objectOf(topLevelComment).snippet).textOriginal
    if (typeof videoId !== 'string' || videoId === '')
      throw faulty('channelOrVideoIdMissing', 'The comment thread is not linked to a video.')
    if (typeof text !== 'string' || text.trim() === '')
      throw faulty('commentTextRequired', 'The comment has no text.')
    if (text.length > MAX_LENGTH) throw faulty('commentTextTooLong', 'The text of the comment is too long.')
    const video = findVideo(caller, videoId)
    if (channelId !== undefined && channelId !== video.resourceId)
      throw faulty('invalidCommentThreadMetadata', 'The request metadata is invalid.')
    refuseSilent(video)
    const isHeld = caller.condition === 'comments_held'
    const facts: ThreadFacts = {
      authorChannelId: caller.channel.id,
      moderationStatus: isHeld ? 'heldForReview' : 'published',
    }
    const thread = world.addPost({
      id: `Ug${kit.random.text(24)}`,
      personId: caller.personId,
      resourceId: video.resourceId,
      text,
      inReplyTo: video.id,
      isPublic: video.isPublic && !isHeld,
      body: { channelId, videoId, textOriginal: text },
      facts,
    })
    return c.json(describe(thread, caller, parts))
  })

  app.get(PATH, (c) => {
    const caller = requireCaller(kit, c, ACCEPTED.comment)
    const parts = readParts(c)
    const { videoId, moderationStatus = 'published', order = 'time', maxResults = '20' } = c.req.query()
    if (!videoId)
      throw new ApiError(400, 'missingRequiredParameter', 'No filter selected.', {
        domain: 'youtube.parameter',
      })
    const size = Number(maxResults)
    if (
      !MODERATION.includes(moderationStatus) ||
      !['time', 'relevance'].includes(order) ||
      !(size >= 1 && size <= 100)
    )
      throw new ApiError(400, 'invalidValue', 'Invalid value of a parameter.', {
        domain: 'youtube.parameter',
      })
    const video = findVideo(caller, videoId)
    refuseSilent(video)
    if (moderationStatus !== 'published' && video.resourceId !== caller.channel.id)
      throw forbidden('forbidden', 'One or more of the requested comment threads cannot be retrieved.')
    const all = world
      .posts()
      .filter(({ inReplyTo, facts }) => inReplyTo === video.id && facts.moderationStatus === moderationStatus)
      .reverse()
    const from = readPageToken(c.req.query('pageToken'))
    return c.json({
      kind: 'youtube#commentThreadListResponse',
      etag: kit.random.text(27),
      pageInfo: { totalResults: all.length, resultsPerPage: size },
      items: all.slice(from, from + size).map((thread) => describe(thread, caller, parts)),
      ...(from + size < all.length && { nextPageToken: pageToken(from + size) }),
    })
  })

  /** @throws ApiError 404 for one that this channel does not see */
  function findVideo({ channel }: Caller, id: string): Post {
    const video = videos.find(id, channel.id)
    if (video) return video
    throw new ApiError(404, 'videoNotFound', 'The video cannot be found.', {
      domain: 'youtube.commentThread',
    })
  }

  /** @throws ApiError 403 for a video that has no comments: nobody else sees it, it is for kids, or its channel wants none */
  function refuseSilent(video: Post): void {
    const [ownerId = ''] = world.resource(video.resourceId ?? '')?.ownerIds ?? []
    const isOff = world.person(ownerId)?.condition === 'comments_off'
    if (isOff || !videos.takesComments(video))
      throw forbidden(
        'commentsDisabled',
        'The video identified by the videoId parameter has disabled comments.',
      )
  }

  function describe(thread: Post, viewer: Caller, parts: readonly string[]): Record<string, unknown> {
    const { authorChannelId, moderationStatus } = thread.facts as ThreadFacts
    const at = thread.createdAt.toISOString()
    const author = world.resource(authorChannelId)
    const topLevelComment = {
      kind: 'youtube#comment',
      etag: kit.random.text(27),
      id: thread.id,
      snippet: {
        channelId: thread.resourceId,
        videoId: thread.inReplyTo,
        textDisplay: thread.text,
        // Shown to who wrote it.
        ...(authorChannelId === viewer.channel.id && { textOriginal: thread.text }),
        authorDisplayName: author?.facts.customUrl ?? author?.name ?? '',
        authorChannelId: { value: authorChannelId },
        canRate: true,
        viewerRating: 'none',
        likeCount: 0,
        moderationStatus,
        publishedAt: at,
        updatedAt: at,
      },
    }
    const described: Record<string, unknown> = {
      snippet: {
        channelId: thread.resourceId,
        videoId: thread.inReplyTo,
        topLevelComment,
        canReply: true,
        totalReplyCount: 0,
        isPublic: moderationStatus === 'published',
      },
    }
    return {
      kind: 'youtube#commentThread',
      etag: kit.random.text(27),
      id: thread.id,
      ...Object.fromEntries(parts.filter((part) => part in described).map((part) => [part, described[part]])),
    }
  }
  return app
}

function readParts(c: Context): string[] {
  const parts = c.req.queries('part')?.flatMap((part) => part.split(',')) ?? []
  if (parts.length === 0)
    throw new ApiError(400, 'missingRequiredParameter', 'Required parameter missing: part.', {
      domain: 'youtube.parameter',
    })
  const unknown = parts.find((part) => !PARTS.includes(part))
  if (unknown !== undefined)
    throw new ApiError(400, 'unknownPart', `Unknown part ${unknown}.`, { domain: 'youtube.part' })
  return parts
}

const readJson = (c: Context): Promise<unknown> => c.req.json().catch(() => null)

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}

const faulty = (reason: string, message: string) =>
  new ApiError(400, reason, message, { domain: 'youtube.commentThread' })

const forbidden = (reason: string, message: string) =>
  new ApiError(403, reason, message, { domain: 'youtube.commentThread' })
