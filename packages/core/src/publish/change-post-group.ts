import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import type { PostGroupId, PostId } from '../model/ids.js'
import type { Content, Post, PostGroup } from '../model/post.js'
import type { Scope } from '../model/scope.js'
import {
  begin,
  isStructural,
  mediaIdsOfGroup,
  newPost,
  type PostGroupDraft,
  refuseErrors,
  scheduleOf,
} from './create-post-group.js'
import { getPostGroup, type PostGroupView } from './post-group.js'
import { type TargetDraft, validateTargets } from './validate-targets.js'

/** What is to be different; everything absent stays as it is. */
export interface PostGroupChange {
  /** The version that was looked at: whoever changed the group meanwhile is not overwritten. */
  version: number
  content?: Content | undefined
  /** All targets, in place of those there are. */
  targets?: TargetDraft[] | undefined
  /** A time as `PostGroupDraft` has it, `now`, or null: a draft again. */
  publishAt?: string | null | undefined
  timeZone?: string | undefined
  graceSeconds?: number | undefined
}

/** States in which nobody has begun to publish. */
const open = ['draft', 'scheduled'] as const

/**
 * Changes a draft or what is scheduled: its content, its targets, its time. A draft becomes scheduled or goes out by its time.
 * @throws PostMcpError `not_found`; `conflict` when it was changed meanwhile or is being published; `validation_failed`
 */
export async function changePostGroup(
  core: CoreContext,
  scope: Scope,
  id: PostGroupId,
  change: PostGroupChange,
): Promise<PostGroupView> {
  const now = core.clock.now()
  const { group, posts } = await getPostGroup(core, scope, id)
  const living = posts.filter((post) => post.state !== 'cancelled')
  refuseBegun(group, living)
  const next = await plan(core, scope, group, living, change, now)
  await core.store.transaction(async (tx) => {
    if (!(await tx.postGroups.change(scope.workspaceId, id, change.version, next.group))) throw stale(group)
    await tx.postGroups.setMedia(
      scope.workspaceId,
      id,
      mediaIdsOfGroup({ content: next.group.content, targets: next.targets }),
    )
    const ids: PostId[] = []
    const beginning = begin(next.state, next.group.publishAt ?? now)
    for (const post of living) {
      const target = next.targets.find(({ accountId }) => accountId === post.accountId)
      const { overrides, options } = target ?? {}
      const update = target
        ? { ...beginning, target: { ...(overrides && { overrides }), ...(options && { options }) } }
        : { state: 'cancelled' as const, wakeAt: null }
      if (!(await tx.posts.change(scope.workspaceId, post.id, [...open], update))) throw begun(group)
      if (target) ids.push(post.id)
    }
    for (const target of next.targets) {
      if (living.some(({ accountId }) => accountId === target.accountId)) continue
      const account = await tx.accounts.get(scope.workspaceId, target.accountId)
      if (!account) throw new PostMcpError('not_found', `There is no account ${target.accountId}.`)
      const post = newPost(id, account, target, now, beginning)
      await tx.posts.insert(post)
      ids.push(post.id)
    }
    if (next.state === 'queued') {
      await tx.jobs.wake(ids.map((postId) => ({ workspaceId: scope.workspaceId, postId })))
    }
    const details = { changed: Object.keys(change).filter((key) => key !== 'version') }
    await tx.audit.add({ ...scope, action: 'post_group.changed', subjectId: id, details }, now)
  })
  return getPostGroup(core, scope, id)
}

function refuseBegun(group: PostGroup, posts: readonly Post[]): void {
  if (posts.length > 0 && posts.every(({ state }) => state === 'draft' || state === 'scheduled')) return
  throw begun(group)
}

const begun = ({ id }: PostGroup) =>
  new PostMcpError('conflict', `Post group ${id} is being published, or was; it can no longer be changed.`, {
    nextAction: 'Make a new post for what should be different.',
  })

const stale = ({ id }: PostGroup) =>
  new PostMcpError('conflict', `Post group ${id} was changed by somebody else meanwhile.`, {
    nextAction: 'Get it again, and make the change on its present version.',
  })

/** What the group will be, after everything that stands against it was found. */
async function plan(
  core: CoreContext,
  scope: Scope,
  group: PostGroup,
  posts: readonly Post[],
  change: PostGroupChange,
  now: Date,
): Promise<{
  group: Pick<PostGroup, 'content' | 'publishAt' | 'timeZone' | 'graceSeconds'>
  targets: TargetDraft[]
  state: 'draft' | 'scheduled' | 'queued'
}> {
  if (change.version !== group.version) throw stale(group)
  const content = change.content ?? group.content
  const targets = change.targets ?? posts.map(({ accountId, target }) => ({ accountId, ...target }))
  const wasDraft = posts.every(({ state }) => state === 'draft')
  const isNow = change.publishAt === 'now'
  const isTimed = typeof change.publishAt === 'string' && !isNow
  const asked: Pick<PostGroupDraft, 'publishAt' | 'timeZone'> = isTimed
    ? { publishAt: change.publishAt ?? undefined, timeZone: change.timeZone }
    : {}
  const { issues, ...moved } = scheduleOf(asked, now)
  const isKept = change.publishAt === undefined
  const schedule = isKept ? { publishAt: group.publishAt, timeZone: group.timeZone } : moved
  const state = isKept
    ? wasDraft
      ? ('draft' as const)
      : ('scheduled' as const)
    : change.publishAt === null
      ? ('draft' as const)
      : isNow
        ? ('queued' as const)
        : ('scheduled' as const)
  const counted = wasDraft ? 0 : 1
  const found = await validateTargets(core, scope, content, targets, { at: schedule.publishAt, counted })
  refuseErrors([...issues, ...(state === 'draft' ? found.filter(isStructural) : found)])
  return {
    group: { content, ...schedule, graceSeconds: change.graceSeconds ?? group.graceSeconds },
    targets,
    state,
  }
}
