import {
  type Json,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  type PublishInput,
  type PublishStep,
  type SentPost,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi } from './api.js'
import { classifyError } from './errors.js'
import { manifest } from './manifest.js'

/** A video that is there. */
export const sentForm = z.object({
  kind: z.literal('post'),
  visibility: z.enum(['public', 'limited', 'private']),
  platformPostId: z.string(),
  permalink: z.string().nullable(),
})

/** Texts of comments that are still to come. */
export const repliesForm = z.array(z.string()).default([])

/** A comment that is about to be made, below the video that is public. The resource is text, so that its bytes stay the same. */
export const commentForm = z.object({
  at: z.literal('comment'),
  resource: z.string(),
  /** With the comments that are there. */
  sent: sentForm.extend({ parts: z.array(z.string()) }),
  replies: repliesForm,
})
type Comment = z.infer<typeof commentForm>

const resourceForm = z.object({
  snippet: z.object({
    channelId: z.string(),
    topLevelComment: z.object({ snippet: z.object({ textOriginal: z.string() }) }),
  }),
})

/**
 * What comes next when a video, or a comment below it, is public: the next comment, or nothing.
 * @see https://developers.google.com/youtube/v3/docs/commentThreads/insert (2026-11-22)
 */
export function withComments(
  { channelId, sent }: { channelId: string; sent: SentPost },
  [textOriginal, ...replies]: readonly string[],
): PublishStep {
  if (textOriginal === undefined) return { type: 'done', sent }
  const resource = JSON.stringify({
    snippet: {
      channelId,
      videoId: sent.platformPostId,
      topLevelComment: { snippet: { textOriginal } },
    },
  })
  const checkpoint: Json = {
    at: 'comment',
    resource,
    sent: { ...sent, parts: sent.parts ?? [] },
    replies,
  }
  return { type: 'send', checkpoint, published: sent }
}

const path = '/youtube/v3/commentThreads'

/** Makes a comment. Costs 50 units. There is no key: what was sent must not be sent again unseen. */
export async function sendComment(
  ctx: ProviderContext,
  { access }: Pick<PublishInput, 'access'>,
  state: Comment,
): Promise<PublishStep> {
  const { id } = await callApi(ctx, {
    method: 'POST',
    path,
    query: { part: 'snippet' },
    token: access.tokens.accessToken,
    body: { type: 'application/json; charset=UTF-8', content: state.resource },
    answer: z.object({ kind: z.literal('youtube#commentThread'), id: z.string().min(1) }),
  }).catch(explain)
  return afterComment(state, id)
}

function afterComment({ resource, sent, replies }: Comment, id: string): PublishStep {
  const { channelId } = resourceForm.parse(JSON.parse(resource)).snippet
  return withComments({ channelId, sent: { ...sent, parts: [...sent.parts, id] } }, replies)
}

/** What is about the account whatever was asked. */
const ofTheAccount = ['account_not_found', 'account_suspended']

/** Whether an error is about one call and not about the account, the token, or the moment. */
function isOfCommentsAlone(error: unknown): error is PlatformError {
  if (!(error instanceof PlatformError)) return false
  const verdict = classifyError(error, 'publish')
  return (
    verdict.kind === 'refused' ||
    (verdict.kind === 'account_unusable' && !ofTheAccount.includes(verdict.reason))
  )
}

/** Who may not comment, or has switched comments off, may upload all the same. */
function explain(error: unknown): never {
  if (!isOfCommentsAlone(error)) throw error
  const { status, message, platformCode } = error
  throw new PlatformError({ status, message, platformCode: `comment/${platformCode ?? status}` })
}

const threadForm = z.object({
  id: z.string(),
  snippet: z.object({
    topLevelComment: z.object({
      snippet: z.object({
        authorChannelId: z.object({ value: z.string() }).optional(),
        /** Shown to its author. */
        textOriginal: z.string().optional(),
        publishedAt: z.coerce.date(),
      }),
    }),
  }),
})
type Thread = z.infer<typeof threadForm>

/** Where a comment may have come to; without a word only those of the first kind are listed. */
const moderationStates = ['published', 'heldForReview', 'likelySpam']
/** By how much YouTube's clock may be before ours. */
const earlierMs = 2 * 60_000
const mostPages = 5

/**
 * Looks for a comment below the video: one by the channel itself, with the same text, not older than the attempt, and none of
 * those that are known already. One that YouTube holds back for review, or as spam, is there, too.
 * @throws PostMcpError `outcome_unknown` where comments may not be read, or one is there that could be it
 */
export async function findComment(
  ctx: ProviderContext,
  { access, sentAt }: Pick<PublishInput, 'access'> & { sentAt: Date },
  state: Comment,
): Promise<PublishStep | null> {
  const { channelId, topLevelComment } = resourceForm.parse(JSON.parse(state.resource)).snippet
  const from = new Date(sentAt.getTime() - earlierMs)
  const own: Thread[] = []
  for (const moderationStatus of moderationStates) {
    const query = { videoId: state.sent.platformPostId, moderationStatus }
    for (const thread of await listThreads(ctx, access.tokens.accessToken, query, from)) {
      const { authorChannelId, publishedAt } = thread.snippet.topLevelComment.snippet
      const isOwn = authorChannelId?.value === channelId && publishedAt >= from
      if (isOwn && !state.sent.parts.includes(thread.id)) own.push(thread)
    }
  }
  const textOf = ({ snippet }: Thread) => snippet.topLevelComment.snippet.textOriginal
  const text = plain(topLevelComment.snippet.textOriginal)
  const found = own.find((thread) => plain(textOf(thread) ?? '') === text)
  if (found) return afterComment(state, found.id)
  if (own.some((thread) => textOf(thread) === undefined)) {
    throw unknown('YouTube does not say what a comment of the channel reads.')
  }
  return null
}

const plain = (text: string): string => text.normalize('NFC').replaceAll(/\s+/g, ' ').trim()

const unknown = (words: string) => new PostMcpError('outcome_unknown', words, { platform: manifest.id })

/** Newest first, as far back as `from`. A page costs 1 unit. */
async function listThreads(
  ctx: ProviderContext,
  token: string,
  filter: Record<string, string>,
  from: Date,
): Promise<Thread[]> {
  const threads: Thread[] = []
  let pageToken: string | undefined
  for (let page = 0; page < mostPages; page++) {
    const { items, nextPageToken } = await callApi(ctx, {
      path,
      query: {
        part: 'snippet',
        ...filter,
        order: 'time',
        textFormat: 'plainText',
        maxResults: '100',
        ...(pageToken !== undefined && { pageToken }),
      },
      token,
      answer: z.object({
        kind: z.literal('youtube#commentThreadListResponse'),
        nextPageToken: z.string().optional(),
        items: z.array(threadForm).default([]),
      }),
    }).catch((error: unknown) => {
      throw isOfCommentsAlone(error) ? unknown(error.message) : error
    })
    threads.push(...items)
    const oldest = items.at(-1)?.snippet.topLevelComment.snippet.publishedAt
    if (nextPageToken === undefined || (oldest && oldest < from)) return threads
    pageToken = nextPageToken
  }
  throw unknown('The video has more new comments than can be looked through.')
}
