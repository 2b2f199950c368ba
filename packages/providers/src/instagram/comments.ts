import { isGranted, type ProviderContext } from '@postmcp/core'
import { z } from 'zod'
import type { CommentApi, ListedComment } from '../meta/comments.js'
import { graphId } from '../meta/graph.js'
import type { AccountActor, CallAsAccount } from './api.js'
import { classifyError } from './errors.js'
import { manifest } from './manifest.js'

const made = z.object({ id: graphId })
const mediaAnswer = z.object({ username: z.string().nullish(), comments_count: z.int().nullish() })
const listed = z.object({
  id: graphId,
  text: z.string().nullish(),
  timestamp: z.string(),
  username: z.string().nullish(),
  /** Only there if the account itself wrote the comment. */
  user: z.unknown().optional(),
})
const list = z.object({
  data: z.array(listed),
  paging: z
    .object({ cursors: z.object({ after: z.string().nullish() }).nullish(), next: z.string().nullish() })
    .nullish(),
})

/** Fifty comments each; a post gets no more in the minutes between commenting and looking. */
const maxPages = 5

/**
 * Comments by the account below its own posts, for one of the ways to Instagram.
 * @see https://developers.facebook.com/documentation/instagram-platform/instagram-graph-api/reference/ig-media/comments (2026-11-22)
 * @see https://developers.facebook.com/documentation/instagram-platform/instagram-graph-api/reference/ig-comment (2026-11-22)
 */
export const createCommentApi = (call: CallAsAccount): CommentApi<AccountActor> => ({
  name: 'Instagram',
  classifyError,
  async create(ctx, actor, post, form) {
    const path = `${post}/comments`
    const { id } = await call(ctx, actor, { path, method: 'POST', form, answer: made })
    return id
  },
  async list(ctx, actor, post) {
    const { scopes } = manifest.publish.limits.replies
    if (!isGranted(manifest, scopes, actor.access.grantedScopes)) return { comments: [], isWhole: false }
    // Of the account as it is called now.
    const query = { fields: 'username,comments_count' }
    const media = await call(ctx, actor, { path: post, query, answer: mediaAnswer })
    const { found, isEnd } = await readAll(call, ctx, actor, post)
    const comments = found.map(
      ({ id, text, timestamp, username, user }): ListedComment => ({
        id,
        text: text ?? '',
        createdAt: new Date(timestamp),
        isOwn: user ? true : username && media.username ? username === media.username : null,
      }),
    )
    // It counts those that are not listed, too: answers to comments, and all below a post that has an age limit.
    const { comments_count: total } = media
    return { comments, isWhole: isEnd && typeof total === 'number' && total <= found.length }
  },
})

async function readAll(call: CallAsAccount, ctx: ProviderContext, actor: AccountActor, post: string) {
  const found: z.infer<typeof listed>[] = []
  let after: string | null | undefined
  for (let calls = 0; calls < maxPages; calls++) {
    const query = { fields: 'id,text,timestamp,username,user', limit: '50', ...(after && { after }) }
    const { data, paging } = await call(ctx, actor, { path: `${post}/comments`, query, answer: list })
    found.push(...data)
    after = paging?.next ? paging.cursors?.after : null
    if (!after) break
  }
  return { found, isEnd: !after }
}
