import type { Kysely } from 'kysely'
import type { StoreOperations } from '../store.js'
import { toMedia } from './rows.js'
import type { Database } from './schema.js'

export const media = (db: Kysely<Database>): StoreOperations['media'] => ({
  async insert(file) {
    await db
      .insertInto('media')
      .values({
        id: file.id,
        workspace_id: file.workspaceId,
        mime_type: file.mimeType,
        bytes: file.bytes,
        sha256: file.sha256,
        width: file.width,
        height: file.height,
        file_name: file.fileName,
        created_at: file.createdAt,
      })
      .execute()
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
})
