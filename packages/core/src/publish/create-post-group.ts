import type { CoreContext } from '../core-context.js'
import { effectiveHealth } from '../health/account-report.js'
import { runOnce } from '../idempotency/run-once.js'
import type { Account } from '../model/account.js'
import { type Issue, PostMcpError } from '../model/errors.js'
import { type AccountId, newId, type PostGroupId } from '../model/ids.js'
import type { Content, Post } from '../model/post.js'
import type { Scope } from '../model/scope.js'
import { getPostGroup, type PostGroupView } from './post-group.js'
import { mediaOf } from './publish-input.js'
import { validateContent } from './validate.js'

/** A group as it is asked for. */
export interface PostGroupDraft {
  content: Content
  /** One post is made for each. */
  targets: { accountId: AccountId }[]
}

/** The sweeper looks after a post that nobody has taken up for this long. */
export const wakeAfterSeconds = 15

/**
 * Everything that stands against a draft: errors stop it, warnings do not. An account that cannot publish at present is a
 * warning: its post will fail, the others go out, and it can be retried once the account is reconnected.
 * @throws PostMcpError `not_found` for an account that is not there
 */
export async function validateDraft(
  core: CoreContext,
  scope: Scope,
  draft: PostGroupDraft,
): Promise<Issue[]> {
  if (draft.targets.length === 0) {
    return [
      { code: 'no_targets', severity: 'error', message: 'Name at least one account.', field: 'targets' },
    ]
  }
  const media = await mediaOf(core, scope.workspaceId, draft.content)
  const issues: Issue[] = []
  const seen = new Set<string>()
  for (const [index, { accountId }] of draft.targets.entries()) {
    if (seen.has(accountId)) {
      issues.push({
        code: 'duplicate_target',
        severity: 'error',
        message: `Account ${accountId} is named twice.`,
        field: `targets.${index}`,
        accountId,
      })
      continue
    }
    seen.add(accountId)
    const account = await core.store.accounts.get(scope.workspaceId, accountId)
    if (!account) throw new PostMcpError('not_found', `There is no account ${accountId}.`)
    issues.push(
      ...validateContent(draft.content, media, account, core.providers.get(account.platform)),
      ...(await accountIssues(core, account, index)),
    )
  }
  return issues
}

async function accountIssues(core: CoreContext, account: Account, index: number): Promise<Issue[]> {
  const grant = account.grantId
    ? await core.store.grants.get(account.workspaceId, account.grantId)
    : undefined
  const { status, reason } = effectiveHealth(account, grant)
  if (status === 'active') return []
  return [
    {
      code: 'account_not_publishable',
      severity: 'warning',
      message: `@${account.handle} cannot publish at present: ${status}${reason ? ` (${reason})` : ''}.`,
      field: `targets.${index}`,
      accountId: account.id,
    },
  ]
}

/**
 * Makes a group and hands its posts to the workers. Nothing is made when the draft has errors.
 * @param idempotencyKey a repetition with the same key gives the group of the first call
 * @throws PostMcpError `validation_failed` with all issues; `not_found`; those of `runOnce`
 */
export async function createPostGroup(
  core: CoreContext,
  scope: Scope,
  draft: PostGroupDraft,
  idempotencyKey?: string,
): Promise<PostGroupView> {
  return runOnce(
    core,
    scope,
    { key: idempotencyKey, verb: 'post_groups.create', request: draft },
    async (complete) => {
      const issues = await validateDraft(core, scope, draft)
      const errors = issues.filter((issue) => issue.severity === 'error')
      if (errors.length > 0) {
        throw new PostMcpError('validation_failed', errors.map((issue) => issue.message).join(' '), {
          issues,
        })
      }
      const now = core.clock.now()
      const group = {
        id: newId('postGroup', now),
        workspaceId: scope.workspaceId,
        content: draft.content,
        createdAt: now,
        createdBy: scope.actor,
      }
      await core.store.transaction(async (tx) => {
        await tx.postGroups.insert(group)
        const wakeUps = []
        for (const { accountId } of draft.targets) {
          const account = await tx.accounts.get(scope.workspaceId, accountId)
          if (!account) throw new PostMcpError('not_found', `There is no account ${accountId}.`)
          const post = newPost(group.id, account, now)
          await tx.posts.insert(post)
          wakeUps.push({ workspaceId: scope.workspaceId, postId: post.id })
        }
        await tx.jobs.wake(wakeUps)
        await tx.audit.add({ ...scope, action: 'post_group.created', subjectId: group.id, details: {} }, now)
        await complete(tx, group.id)
      })
      return getPostGroup(core, scope, group.id)
    },
    (groupId) => getPostGroup(core, scope, groupId as PostGroupId),
  )
}

const newPost = (groupId: PostGroupId, account: Account, now: Date): Post => ({
  id: newId('post', now),
  workspaceId: account.workspaceId,
  groupId,
  accountId: account.id,
  platform: account.platform,
  state: 'queued',
  fence: 0,
  dedupeKey: null,
  dedupeKeyAt: null,
  checkpoint: null,
  checkpointSends: false,
  failedTurns: 0,
  dueAt: now,
  wakeAt: new Date(now.getTime() + wakeAfterSeconds * 1000),
  failure: null,
  sent: null,
  publishedAt: null,
  deletedAt: null,
  createdAt: now,
})
