import { z } from 'zod'
import type { CommentApi, ListedComment } from '../meta/comments.js'
import { graphId } from '../meta/graph.js'
import { classifyError } from './errors.js'
import { type Actor, callAsPage } from './page.js'

const author = z.object({ id: graphId })
const listed = z.object({
  id: graphId,
  message: z.string().nullish(),
  created_time: z.string(),
  /** Absent where we may not know. */
  from: author.nullish(),
  /** The comment it answers. */
  parent: author.nullish(),
})
const list = z.object({
  data: z.array(listed),
  summary: z.object({ total_count: z.int() }).nullish(),
  paging: z
    .object({ cursors: z.object({ after: z.string().nullish() }).nullish(), next: z.string().nullish() })
    .nullish(),
})

/** More than a post gets in the minutes between commenting and looking. */
const maxPages = 5

/**
 * Comments by the Page below its own posts, videos and reels.
 * @see https://developers.facebook.com/documentation/pages-api/comments-mentions (2026-11-22)
 * @see https://developers.facebook.com/docs/graph-api/reference/object/comments (2026-11-22)
 */
export const commentApi: CommentApi<Actor> = {
  name: 'Facebook',
  classifyError,
  async create(ctx, actor, post, form) {
    const path = `${post}/comments`
    const { id } = await callAsPage(ctx, actor, { path, method: 'POST', form, answer: author })
    return id
  },
  async list(ctx, actor, post) {
    const { targetId } = actor.account
    const found: z.infer<typeof listed>[] = []
    let after: string | null | undefined
    let total: number | undefined
    for (let calls = 0; calls < maxPages; calls++) {
      const query = {
        fields: 'id,message,created_time,from{id},parent{id}',
        // Without it what Facebook takes to be of little worth is left out.
        filter: 'stream',
        summary: 'true',
        limit: '100',
        ...(after && { after }),
      }
      const { data, summary, paging } = await callAsPage(ctx, actor, {
        path: `${post}/comments`,
        query,
        answer: list,
      })
      found.push(...data)
      total = summary?.total_count
      after = paging?.next ? paging.cursors?.after : null
      if (!after) break
    }
    const comments = found
      .filter(({ parent }) => !parent)
      .map(
        ({ id, message, created_time, from }): ListedComment => ({
          id,
          text: message ?? '',
          createdAt: new Date(created_time),
          isOwn: from ? from.id === targetId : null,
        }),
      )
    // It counts those that are kept from us, too, which with our permissions may be all that other people wrote.
    return { comments, isWhole: !after && total !== undefined && total <= found.length }
  },
}
