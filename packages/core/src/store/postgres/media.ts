import { type Kysely, sql } from 'kysely'
import type { MediaId, WorkspaceId } from '../../model/ids.js'
import type { StoreOperations } from '../store.js'
import { toMedia } from './rows.js'
import type { Database } from './schema.js'

/** States in which a post may still need its files without a person wanting so. An unknown one may turn out not to be there. */
const waiting = ['draft', 'scheduled', 'queued', 'publishing', 'unknown'] as const

const postsWith = (db: Kysely<Database>, workspaceId: WorkspaceId, id: MediaId) =>
  db
    .selectFrom('post_group_media as used')
    .innerJoin('posts', (join) =>
      join
        .onRef('posts.workspace_id', '=', 'used.workspace_id')
        .onRef('posts.group_id', '=', 'used.group_id'),
    )
    .where('used.workspace_id', '=', workspaceId)
    .where('used.media_id', '=', id)

const isWaitedFor = async (db: Kysely<Database>, workspaceId: WorkspaceId, id: MediaId): Promise<boolean> =>
  (await postsWith(db, workspaceId, id)
    .select('posts.id')
    .where('posts.state', 'in', waiting)
    .limit(1)
    .executeTakeFirst()) !== undefined

/** When a post last had to do with the file; undefined: none ever had. */
async function lastUse(
  db: Kysely<Database>,
  workspaceId: WorkspaceId,
  id: MediaId,
): Promise<Date | undefined> {
  const found = await postsWith(db, workspaceId, id)
    .select(
      sql<Date | null>`max(greatest(posts.created_at, posts.due_at, posts.published_at, posts.deleted_at,
        (posts.failure ->> 'at')::timestamptz))`.as('at'),
    )
    .executeTakeFirst()
  return found?.at ?? undefined
}

export const media = (db: Kysely<Database>): StoreOperations['media'] => {
  const change = (workspaceId: WorkspaceId, id: MediaId) =>
    db.updateTable('media').where('workspace_id', '=', workspaceId).where('id', '=', id)
  const upload = (workspaceId: WorkspaceId, id: MediaId) =>
    db.deleteFrom('media_uploads').where('workspace_id', '=', workspaceId).where('id', '=', id)

  return {
    async beginUpload(workspaceId, id) {
      await db.insertInto('media_uploads').values({ workspace_id: workspaceId, id }).execute()
    },
    async continueUpload(workspaceId, id) {
      const { numUpdatedRows } = await db
        .updateTable('media_uploads')
        .set({ seen_at: sql`now()` })
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .where('abandoned', '=', false)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
    async endUpload(workspaceId, id) {
      await upload(workspaceId, id).execute()
    },
    async takeAbandonedUploads(unseenSeconds, limit) {
      const rows = await db
        .with('due', (with_) =>
          with_
            .selectFrom('media_uploads')
            .select(['workspace_id', 'id'])
            .where('seen_at', '<', sql<Date>`now() - interval '1 second' * ${unseenSeconds}`)
            .orderBy('seen_at')
            .limit(limit)
            .forUpdate()
            .skipLocked(),
        )
        .updateTable('media_uploads')
        .from('due')
        .set({ abandoned: true, seen_at: sql`now()` })
        .whereRef('media_uploads.workspace_id', '=', 'due.workspace_id')
        .whereRef('media_uploads.id', '=', 'due.id')
        .returning(['media_uploads.workspace_id', 'media_uploads.id'])
        .execute()
      return rows.map((row) => ({ workspaceId: row.workspace_id, id: row.id }))
    },

    async insert(file) {
      const { numDeletedRows } = await upload(file.workspaceId, file.id)
        .where('abandoned', '=', false)
        .executeTakeFirst()
      if (numDeletedRows === 0n) return false
      await db
        .insertInto('media')
        .values({
          id: file.id,
          workspace_id: file.workspaceId,
          kind: file.kind,
          mime_type: file.mimeType,
          bytes: file.bytes,
          sha256: file.sha256,
          width: file.width,
          height: file.height,
          duration_ms: file.durationMs,
          frame_rate: file.frameRate,
          video_codec: file.videoCodec,
          audio_codec: file.audioCodec,
          frames: file.frames,
          file_name: file.fileName,
          created_at: file.createdAt,
          deleted_at: file.deletedAt,
          look_at: file.createdAt,
        })
        .execute()
      return true
    },
    async get(workspaceId, id) {
      const row = await db
        .selectFrom('media')
        .selectAll()
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .executeTakeFirst()
      return row && toMedia(row)
    },
    async getMany(workspaceId, ids) {
      if (ids.length === 0) return []
      const rows = await db
        .selectFrom('media')
        .selectAll()
        .where('workspace_id', '=', workspaceId)
        .where('id', 'in', [...ids])
        .execute()
      return rows.map(toMedia)
    },

    async delete(workspaceId, id, at) {
      const row = await db
        .selectFrom('media')
        .select('deleted_at')
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .forUpdate()
        .executeTakeFirst()
      if (!row) return 'not_found'
      if (row.deleted_at) return 'deleted'
      if (await isWaitedFor(db, workspaceId, id)) return 'in_use'
      await change(workspaceId, id).set({ deleted_at: at, look_at: at }).execute()
      return 'deleted'
    },
    async takeToDelete(now, keepDays, limit) {
      const after = (days: number) => new Date(now.getTime() + days * 24 * 60 * 60 * 1000)
      const rows = await db
        .selectFrom('media')
        .selectAll()
        .where('look_at', '<=', now)
        .orderBy('look_at')
        .limit(limit)
        .forUpdate()
        .skipLocked()
        .execute()
      const isKept = async ({ workspace_id, id, created_at }: (typeof rows)[number]) =>
        (await isWaitedFor(db, workspace_id, id)) ||
        ((await lastUse(db, workspace_id, id)) ?? created_at) > after(-keepDays)
      const toDelete = []
      for (const row of rows) {
        if (row.deleted_at === null && (await isKept(row))) {
          await change(row.workspace_id, row.id)
            .set({ look_at: after(1) })
            .execute()
          continue
        }
        // The content is not gone yet: if this process breaks off now, another looks again in an hour.
        const marked = { deleted_at: row.deleted_at ?? now, look_at: after(1 / 24) }
        await change(row.workspace_id, row.id).set(marked).execute()
        toDelete.push(toMedia({ ...row, ...marked }))
      }
      return { toDelete, looked: rows.length }
    },
    async noteContentDeleted(workspaceId, id) {
      await change(workspaceId, id).set({ look_at: null }).where('deleted_at', 'is not', null).execute()
    },
  }
}
