import type { CoreContext } from '../core-context.js'
import { reportAccount } from '../health/account-report.js'
import { runOnce } from '../idempotency/run-once.js'
import { type ErrorCode, PostMcpError } from '../model/errors.js'
import type { AccountId, PostGroupId, PostId } from '../model/ids.js'
import type { Post, PostGroup } from '../model/post.js'
import type { Scope } from '../model/scope.js'
import { wakeAfterSeconds } from './create-post-group.js'
import { getPostGroup, type PostGroupView } from './post-group.js'
import { validateTargets } from './validate-targets.js'

/** A post that was not retried, and why. */
export interface NotRetried {
  postId: PostId
  accountId: AccountId
  code: ErrorCode
  message: string
  nextAction: string
}

export interface RetryResult extends PostGroupView {
  /** Posts that were put into the queue again. */
  retried: PostId[]
  /** Posts whose outcome is unknown and is being looked up first. */
  reconciling: PostId[]
  notRetried: NotRetried[]
}

/**
 * Puts the failed posts of a group into the queue again, and only those; posts of unknown outcome are looked up first, and sent
 * again only if they are certainly not there. What no longer holds (account, content, media) is named and left alone.
 * @throws PostMcpError `not_found`; those of `runOnce`
 */
export async function retryPostGroup(
  core: CoreContext,
  scope: Scope,
  groupId: PostGroupId,
  idempotencyKey?: string,
): Promise<RetryResult> {
  return runOnce(
    core,
    scope,
    { key: idempotencyKey, verb: 'post_groups.retry', request: { groupId } },
    async (complete) => {
      const { group, posts } = await getPostGroup(core, scope, groupId)
      const retried: PostId[] = []
      const reconciling: PostId[] = []
      const notRetried: NotRetried[] = []
      for (const post of posts) {
        if (post.state === 'unknown') {
          reconciling.push(post.id)
          continue
        }
        if (post.state !== 'failed') continue
        const obstacle = await obstacleTo(core, scope, group, post)
        if (obstacle) notRetried.push({ postId: post.id, accountId: post.accountId, ...obstacle })
        else retried.push(post.id)
      }
      const now = core.clock.now()
      const again = {
        dueAt: now,
        wakeAt: new Date(now.getTime() + wakeAfterSeconds * 1000),
        failedTurns: 0,
        slotAt: null,
        failure: null,
      }
      await core.store.transaction(async (tx) => {
        for (const id of retried)
          await tx.posts.change(scope.workspaceId, id, ['failed'], { ...again, state: 'queued' })
        for (const id of reconciling) await tx.posts.change(scope.workspaceId, id, ['unknown'], again)
        await tx.jobs.wake(
          [...retried, ...reconciling].map((postId) => ({ workspaceId: scope.workspaceId, postId })),
        )
        await tx.audit.add(
          { ...scope, action: 'post_group.retried', subjectId: groupId, details: { retried, reconciling } },
          now,
        )
        await complete(tx, groupId)
      })
      return { ...(await getPostGroup(core, scope, groupId)), retried, reconciling, notRetried }
    },
    async (id) => ({
      ...(await getPostGroup(core, scope, id as PostGroupId)),
      retried: [],
      reconciling: [],
      notRetried: [],
    }),
  )
}

/** What still stands against publishing a post: its account, its files, the limits of its platform. */
async function obstacleTo(
  core: CoreContext,
  scope: Scope,
  { content }: PostGroup,
  { accountId, target }: Post,
): Promise<Pick<NotRetried, 'code' | 'message' | 'nextAction'> | null> {
  const account = await core.store.accounts.get(scope.workspaceId, accountId)
  if (!account) return new PostMcpError('not_found', 'The account is gone.')
  const grant = account.grantId ? await core.store.grants.get(scope.workspaceId, account.grantId) : undefined
  const report = reportAccount(account, grant, core.providers.get(account.platform, grant?.way).manifest)
  if (!report.canPublish) {
    const { status, reason } = report.health
    return {
      code: 'account_not_publishable',
      message: `@${account.handle} cannot publish: ${reason ? `${status}, ${reason}` : status}.`,
      nextAction: report.nextAction.message,
    }
  }
  const issues = await validateTargets(core, scope, content, [{ accountId, ...target }], { at: null })
  const errors = issues.filter((issue) => issue.severity === 'error')
  if (errors.length === 0) return null
  const { code, message, nextAction } = new PostMcpError(
    'validation_failed',
    errors.map((issue) => issue.message).join(' '),
  )
  return { code, message, nextAction }
}
