import { isFinal, type PostGroup } from '@postmcp/sdk'
import { exitCodeOf } from './errors.js'
import type { ApiAccess } from './open-api.js'

/**
 * Exit status that tells how a group stands: 0 when it is published, else that of the first post that failed, 7 when somebody must
 * look, 6 when it is not over yet.
 */
export function exitCodeOfGroup({ posts }: Pick<PostGroup, 'posts'>): number {
  const failed = posts.find(({ state }) => state === 'failed' || state === 'cancelled')
  if (failed) return exitCodeOf(failed.failure?.code ?? 'internal_error')
  if (posts.some((post) => post.state === 'unknown' && isFinal(post))) return exitCodeOf('outcome_unknown')
  return posts.every(isFinal) ? 0 : 6
}

/** What is left of a group and who goes on with it; undefined when nothing is. */
export function whatRemains(group: PostGroup, { isLocal }: Pick<ApiAccess, 'isLocal'>): string | undefined {
  const open = group.posts.filter((post) => !isFinal(post))
  if (open.length === 0) return undefined
  const count = open.length === 1 ? '1 post is' : `${open.length} posts are`
  return isLocal
    ? `${count} not published yet, and waits in the queue. Go on with: postmcp post show --post-group-id ${group.id} --wait 60\nOr let a server do it: postmcp serve`
    : `${count} not published yet; the server goes on with it. Look with: postmcp post show --post-group-id ${group.id}`
}
