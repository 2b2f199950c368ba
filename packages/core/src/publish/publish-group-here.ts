import { setTimeout as sleep } from 'node:timers/promises'
import type { CoreContext } from '../core-context.js'
import type { PostGroupId, WorkspaceId } from '../model/ids.js'
import { isFinal } from '../model/post.js'
import { getPostGroup, type PostGroupView } from './post-group.js'
import { runPostTurn } from './post-turn.js'

/**
 * Publishes one group and nothing else, in this process, until its posts are final or the time is over.
 * @returns the group as it then stands; what is not final a later worker takes up
 */
export async function publishGroupHere(
  core: CoreContext,
  scope: { workspaceId: WorkspaceId },
  groupId: PostGroupId,
  until: Date,
  signal?: AbortSignal,
): Promise<PostGroupView> {
  for (;;) {
    const view = await getPostGroup(core, scope, groupId)
    const waiting = view.posts.filter((post) => !isFinal(post))
    if (waiting.length === 0 || core.clock.now() >= until || signal?.aborted) return view
    await Promise.all(
      waiting.map((post) => runPostTurn(core, { workspaceId: scope.workspaceId, postId: post.id })),
    )
    const after = await getPostGroup(core, scope, groupId)
    if (!after.posts.every(isFinal)) await sleep(100, undefined, { signal }).catch(() => {})
  }
}
