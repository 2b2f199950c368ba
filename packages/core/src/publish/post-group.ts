import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import type { AccountId, PostGroupId, WorkspaceId } from '../model/ids.js'
import {
  groupStatus,
  type Post,
  type PostGroup,
  type PostGroupStatus,
  type PostState,
} from '../model/post.js'
import type { Scope } from '../model/scope.js'
import type { PageRequest } from '../store/store.js'
import { readTimeRange, type TimeRange } from './time-range.js'

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

/** Which groups are listed: those with a post that is in one of the states, of one of the accounts and of one of the platforms. */
export interface PostGroupQuery extends TimeRange {
  states?: readonly PostState[] | undefined
  accountIds?: readonly AccountId[] | undefined
  platforms?: readonly string[] | undefined
}

/**
 * Newest first; with `from` or `to` the latest first, by the time at which they are to be published or, without one, were made.
 * @throws PostMcpError `not_found` for an account, `unknown_platform`, `invalid_request` for a time
 */
export async function listPostGroups(
  core: CoreContext,
  scope: Scope,
  page: PageRequest,
  { states, accountIds, platforms, ...range }: PostGroupQuery = {},
): Promise<PostGroupView[]> {
  const { workspaceId } = scope
  for (const id of accountIds ?? []) {
    if (!(await core.store.accounts.get(workspaceId, id)))
      throw new PostMcpError('not_found', `There is no account ${id}.`)
  }
  for (const platform of platforms ?? []) core.providers.get(platform)
  const filter = { states, accountIds, platforms, ...readTimeRange(range) }
  const groups = await core.store.postGroups.list(workspaceId, page, filter)
  const posts = await core.store.posts.listByGroups(
    workspaceId,
    groups.map((group) => group.id),
  )
  return groups.map((group) =>
    view(
      group,
      posts.filter((post) => post.groupId === group.id),
    ),
  )
}
