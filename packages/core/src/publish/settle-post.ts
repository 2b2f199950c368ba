import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import type { PostGroupId, PostId } from '../model/ids.js'
import type { Attempt, Post } from '../model/post.js'
import type { Scope } from '../model/scope.js'
import { providerContext } from '../oauth/provider-context.js'
import { howToGetScope, isGranted } from '../oauth/scopes.js'
import { readHookFailure } from '../provider/hook-failure.js'
import type { Manifest } from '../provider/manifest.js'
import { openTarget } from '../refresh/target-access.js'
import { useGrant } from '../refresh/use-grant.js'
import { getPostGroup, type PostGroupView } from './post-group.js'

/** @throws PostMcpError `not_found` */
export async function getPost(core: CoreContext, scope: Scope, id: PostId): Promise<Post> {
  const post = await core.store.posts.get(scope.workspaceId, id)
  if (post) return post
  throw new PostMcpError('not_found', `There is no post ${id}.`)
}

/** The journal of a post, oldest attempt first. @throws PostMcpError `not_found` */
export async function listAttempts(core: CoreContext, scope: Scope, id: PostId): Promise<Attempt[]> {
  await getPost(core, scope, id)
  return core.store.attempts.list(scope.workspaceId, id)
}

/**
 * A person says what became of a post whose outcome is unknown.
 * @throws PostMcpError `not_found`; `conflict` when its outcome is known or is being looked up right now
 */
export async function resolvePost(
  core: CoreContext,
  scope: Scope,
  id: PostId,
  as: 'published' | 'failed',
): Promise<Post> {
  const now = core.clock.now()
  const attempts = await listAttempts(core, scope, id)
  await core.store.transaction(async (tx) => {
    const changed = await tx.posts.change(scope.workspaceId, id, ['unknown'], {
      state: as,
      wakeAt: null,
      ...(as === 'published' && { publishedAt: now, failure: null }),
      ...(as === 'failed' && {
        checkpoint: null,
        checkpointSends: false,
        failure: {
          code: 'outcome_unknown' as const,
          message: 'A person looked and said that it was not published.',
          nextAction: 'Retry the post if it is still wanted.',
          at: now,
        },
      }),
    })
    if (!changed) {
      throw new PostMcpError('conflict', `Post ${id} is not waiting for anybody to say what became of it.`)
    }
    for (const attempt of attempts) {
      if (attempt.outcome === 'sent' || attempt.outcome === 'not_sent') continue
      await tx.attempts.finish(
        scope.workspaceId,
        attempt.id,
        as === 'published' ? 'sent' : 'not_sent',
        null,
        now,
      )
    }
    await tx.audit.add({ ...scope, action: 'post.resolved', subjectId: id, details: { as } }, now)
  })
  return getPost(core, scope, id)
}

/**
 * Cancels what has not begun; a post that is being published or is out stays what it is.
 * @throws PostMcpError `not_found`
 */
export async function cancelPostGroup(
  core: CoreContext,
  scope: Scope,
  id: PostGroupId,
): Promise<PostGroupView> {
  const { posts } = await getPostGroup(core, scope, id)
  const now = core.clock.now()
  const failure = {
    code: 'post_cancelled' as const,
    message: 'Cancelled before it was published.',
    nextAction: 'Create the post again if it is still wanted.',
    at: now,
  }
  await core.store.transaction(async (tx) => {
    for (const post of posts) {
      await tx.posts.change(scope.workspaceId, post.id, ['draft', 'scheduled', 'queued'], {
        state: 'cancelled',
        wakeAt: null,
        failure,
      })
    }
    await tx.audit.add({ ...scope, action: 'post_group.cancelled', subjectId: id, details: {} }, now)
  })
  return getPostGroup(core, scope, id)
}

/**
 * Deletes a published post at the platform. May be repeated: a post that is gone there counts as deleted.
 * @throws PostMcpError `not_found`; `conflict` when it is not published or the platform cannot delete; `missing_permission`;
 *   `account_not_publishable`, `platform_unavailable`, `rate_limited`, `refused_by_platform`
 */
export async function deletePost(core: CoreContext, scope: Scope, id: PostId): Promise<Post> {
  const post = await getPost(core, scope, id)
  if (post.deletedAt) return post
  const account = await core.store.accounts.get(scope.workspaceId, post.accountId)
  const grant = account?.grantId ? await core.store.grants.get(scope.workspaceId, account.grantId) : undefined
  const provider = core.providers.get(post.platform, grant?.way)
  if (!provider.deletePost)
    throw new PostMcpError('conflict', `${provider.manifest.name} has no way to delete a post.`)
  if (post.state !== 'published' || !post.sent) {
    throw new PostMcpError('conflict', `Post ${id} is ${post.state}; only a published post can be deleted.`)
  }
  if (!account?.grantId) {
    throw new PostMcpError(
      'account_not_publishable',
      'The account was disconnected; delete the post at the platform.',
    )
  }
  let open = await useGrant(core, scope.workspaceId, account.grantId)
  assertMayDelete(provider.manifest, open.access.grantedScopes)
  for (let again = true; ; again = false) {
    try {
      const { workspaceId, client } = open.grant
      const ctx = await providerContext(core, provider, { workspaceId, client })
      await provider.deletePost(
        ctx,
        { access: open.access, account: await openTarget(core, account) },
        post.sent,
      )
      break
    } catch (error) {
      const failure = readHookFailure(provider, error, 'delete')
      if (failure.classification.kind !== 'access_token_expired' || !again) throw failure.error
      open = await useGrant(core, scope.workspaceId, account.grantId, {
        kind: 'replacement',
        refusedVersion: open.grant.version,
      })
    }
  }
  const now = core.clock.now()
  await core.store.transaction(async (tx) => {
    await tx.posts.change(scope.workspaceId, id, ['published'], { deletedAt: now })
    await tx.audit.add({ ...scope, action: 'post.deleted', subjectId: id, details: {} }, now)
    await tx.events.add(
      scope.workspaceId,
      'post.deleted',
      { postId: id, groupId: post.groupId, accountId: post.accountId },
      now,
    )
  })
  return getPost(core, scope, id)
}

function assertMayDelete(manifest: Manifest, granted: readonly string[]): void {
  const { name, publish } = manifest
  if (!publish.deleteScopes || isGranted(manifest, publish.deleteScopes, granted)) return
  throw new PostMcpError(
    'missing_permission',
    `${name} lets us delete posts only with a permission that this account was not granted.`,
    {
      platform: manifest.id,
      nextAction: `Delete the post at ${name}; or get the permission: ${howToGetScope(manifest, publish.deleteScopes)}`,
    },
  )
}
