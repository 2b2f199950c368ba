import { type Kysely, sql } from 'kysely'
import type { PostId, WorkspaceId } from '../../model/ids.js'
import { type PostState, postTransitions } from '../../model/post.js'
import type { PostUpdate, StoreOperations } from '../store.js'
import { listGroups } from './list-groups.js'
import { toAttempt, toPost, toPostGroup } from './rows.js'
import type { Database } from './schema.js'

export const postGroups = (db: Kysely<Database>): StoreOperations['postGroups'] => ({
  async insert(group) {
    await db
      .insertInto('post_groups')
      .values({
        id: group.id,
        workspace_id: group.workspaceId,
        content: JSON.stringify(group.content),
        publish_at: group.publishAt,
        time_zone: group.timeZone,
        grace_seconds: group.graceSeconds,
        created_by: group.createdBy,
        created_at: group.createdAt,
      })
      .execute()
  },
  async get(workspaceId, id) {
    const row = await db
      .selectFrom('post_groups')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .executeTakeFirst()
    return row && toPostGroup(row)
  },
  async change(workspaceId, id, expectedVersion, change) {
    const { numUpdatedRows } = await db
      .updateTable('post_groups')
      .set((eb) => ({
        ...(change.content !== undefined && { content: JSON.stringify(change.content) }),
        ...(change.publishAt !== undefined && { publish_at: change.publishAt }),
        ...(change.timeZone !== undefined && { time_zone: change.timeZone }),
        ...(change.graceSeconds !== undefined && { grace_seconds: change.graceSeconds }),
        version: eb('version', '+', 1),
      }))
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .where('version', '=', expectedVersion)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  },
  async setMedia(workspaceId, id, mediaIds) {
    await db
      .deleteFrom('post_group_media')
      .where('workspace_id', '=', workspaceId)
      .where('group_id', '=', id)
      .execute()
    if (mediaIds.length === 0) return
    await db
      .insertInto('post_group_media')
      .values(mediaIds.map((mediaId) => ({ workspace_id: workspaceId, group_id: id, media_id: mediaId })))
      .execute()
  },
  async list(workspaceId, page, filter = {}) {
    const rows = await listGroups(db, workspaceId, page, filter)
    return rows.map(toPostGroup)
  },
})

const toJsonText = (value: unknown): string | null => (value === null ? null : JSON.stringify(value))

/** The columns a change touches. */
const columns = (update: PostUpdate) => ({
  ...(update.state !== undefined && { state: update.state }),
  ...(update.dedupeKey !== undefined && { dedupe_key: update.dedupeKey }),
  ...(update.dedupeKeyAt !== undefined && { dedupe_key_at: update.dedupeKeyAt }),
  ...(update.checkpoint !== undefined && { checkpoint: toJsonText(update.checkpoint) }),
  ...(update.checkpointSends !== undefined && { checkpoint_sends: update.checkpointSends }),
  ...(update.target !== undefined && { target: JSON.stringify(update.target) }),
  ...(update.progress !== undefined && { progress: toJsonText(update.progress) }),
  ...(update.slotAt !== undefined && { slot_at: update.slotAt }),
  ...(update.failedTurns !== undefined && { failed_turns: update.failedTurns }),
  ...(update.dueAt !== undefined && { due_at: update.dueAt }),
  ...(update.wakeAt !== undefined && { wake_at: update.wakeAt }),
  ...(update.failure !== undefined && { failure: toJsonText(update.failure) }),
  ...(update.sent !== undefined && {
    sent_kind: update.sent?.kind ?? null,
    sent_visibility: update.sent?.visibility ?? null,
    platform_post_id: update.sent?.platformPostId ?? null,
    permalink: update.sent?.permalink ?? null,
    parts: toJsonText(update.sent?.parts ?? null),
  }),
  ...(update.publishedAt !== undefined && { published_at: update.publishedAt }),
  ...(update.deletedAt !== undefined && { deleted_at: update.deletedAt }),
})

/** The states from which the table of transitions allows a state; a state may always stay what it is. */
const statesBefore = (state: PostState): PostState[] => [
  state,
  ...(Object.keys(postTransitions) as PostState[]).filter((from) => postTransitions[from].includes(state)),
]

const leaseIsOver = sql<boolean>`(lease_until is null or lease_until < clock_timestamp())`

export function posts(db: Kysely<Database>): StoreOperations['posts'] {
  const update = (workspaceId: WorkspaceId, id: PostId) =>
    db.updateTable('posts').where('workspace_id', '=', workspaceId).where('id', '=', id)
  return {
    async insert(post) {
      await db
        .insertInto('posts')
        .values({
          id: post.id,
          workspace_id: post.workspaceId,
          group_id: post.groupId,
          account_id: post.accountId,
          platform: post.platform,
          target: JSON.stringify(post.target),
          state: post.state,
          fence: post.fence,
          lease_owner: null,
          lease_until: null,
          dedupe_key: post.dedupeKey,
          dedupe_key_at: post.dedupeKeyAt,
          checkpoint: toJsonText(post.checkpoint),
          checkpoint_sends: post.checkpointSends,
          failed_turns: post.failedTurns,
          due_at: post.dueAt,
          wake_at: post.wakeAt,
          failure: toJsonText(post.failure),
          created_at: post.createdAt,
        })
        .execute()
    },
    async get(workspaceId, id) {
      const row = await db
        .selectFrom('posts')
        .selectAll()
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .executeTakeFirst()
      return row && toPost(row)
    },
    async listByGroups(workspaceId, groupIds) {
      if (groupIds.length === 0) return []
      const rows = await db
        .selectFrom('posts')
        .selectAll()
        .where('workspace_id', '=', workspaceId)
        .where('group_id', 'in', [...groupIds])
        .orderBy('id')
        .execute()
      return rows.map(toPost)
    },
    async claim(workspaceId, id, { owner, leaseSeconds, now }) {
      const row = await update(workspaceId, id)
        .set((eb) => ({
          fence: eb('fence', '+', 1),
          lease_owner: owner,
          lease_until: sql<Date>`clock_timestamp() + make_interval(secs => ${leaseSeconds})`,
          wake_at: new Date(now.getTime() + leaseSeconds * 1000 + 1000),
          state: sql<PostState>`case when state = 'queued' then 'publishing' else state end`,
        }))
        .where('state', 'in', ['queued', 'publishing', 'unknown'])
        .where('wake_at', 'is not', null)
        .where('due_at', '<=', now)
        .where(leaseIsOver)
        // As a rule one at a time; two claims in the same instant may both succeed, which costs nothing but order.
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('posts as other')
                .select('other.id')
                .whereRef('other.workspace_id', '=', 'posts.workspace_id')
                .whereRef('other.account_id', '=', 'posts.account_id')
                .where('other.lease_owner', 'is not', null)
                .where(sql<boolean>`other.lease_until >= clock_timestamp()`),
            ),
          ),
        )
        .returningAll()
        .executeTakeFirst()
      return row && toPost(row)
    },
    async renew(workspaceId, id, fence, { seconds, now }) {
      const { numUpdatedRows } = await update(workspaceId, id)
        .set({
          lease_until: sql<Date>`clock_timestamp() + make_interval(secs => ${seconds})`,
          wake_at: new Date(now.getTime() + seconds * 1000 + 1000),
        })
        .where('fence', '=', fence)
        .where('lease_owner', 'is not', null)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
    async listWaiting(wakeUps, now) {
      const ids = wakeUps.map(({ postId }) => postId)
      if (ids.length === 0) return []
      const rows = await db
        .selectFrom('posts')
        .select(['workspace_id', 'id', 'account_id', 'platform'])
        .where('workspace_id', 'in', [...new Set(wakeUps.map(({ workspaceId }) => workspaceId))])
        .where('id', 'in', ids)
        .where('state', 'in', ['queued', 'publishing', 'unknown'])
        .where('wake_at', 'is not', null)
        .where('due_at', '<=', now)
        .where(leaseIsOver)
        .execute()
      return wakeUps.flatMap(({ workspaceId, postId }) => {
        const row = rows.find((each) => each.workspace_id === workspaceId && each.id === postId)
        return row ? [{ workspaceId, postId, accountId: row.account_id, platform: row.platform }] : []
      })
    },
    async nextOfAccount(workspaceId, accountId, now) {
      const row = await db
        .selectFrom('posts')
        .select('id')
        .where('workspace_id', '=', workspaceId)
        .where('account_id', '=', accountId)
        .where('state', 'in', ['queued', 'publishing', 'unknown'])
        .where('wake_at', 'is not', null)
        .where('due_at', '<=', now)
        .where(leaseIsOver)
        .orderBy('due_at')
        .orderBy('id')
        .limit(1)
        .executeTakeFirst()
      return row?.id
    },
    async countBetween(workspaceId, accountId, from, to) {
      const { count } = await db
        .selectFrom('posts')
        .select((eb) => eb.fn.countAll<string>().as('count'))
        .where('workspace_id', '=', workspaceId)
        .where('account_id', '=', accountId)
        .where((eb) =>
          eb.or([
            eb.and([eb('published_at', '>', from), eb('published_at', '<=', to)]),
            eb.and([
              eb('state', 'in', ['scheduled', 'queued', 'publishing', 'unknown']),
              eb('due_at', '>', from),
              eb('due_at', '<=', to),
            ]),
          ]),
        )
        .executeTakeFirstOrThrow()
      return Number(count)
    },
    async write(workspaceId, id, fence, change, release) {
      const { numUpdatedRows } = await update(workspaceId, id)
        .set({ ...columns(change), ...(release && { lease_owner: null, lease_until: null }), fence })
        .where('fence', '=', fence)
        .where('lease_owner', 'is not', null)
        .$if(change.state !== undefined, (query) =>
          query.where('state', 'in', statesBefore(change.state ?? 'draft')),
        )
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
    async change(workspaceId, id, from, change) {
      const { numUpdatedRows } = await update(workspaceId, id)
        // A change from outside also takes the post from whoever thinks he still holds it.
        .set((eb) => ({
          ...columns(change),
          fence: eb('fence', '+', 1),
          lease_owner: null,
          lease_until: null,
        }))
        .where('state', 'in', from)
        .where(leaseIsOver)
        .$if(change.state !== undefined, (query) =>
          query.where('state', 'in', statesBefore(change.state ?? 'draft')),
        )
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
    async cancelWaiting(workspaceId, accountId, failure) {
      const rows = await db
        .updateTable('posts')
        .set((eb) => ({
          state: 'cancelled',
          wake_at: null,
          failure: JSON.stringify(failure),
          fence: eb('fence', '+', 1),
        }))
        .where('workspace_id', '=', workspaceId)
        .where('account_id', '=', accountId)
        .where('state', 'in', ['draft', 'scheduled', 'queued'])
        .where(leaseIsOver)
        .returning('id')
        .execute()
      return rows.map((row) => row.id)
    },
    async wakeUnknown(workspaceId, accountId, now) {
      const rows = await db
        .updateTable('posts')
        .set({ due_at: now, wake_at: now, failed_turns: 0 })
        .where('workspace_id', '=', workspaceId)
        .where('account_id', '=', accountId)
        .where('state', '=', 'unknown')
        .where(leaseIsOver)
        .returning('id')
        .execute()
      return rows.map((row) => row.id)
    },
    async nextWakeAt() {
      const row = await db
        .selectFrom('posts')
        .select('wake_at')
        .where('wake_at', 'is not', null)
        .orderBy('wake_at')
        .limit(1)
        .executeTakeFirst()
      return row?.wake_at ?? undefined
    },
    async listOverdue(before, limit) {
      const rows = await db
        .selectFrom('posts')
        .select(['workspace_id', 'id', 'due_at'])
        .where('wake_at', '<=', before)
        .where('state', '=', 'scheduled')
        .orderBy('wake_at')
        .limit(limit)
        .execute()
      return rows.map((row) => ({ workspaceId: row.workspace_id, postId: row.id, dueAt: row.due_at }))
    },
    async takeDue(now, againInSeconds, limit) {
      const rows = await db
        .with('due', (with_) =>
          with_
            .selectFrom('posts')
            .select(['workspace_id', 'id'])
            .where('wake_at', '<=', now)
            .orderBy('wake_at')
            .limit(limit)
            .forUpdate()
            .skipLocked(),
        )
        .updateTable('posts')
        .from('due')
        .set({
          wake_at: new Date(now.getTime() + againInSeconds * 1000),
          state: sql<PostState>`case when posts.state = 'scheduled' then 'queued' else posts.state end`,
        })
        .whereRef('posts.workspace_id', '=', 'due.workspace_id')
        .whereRef('posts.id', '=', 'due.id')
        .returning(['posts.workspace_id', 'posts.id'])
        .execute()
      return rows.map((row) => ({ workspaceId: row.workspace_id, postId: row.id }))
    },
  }
}

export const attempts = (db: Kysely<Database>): StoreOperations['attempts'] => ({
  async insert(attempt) {
    await db
      .insertInto('attempts')
      .values({
        id: attempt.id,
        workspace_id: attempt.workspaceId,
        post_id: attempt.postId,
        number: attempt.number,
        fence: attempt.fence,
        body: JSON.stringify(attempt.body),
        dedupe_key: attempt.dedupeKey,
        started_at: attempt.startedAt,
        send_deadline: attempt.sendDeadline,
      })
      .execute()
  },
  async finish(workspaceId, id, outcome, failure, at) {
    await db
      .updateTable('attempts')
      .set({ outcome, failure: failure && JSON.stringify(failure), finished_at: at })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .execute()
  },
  async list(workspaceId, postId) {
    const rows = await db
      .selectFrom('attempts')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('post_id', '=', postId)
      .orderBy('number')
      .execute()
    return rows.map(toAttempt)
  },
})

export const paces = (db: Kysely<Database>): StoreOperations['paces'] => ({
  async take(key, { max, perSeconds }, now) {
    const everySeconds = perSeconds / max
    // A place is everySeconds wide; whoever has been idle for perSeconds has max of them saved up.
    const { next_at } = await db
      .insertInto('paces')
      .values({ key, next_at: new Date(now.getTime() + everySeconds * 1000) })
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet({
          next_at: sql<Date>`greatest(paces.next_at, ${now}::timestamptz) + make_interval(secs => ${everySeconds})`,
        }),
      )
      .returning('next_at')
      .executeTakeFirstOrThrow()
    return new Date(Math.max(now.getTime(), next_at.getTime() - perSeconds * 1000))
  },
})
