import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import type { PostGroupId, WorkspaceId } from '../model/ids.js'
import { groupStatus, type Post, type PostGroup, type PostGroupStatus } from '../model/post.js'
import type { Scope } from '../model/scope.js'
import type { PageRequest } from '../store/store.js'

/** A group with its posts and the status they give it. */
export interface PostGroupView {
  group: PostGroup
  status: PostGroupStatus
  posts: Post[]
}

const view = (group: PostGroup, posts: Post[]): PostGroupView => ({
  group,
  status: groupStatus(posts),
  posts,
})

/** @throws PostMcpError `not_found` */
export async function getPostGroup(
  core: CoreContext,
  scope: { workspaceId: WorkspaceId },
  id: PostGroupId,
): Promise<PostGroupView> {
  const group = await core.store.postGroups.get(scope.workspaceId, id)
  if (!group) throw new PostMcpError('not_found', `There is no post group ${id}.`)
  return view(group, await core.store.posts.listByGroups(scope.workspaceId, [id]))
}

/** Newest first. */
export async function listPostGroups(
  core: CoreContext,
  scope: Scope,
  page: PageRequest,
): Promise<PostGroupView[]> {
  const groups = await core.store.postGroups.list(scope.workspaceId, page)
  const posts = await core.store.posts.listByGroups(
    scope.workspaceId,
    groups.map((group) => group.id),
  )
  return groups.map((group) =>
    view(
      group,
      posts.filter((post) => post.groupId === group.id),
    ),
  )
}
