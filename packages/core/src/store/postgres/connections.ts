import type { Kysely } from 'kysely'
import type { StoreOperations } from '../store.js'
import { toConnection } from './rows.js'
import type { Database } from './schema.js'

export function connections(db: Kysely<Database>): StoreOperations['connections'] {
  const findBy = async (column: 'state_hash' | 'start_hash' | 'csrf_hash', hash: Buffer) => {
    const row = await db.selectFrom('connections').selectAll().where(column, '=', hash).executeTakeFirst()
    return row && toConnection(row)
  }
  return {
    async insert(connection) {
      await db
        .insertInto('connections')
        .values({
          id: connection.id,
          workspace_id: connection.workspaceId,
          platform: connection.platform,
          state: connection.state,
          actor: connection.actor,
          method: connection.method,
          way: connection.way,
          oauth: connection.oauth && JSON.stringify(connection.oauth),
          reconnect_account_id: connection.reconnectAccountId,
          grant_id: connection.grantId,
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
          ...(update.expiresAt !== undefined && { expires_at: update.expiresAt }),
          ...(update.csrfHash !== undefined && { csrf_hash: update.csrfHash }),
          ...(update.giveBackAt !== undefined && { give_back_at: update.giveBackAt }),
        })
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .where('state', 'in', from)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
    async openForBrowser(workspaceId, id, { oauth, way, stateHash, startHash }) {
      const { numUpdatedRows } = await db
        .updateTable('connections')
        .set({ oauth: JSON.stringify(oauth), way, state_hash: stateHash, start_hash: startHash })
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .where('state', '=', 'pending')
        .where('consumed_at', 'is', null)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
    findByState: (hash) => findBy('state_hash', hash),
    findByStart: (hash) => findBy('start_hash', hash),
    async consume(stateHash, now) {
      const row = await db
        .updateTable('connections')
        .set({ consumed_at: now })
        .where('state_hash', '=', stateHash)
        .where('state', '=', 'pending')
        .where('consumed_at', 'is', null)
        .where('expires_at', '>', now)
        .returningAll()
        .executeTakeFirst()
      return row && toConnection(row)
    },
    async bind(workspaceId, id, bindingHash) {
      await db
        .updateTable('connections')
        .set({ binding_hash: bindingHash })
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .execute()
    },
    async isBound(workspaceId, id, bindingHash) {
      const row = await db
        .selectFrom('connections')
        .select('id')
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .where('binding_hash', '=', bindingHash)
        .executeTakeFirst()
      return row !== undefined
    },
    findByCsrf: (hash) => findBy('csrf_hash', hash),
    async listStale(now, interruptedBefore, limit) {
      const rows = await db
        .selectFrom('connections')
        .selectAll()
        .where('state', 'in', ['pending', 'awaiting_confirmation', 'selecting_targets'])
        .where((eb) =>
          eb.or([
            eb('expires_at', '<=', now),
            eb.and([eb('state', '=', 'pending'), eb('consumed_at', '<=', interruptedBefore)]),
          ]),
        )
        .orderBy('expires_at')
        .limit(limit)
        .execute()
      return rows.map(toConnection)
    },
    async takeToGiveBack(now, againInSeconds, limit) {
      const rows = await db
        .with('due', (with_) =>
          with_
            .selectFrom('connections')
            .select(['workspace_id', 'id'])
            .where('give_back_at', '<=', now)
            .orderBy('give_back_at')
            .limit(limit)
            .forUpdate()
            .skipLocked(),
        )
        .updateTable('connections')
        .from('due')
        .set({ give_back_at: new Date(now.getTime() + againInSeconds * 1000) })
        .whereRef('connections.workspace_id', '=', 'due.workspace_id')
        .whereRef('connections.id', '=', 'due.id')
        .returningAll('connections')
        .execute()
      return rows.map(toConnection)
    },
    async noteGivenBack(workspaceId, id) {
      await db
        .updateTable('connections')
        .set({ give_back_at: null })
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .execute()
    },
  }
}
