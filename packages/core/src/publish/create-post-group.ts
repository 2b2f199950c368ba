import type { CoreContext } from '../core-context.js'
import { runOnce } from '../idempotency/run-once.js'
import type { Account } from '../model/account.js'
import { type Issue, PostMcpError } from '../model/errors.js'
import { type AccountId, newId, type PostGroupId } from '../model/ids.js'
import type { Content, Post, PostGroup, TargetContent } from '../model/post.js'
import type { Scope } from '../model/scope.js'
import { getPostGroup, type PostGroupView } from './post-group.js'
import { mediaIdsOf } from './publish-input.js'
import { readSchedule } from './schedule.js'
import { type TargetDraft, validateTargets } from './validate-targets.js'

/** A group as it is asked for. */
export interface PostGroupDraft {
  content: Content
  /** One post is made for each. */
  targets: TargetDraft[]
  /** When; absent: at once. See `ScheduleDraft`. */
  publishAt?: string | undefined
  timeZone?: string | undefined
  /** How late a post may still go out when we were down at its time. Default one hour. */
  graceSeconds?: number | undefined
  /** Kept without being published. Default false. */
  draft?: boolean | undefined
}

/** The sweeper looks after a post that nobody has taken up for this long. */
export const wakeAfterSeconds = 15

const defaultGraceSeconds = 60 * 60

/** A group's time as asked for, with what is wrong about it. */
export function scheduleOf(
  draft: Pick<PostGroupDraft, 'publishAt' | 'timeZone'>,
  now: Date,
): { publishAt: Date | null; timeZone: string | null; issues: Issue[] } {
  if (draft.publishAt === undefined) return { publishAt: null, timeZone: null, issues: [] }
  const read = readSchedule({ publishAt: draft.publishAt, timeZone: draft.timeZone }, now)
  return 'issue' in read ? { publishAt: null, timeZone: null, issues: [read.issue] } : { ...read, issues: [] }
}

/**
 * Everything that stands against a draft: errors stop it, warnings do not.
 * @throws PostMcpError `not_found` for an account that is not there
 */
export async function validateDraft(
  core: CoreContext,
  scope: Scope,
  draft: PostGroupDraft,
): Promise<Issue[]> {
  const { publishAt, issues } = scheduleOf(draft, core.clock.now())
  return [...issues, ...(await validateTargets(core, scope, draft.content, draft.targets, { at: publishAt }))]
}

/** @throws PostMcpError `validation_failed` with all issues, if one of them is an error */
export function refuseErrors(issues: Issue[]): void {
  const errors = issues.filter((issue) => issue.severity === 'error')
  if (errors.length === 0) return
  throw new PostMcpError('validation_failed', errors.map((issue) => issue.message).join(' '), { issues })
}

/** What cannot be saved even as a draft, for it names something that is not there. */
export const isStructural = ({ code }: Issue) =>
  ['no_targets', 'duplicate_target', 'media_not_found', 'text_malformed'].includes(code) ||
  code.startsWith('schedule') ||
  code.startsWith('time_zone')

/**
 * Makes a group: its posts go to the workers, or wait for their time, or for somebody to release them. Nothing is made when there
 * are errors; a draft may have those that can be mended later.
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
      refuseErrors(draft.draft ? issues.filter(isStructural) : issues)
      const now = core.clock.now()
      const { publishAt, timeZone } = scheduleOf(draft, now)
      const group: PostGroup = {
        id: newId('postGroup', now),
        workspaceId: scope.workspaceId,
        content: draft.content,
        publishAt,
        timeZone,
        graceSeconds: draft.graceSeconds ?? defaultGraceSeconds,
        version: 1,
        createdAt: now,
        createdBy: scope.actor,
      }
      const state = draft.draft ? 'draft' : publishAt ? 'scheduled' : 'queued'
      await core.store.transaction(async (tx) => {
        await tx.postGroups.insert(group)
        await tx.postGroups.setMedia(scope.workspaceId, group.id, mediaIdsOfGroup(draft))
        const wakeUps = []
        for (const target of draft.targets) {
          const account = await tx.accounts.get(scope.workspaceId, target.accountId)
          if (!account) throw new PostMcpError('not_found', `There is no account ${target.accountId}.`)
          const post = newPost(group.id, account, target, now, begin(state, publishAt ?? now))
          await tx.posts.insert(post)
          wakeUps.push({ workspaceId: scope.workspaceId, postId: post.id })
        }
        if (state === 'queued') await tx.jobs.wake(wakeUps)
        await tx.audit.add({ ...scope, action: 'post_group.created', subjectId: group.id, details: {} }, now)
        await complete(tx, group.id)
      })
      return getPostGroup(core, scope, group.id)
    },
    (groupId) => getPostGroup(core, scope, groupId as PostGroupId),
  )
}

export const mediaIdsOfGroup = ({ content, targets }: Pick<PostGroupDraft, 'content' | 'targets'>) =>
  mediaIdsOf([content, ...targets.map(({ overrides = {} }) => overrides)])

/** Where a post begins: `at` is when it is due. */
export const begin = (
  state: 'draft' | 'scheduled' | 'queued',
  at: Date,
): Pick<Post, 'state' | 'dueAt' | 'wakeAt'> => ({
  state,
  dueAt: at,
  wakeAt:
    state === 'draft' ? null : state === 'scheduled' ? at : new Date(at.getTime() + wakeAfterSeconds * 1000),
})

export const newPost = (
  groupId: PostGroupId,
  account: Account,
  { overrides, options }: TargetContent & { accountId: AccountId },
  now: Date,
  beginning: Pick<Post, 'state' | 'dueAt' | 'wakeAt'>,
): Post => ({
  id: newId('post', now),
  workspaceId: account.workspaceId,
  groupId,
  accountId: account.id,
  platform: account.platform,
  target: { ...(overrides && { overrides }), ...(options && { options }) },
  fence: 0,
  dedupeKey: null,
  dedupeKeyAt: null,
  checkpoint: null,
  checkpointSends: false,
  progress: null,
  slotAt: null,
  failedTurns: 0,
  failure: null,
  sent: null,
  publishedAt: null,
  deletedAt: null,
  createdAt: now,
  ...beginning,
})
