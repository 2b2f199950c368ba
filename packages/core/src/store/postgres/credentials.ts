import type { Kysely } from 'kysely'
import { newId } from '../../model/ids.js'
import type { StoreOperations } from '../store.js'
import type { Database } from './schema.js'

export const credentials = (db: Kysely<Database>): StoreOperations['credentials'] => ({
  async put(workspaceId, owner, sealed) {
    await db
      .insertInto('credentials')
      .values({
        id: newId('credential'),
        workspace_id: workspaceId,
        owner_type: owner.type,
        owner_id: owner.id,
        field: owner.field,
        sealed,
      })
      .onConflict((conflict) =>
        conflict
          .columns(['workspace_id', 'owner_type', 'owner_id', 'field'])
          .doUpdateSet({ sealed, updated_at: new Date() }),
      )
      .execute()
  },
  async get(workspaceId, owner) {
    const row = await db
      .selectFrom('credentials')
      .select('sealed')
      .where('workspace_id', '=', workspaceId)
      .where('owner_type', '=', owner.type)
      .where('owner_id', '=', owner.id)
      .where('field', '=', owner.field)
      .executeTakeFirst()
    return row?.sealed
  },
  async deleteAllOf(workspaceId, type, id) {
    await db
      .deleteFrom('credentials')
      .where('workspace_id', '=', workspaceId)
      .where('owner_type', '=', type)
      .where('owner_id', '=', id)
      .execute()
  },
})
