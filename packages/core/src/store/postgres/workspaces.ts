import type { Kysely } from 'kysely'
import type { StoreOperations } from '../store.js'
import { toApiKey, toWorkspace } from './rows.js'
import type { Database } from './schema.js'

export const workspaces = (db: Kysely<Database>): StoreOperations['workspaces'] => ({
  async insert(workspace) {
    await db
      .insertInto('workspaces')
      .values({
        id: workspace.id,
        name: workspace.name,
        mode: workspace.mode,
        max_accounts: workspace.maxAccounts,
        plan: workspace.plan,
        created_at: workspace.createdAt,
      })
      .execute()
  },
  async get(id) {
    const row = await db.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirst()
    return row && toWorkspace(row)
  },
  async first(mode) {
    const row = await db
      .selectFrom('workspaces')
      .selectAll()
      .where('mode', '=', mode)
      .orderBy('id')
      .limit(1)
      .executeTakeFirst()
    return row && toWorkspace(row)
  },
  async lock(id) {
    const row = await db
      .selectFrom('workspaces')
      .selectAll()
      .where('id', '=', id)
      // Not FOR UPDATE: every insert into a tenant table holds its workspace with KEY SHARE and must not wait here.
      .forNoKeyUpdate()
      .executeTakeFirst()
    return row && toWorkspace(row)
  },
})

export const apiKeys = (db: Kysely<Database>): StoreOperations['apiKeys'] => ({
  async insert(key, hash) {
    await db
      .insertInto('api_keys')
      .values({
        id: key.id,
        workspace_id: key.workspaceId,
        name: key.name,
        hint: key.hint,
        hash,
        created_at: key.createdAt,
        revoked_at: key.revokedAt,
      })
      .execute()
  },
  async findByHash(hash) {
    const row = await db
      .selectFrom('api_keys')
      .selectAll()
      .where('hash', '=', hash)
      .where('revoked_at', 'is', null)
      .executeTakeFirst()
    return row && toApiKey(row)
  },
  async list(workspaceId) {
    const rows = await db
      .selectFrom('api_keys')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .orderBy('id')
      .execute()
    return rows.map(toApiKey)
  },
  async revoke(workspaceId, id, at) {
    const { numUpdatedRows } = await db
      .updateTable('api_keys')
      .set({ revoked_at: at })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  },
})
