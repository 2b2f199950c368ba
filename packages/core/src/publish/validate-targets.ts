import type { CoreContext } from '../core-context.js'
import { effectiveHealth } from '../health/account-report.js'
import type { Account } from '../model/account.js'
import { type Issue, PostMcpError } from '../model/errors.js'
import type { Grant } from '../model/grant.js'
import type { AccountId } from '../model/ids.js'
import type { Content, TargetContent } from '../model/post.js'
import type { Scope } from '../model/scope.js'
import type { Provider } from '../provider/provider.js'
import { filesOf, mediaIdsOf } from './publish-input.js'
import { type Files, validateContent } from './validate.js'

/** One account to publish to, with what only it gets. */
export type TargetDraft = { accountId: AccountId } & TargetContent

/** When the posts are to go out, and those that are counted already. */
interface When {
  /** Null: now. */
  at: Date | null
  /** Posts of each account that are in the count of its quota and are the ones in question. Default 0. */
  counted?: number
}

/**
 * Everything that stands against publishing a content to targets. An account that cannot publish at present is a warning: its post
 * will fail, the others go out, and it can be retried once the account is reconnected.
 * @throws PostMcpError `not_found` for an account that is not there
 */
export async function validateTargets(
  core: CoreContext,
  scope: Scope,
  content: Content,
  targets: readonly TargetDraft[],
  when: When,
): Promise<Issue[]> {
  if (targets.length === 0) {
    return [
      { code: 'no_targets', severity: 'error', message: 'Name at least one account.', field: 'targets' },
    ]
  }
  const files = await filesOf(core, scope.workspaceId, [
    content,
    ...targets.map((each) => each.overrides ?? {}),
  ])
  const issues = notFoundUnused(content, targets, files)
  const seen = new Set<string>()
  for (const [index, target] of targets.entries()) {
    const { accountId } = target
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
    const grant = account.grantId
      ? await core.store.grants.get(scope.workspaceId, account.grantId)
      : undefined
    const provider = core.providers.get(account.platform, grant?.way)
    issues.push(
      ...validateContent(content, target, files, { account, grant, provider }).map((issue) =>
        atItsPlace(issue, target, index),
      ),
      ...accountIssues(account, grant, index),
      ...(await quotaIssues(core, account, provider, when)),
    )
  }
  return issues
}

/** Files that are not there and that no target would use: every target has others in their place. */
function notFoundUnused(content: Content, targets: readonly TargetDraft[], files: Files): Issue[] {
  if (!targets.every(({ overrides }) => overrides?.media)) return []
  return mediaIdsOf([content])
    .filter((id) => !files.has(id))
    .map((id) => ({
      code: 'media_not_found',
      severity: 'error',
      message: `There is no media ${id}.`,
      field: 'content.media',
    }))
}

/** An issue names the field of the content; where the target itself says what stands there, it names that. */
function atItsPlace(issue: Issue, { overrides }: TargetDraft, index: number): Issue {
  const { field } = issue
  if (field === undefined) return issue
  const [root, name] = field.split('.')
  if (root === 'options') return { ...issue, field: `targets.${index}.${field}` }
  if (root !== 'content' || name === undefined || !overrides || !Object.hasOwn(overrides, name)) return issue
  return { ...issue, field: field.replace('content', `targets.${index}.overrides`) }
}

function accountIssues(account: Account, grant: Grant | undefined, index: number): Issue[] {
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

/** What we know of is the least the platform has counted, so a quota that this exceeds is exceeded. */
async function quotaIssues(
  core: CoreContext,
  account: Account,
  { manifest }: Provider,
  { at, counted = 0 }: When,
): Promise<Issue[]> {
  const issues: Issue[] = []
  const to = at ?? core.clock.now()
  for (const { what, max, perSeconds } of manifest.publish.quotas ?? []) {
    const from = new Date(to.getTime() - perSeconds * 1000)
    const found = await core.store.posts.countBetween(account.workspaceId, account.id, from, to)
    if (found - counted < max) continue
    const hours = perSeconds / 3600
    issues.push({
      code: 'quota_reached',
      severity: 'error',
      message: `This exceeds what ${manifest.name} takes of @${account.handle}: ${max} ${what} in ${hours === 24 ? 'a day' : `${hours} hours`}. Choose a later time.`,
      field: 'publishAt',
      accountId: account.id,
      allowed: max,
      found: found - counted + 1,
    })
  }
  return issues
}
