import {
  isGranted,
  type Json,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  type PublishInput,
  type PublishStep,
  type SentPost,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi, sendCall, undocumented } from './api.js'
import { classifyError, commentTooEarly } from './errors.js'
import { manifest } from './manifest.js'
import { isOrganization } from './organizations.js'

const sentForm = z.object({
  kind: z.literal('post'),
  visibility: z.enum(['public', 'limited', 'private']),
  platformPostId: z.string(),
  permalink: z.string().nullable(),
  /** The comments that are there. */
  parts: z.array(z.string()),
})

/** A comment that is about to be made, below the post that is public. */
export const commentForm = z.object({
  stage: z.literal('comment'),
  /** What is sent, as text: a database may give the fields of an object back in another order. */
  request: z.string(),
  /** Texts that follow it. */
  replies: z.array(z.string()),
  sent: sentForm,
  /** When we came to know that the post is public. */
  since: z.iso.datetime(),
})
type Comment = z.infer<typeof commentForm>

const requestForm = z.object({ actor: z.string(), message: z.object({ text: z.string() }) })

/** For so long LinkedIn may not know a post that it has just taken; the number is ours. */
const unknownForMs = 10 * 60 * 1000
const comeBackMs = 10_000

/**
 * What comes next when a post, or a comment below it, is public: the next comment, or nothing. All stand below the post itself.
 * The text goes as it is: the format of posts is not that of comments, in which a backslash stays one
 * (gitroomhq/postiz-app#1847). That the URN of the post will do as `object` is seen at other connectors; the examples of the
 * documentation name the activity, which we do not learn.
 * @see https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/comments-api (2026-11-22)
 */
export function withComments(
  ctx: ProviderContext,
  { actor, sent, since }: { actor: string; sent: SentPost; since?: string | undefined },
  [text, ...replies]: readonly string[],
): PublishStep {
  if (text === undefined) return { type: 'done', sent }
  const checkpoint: Json = {
    stage: 'comment',
    request: JSON.stringify({ actor, object: sent.platformPostId, message: { text } }),
    replies,
    sent: { ...sent, parts: sent.parts ?? [] },
    since: since ?? ctx.clock.now().toISOString(),
  }
  return { type: 'send', checkpoint, published: sent }
}

const pathOf = ({ sent }: Comment) =>
  `/rest/socialActions/${encodeURIComponent(sent.platformPostId)}/comments`

/** Of a comment: its URN is composed of the activity's and its own number. */
const named = z.object({ commentUrn: z.string(), $URN: z.string(), id: z.string() }).partial()
const idOf = ({ commentUrn, $URN, id }: z.infer<typeof named>) => commentUrn ?? $URN ?? id
const numberOf = (id: string): string => /(\d+)\)?$/.exec(id)?.[1] ?? id

/** Makes a comment. LinkedIn has no keys: what was sent must not be sent again unseen. */
export async function sendComment(
  ctx: ProviderContext,
  { access }: Pick<PublishInput, 'access'>,
  state: Comment,
): Promise<PublishStep> {
  const path = pathOf(state)
  const call = { method: 'POST', path, json: state.request } as const
  const response = await sendCall(ctx, access.tokens, call).catch((error: unknown) =>
    explain(ctx, state, error),
  )
  const body = named.safeParse(response.json)
  const id = (body.success && idOf(body.data)) || response.headers.get('x-restli-id')
  if (response.status !== 201 || !id) throw undocumented(path, response)
  return afterComment(ctx, state, id)
}

function afterComment(ctx: ProviderContext, { request, replies, sent, since }: Comment, id: string) {
  const { actor } = requestForm.parse(JSON.parse(request))
  return withComments(ctx, { actor, sent: { ...sent, parts: [...sent.parts, id] }, since }, replies)
}

/** Whether an error is about one call and not about the account, the token, or the moment. */
function isOfCommentsAlone(error: unknown): error is PlatformError {
  if (!(error instanceof PlatformError)) return false
  const { kind } = classifyError(error, 'publish')
  return kind === 'refused' || kind === 'account_unusable'
}

/**
 * Who may not comment may post all the same. A post that LinkedIn has just taken is at times unknown below `socialActions`
 * (gitroomhq/postiz-app#408): then nothing was made, and a little later it is.
 */
function explain(ctx: ProviderContext, { since }: Comment, error: unknown): never {
  if (!isOfCommentsAlone(error)) throw error
  const { status, message, requestId, platformCode } = error
  const now = ctx.clock.now().getTime()
  const isTooEarly = status === 404 && now - Date.parse(since) < unknownForMs
  throw new PlatformError({
    status,
    message,
    requestId,
    platformCode: isTooEarly ? commentTooEarly : `comment/${platformCode ?? status}`,
    ...(isTooEarly && { retryAfter: new Date(now + comeBackMs) }),
  })
}

/** Reads comments below posts of company pages. That of members is given to no new applications. */
const readScope = 'r_organization_social_feed'

const listed = named.extend({
  actor: z.string().optional(),
  message: z.object({ text: z.string().default('') }).default({ text: '' }),
  created: z.object({ time: z.number() }),
})
type Listed = z.infer<typeof listed>

const pageSize = 50
const pagesAtMost = 20
/** By how much LinkedIn's clock may be before ours. */
const earlierMs = 2 * 60_000

/**
 * Looks for a comment below the post: one by the page itself, with the same text, not older than the attempt, and none of those
 * that are known already.
 * @throws PostMcpError `outcome_unknown` where comments may not be read, or one is there that could be it
 */
export async function findComment(
  ctx: ProviderContext,
  { access, account, sentAt }: Pick<PublishInput, 'access' | 'account'> & { sentAt: Date },
  state: Comment,
): Promise<PublishStep | null> {
  if (!isOrganization(account.targetId) || !isGranted(manifest, [readScope], access.grantedScopes)) {
    throw unknown('LinkedIn shows us no comments below this post.')
  }
  const { actor, message } = requestForm.parse(JSON.parse(state.request))
  const known = new Set(state.sent.parts.map(numberOf))
  const candidates = (await listComments(ctx, access.tokens, pathOf(state))).filter(
    (one) =>
      one.created.time >= sentAt.getTime() - earlierMs &&
      shown(one.message.text) === shown(message.text) &&
      !known.has(numberOf(idOf(one) ?? '')),
  )
  const found = candidates.find((one) => one.actor === actor)
  const id = found && idOf(found)
  if (id !== undefined) return afterComment(ctx, state, id)
  // LinkedIn has been seen to leave the author out (MicrosoftDocs/feedback#971).
  if (found || candidates.some((one) => one.actor === undefined)) {
    throw unknown('LinkedIn does not say whose a comment with this text is.')
  }
  return null
}

const shown = (text: string): string => text.normalize('NFC').replaceAll(/\s+/g, ' ').trim()

const unknown = (words: string) => new PostMcpError('outcome_unknown', words, { platform: manifest.id })

/** How many LinkedIn gives at once at most is not said: only an empty page is the end. */
async function listComments(
  ctx: ProviderContext,
  tokens: PublishInput['access']['tokens'],
  path: string,
): Promise<Listed[]> {
  const comments: Listed[] = []
  for (let number = 0; number < pagesAtMost; number++) {
    const query = `start=${comments.length}&count=${pageSize}`
    const answer = z.object({ elements: z.array(listed) })
    const { elements } = await callApi(ctx, tokens, { path, query, answer }).catch((error: unknown) => {
      throw isOfCommentsAlone(error) ? unknown(error.message) : error
    })
    if (elements.length === 0) return comments
    comments.push(...elements)
  }
  throw unknown('The post has more comments than can be looked through.')
}
