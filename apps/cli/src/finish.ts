import { isFinal, type PostGroup } from '@postmcp/sdk'
import { exitCodeOf } from './errors.js'
import type { ApiAccess } from './open-api.js'

/**
 * Exit status that tells how a group stands: 6 when it is not over yet, 0 when all is published, else that of the first post that
 * failed, or 7 when somebody must look. A post of an account that was taken out of the group beforehand counts for nothing.
 */
export function exitCodeOfGroup({ posts }: Pick<PostGroup, 'posts'>): number {
  if (!posts.every(isFinal)) return 6
  const failed = posts.find(({ state, failure }) => state === 'failed' || (state === 'cancelled' && failure))
  if (failed) return exitCodeOf(failed.failure?.code ?? 'internal_error')
  return posts.some(({ state }) => state === 'unknown') ? exitCodeOf('outcome_unknown') : 0
}

/** What is left of a group and who goes on with it; undefined when nothing is. */
export function whatRemains(group: PostGroup, { isLocal }: Pick<ApiAccess, 'isLocal'>): string | undefined {
  const open = group.posts.filter((post) => !isFinal(post))
  if (open.length === 0 || group.status === 'draft') return undefined
  if (group.status === 'scheduled') {
    return isLocal ? 'It goes out only if a server runs at that time: postmcp serve' : undefined
  }
  const [count, it] = open.length === 1 ? ['1 post is', 'it'] : [`${open.length} posts are`, 'them']
  return isLocal
    ? `${count} not published yet, and nobody works on ${it}. Go on with: postmcp post show --post-group-id ${group.id} --wait 60\nOr let a server do it: postmcp serve`
    : `${count} not published yet; the server goes on with ${it}. Look with: postmcp post show --post-group-id ${group.id}`
}
