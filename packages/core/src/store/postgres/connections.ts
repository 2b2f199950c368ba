import type { Kysely } from 'kysely'
import type { StoreOperations } from '../store.js'
import { toConnection } from './rows.js'
import type { Database } from './schema.js'

export const connections = (db: Kysely<Database>): StoreOperations['connections'] => ({
  async insert(connection) {
    await db
      .insertInto('connections')
      .values({
        id: connection.id,
        workspace_id: connection.workspaceId,
        platform: connection.platform,
        state: connection.state,
        actor: connection.actor,
        reconnect_account_id: connection.reconnectAccountId,
        targets: JSON.stringify(connection.targets),
        account_ids: connection.accountIds,
        failure_reason: connection.failureReason,
        expires_at: connection.expiresAt,
        created_at: connection.createdAt,
      })
      .execute()
  },
  async get(workspaceId, id) {
    const row = await db
      .selectFrom('connections')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .executeTakeFirst()
    return row && toConnection(row)
  },
  async advance(workspaceId, id, from, update) {
    const { numUpdatedRows } = await db
      .updateTable('connections')
      .set({
        state: update.state,
        ...(update.targets !== undefined && { targets: JSON.stringify(update.targets) }),
        ...(update.accountIds !== undefined && { account_ids: update.accountIds }),
        ...(update.failureReason !== undefined && { failure_reason: update.failureReason }),
      })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .where('state', 'in', from)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  },
})
