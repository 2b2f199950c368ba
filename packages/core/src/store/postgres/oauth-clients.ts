import type { Kysely } from 'kysely'
import type { StoreOperations } from '../store.js'
import { toOAuthClient } from './rows.js'
import type { Database } from './schema.js'

export const oauthClients = (db: Kysely<Database>): StoreOperations['oauthClients'] => ({
  async insert(client) {
    await db
      .insertInto('oauth_clients')
      .values({
        id: client.id,
        workspace_id: client.workspaceId,
        platform: client.platform,
        source: client.source,
        way: client.way,
        server: client.server,
        redirect_uri: client.redirectUri,
        scopes: client.scopes,
        client_id: client.clientId,
        endpoints: JSON.stringify(client.endpoints),
        retired: false,
        created_at: client.createdAt,
      })
      .execute()
  },
  async get(workspaceId, id) {
    const row = await db
      .selectFrom('oauth_clients')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .executeTakeFirst()
    return row && toOAuthClient(row)
  },
  async list(workspaceId, { platform, way, source, server }) {
    const rows = await db
      .selectFrom('oauth_clients')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('platform', '=', platform)
      .where('way', 'is not distinct from', way)
      .where('source', '=', source)
      .where('server', '=', server)
      .where('retired', '=', false)
      .orderBy('id', 'desc')
      .execute()
    return rows.map(toOAuthClient)
  },
  async find(id) {
    const row = await db.selectFrom('oauth_clients').selectAll().where('id', '=', id).executeTakeFirst()
    return row && toOAuthClient(row)
  },
  async listOwn(workspaceId) {
    const rows = await db
      .selectFrom('oauth_clients')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('source', '=', 'workspace')
      .where('retired', '=', false)
      .orderBy('id')
      .execute()
    return rows.map(toOAuthClient)
  },
  async retire(workspaceId, id) {
    await db
      .updateTable('oauth_clients')
      .set({ retired: true })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .execute()
  },
})
