import { type Kysely, sql } from 'kysely'
import type { StoreOperations } from '../store.js'
import { fromHealth, toAccount, toHealth } from './rows.js'
import type { Database } from './schema.js'

export const accounts = (db: Kysely<Database>): StoreOperations['accounts'] => ({
  async insert(account) {
    await db
      .insertInto('accounts')
      .values({
        id: account.id,
        workspace_id: account.workspaceId,
        platform: account.platform,
        target_id: account.targetId,
        grant_id: account.grantId,
        kind: account.kind,
        settings: JSON.stringify(account.settings),
        handle: account.handle,
        display_name: account.displayName,
        avatar_url: account.avatarUrl,
        profile_url: account.profileUrl,
        checked_at: account.checkedAt,
        last_used_at: account.lastUsedAt,
        created_at: account.createdAt,
        ...fromHealth(account.health),
      })
      .execute()
  },
  async get(workspaceId, id) {
    const row = await db
      .selectFrom('accounts')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .executeTakeFirst()
    return row && toAccount(row)
  },
  async listByTargets(workspaceId, platform, targetIds) {
    if (targetIds.length === 0) return []
    const rows = await db
      .selectFrom('accounts')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('platform', '=', platform)
      .where('target_id', 'in', targetIds)
      .execute()
    return rows.map(toAccount)
  },
  async findByTarget(workspaceId, platform, targetId) {
    const row = await db
      .selectFrom('accounts')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('platform', '=', platform)
      .where('target_id', '=', targetId)
      .executeTakeFirst()
    return row && toAccount(row)
  },
  async list(workspaceId, page) {
    let query = db.selectFrom('accounts').selectAll().where('workspace_id', '=', workspaceId)
    if (page.after !== undefined) query = query.where('id', '<', page.after as `acct_${string}`)
    const rows = await query.orderBy('id', 'desc').limit(page.limit).execute()
    return rows.map(toAccount)
  },
  async listByGrant(workspaceId, grantId) {
    const rows = await db
      .selectFrom('accounts')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('grant_id', '=', grantId)
      .orderBy('id')
      .execute()
    return rows.map(toAccount)
  },
  async countConnected(workspaceId) {
    const row = await db
      .selectFrom('accounts')
      .select((eb) => eb.fn.countAll<string>().as('count'))
      .where('workspace_id', '=', workspaceId)
      .where('status', '!=', 'disconnected')
      .executeTakeFirstOrThrow()
    return Number(row.count)
  },
  async update(workspaceId, id, update) {
    await db
      .updateTable('accounts')
      .set({
        ...(update.kind !== undefined && { kind: update.kind }),
        ...(update.settings !== undefined && { settings: JSON.stringify(update.settings) }),
        ...(update.handle !== undefined && { handle: update.handle }),
        ...(update.displayName !== undefined && { display_name: update.displayName }),
        ...(update.avatarUrl !== undefined && { avatar_url: update.avatarUrl }),
        ...(update.profileUrl !== undefined && { profile_url: update.profileUrl }),
        ...(update.checkedAt !== undefined && { checked_at: update.checkedAt }),
        ...(update.lastUsedAt !== undefined && { last_used_at: update.lastUsedAt }),
      })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .execute()
  },
  async takeUnverified(now, limit) {
    const rows = await db
      .with('due', (with_) =>
        with_
          .selectFrom('accounts')
          .select(['workspace_id', 'id'])
          .where('status', '!=', 'disconnected')
          .where('verify_at', '<=', now)
          .orderBy('verify_at')
          .limit(limit)
          .forUpdate()
          .skipLocked(),
      )
      .updateTable('accounts')
      .from('due')
      .set({
        verify_at: sql<Date>`${now}::timestamptz + interval '1 day' * (0.9 + random() / 5)`,
      })
      .whereRef('accounts.workspace_id', '=', 'due.workspace_id')
      .whereRef('accounts.id', '=', 'due.id')
      .returningAll('accounts')
      .execute()
    return rows.map(toAccount)
  },
  async attach(workspaceId, id, grantId, health) {
    await db
      .updateTable('accounts')
      .set({ grant_id: grantId, ...fromHealth(health) })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .execute()
  },
  async recordHealth(workspaceId, id, grant, health) {
    const { numUpdatedRows } = await db
      .updateTable('accounts')
      .set(fromHealth(health))
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .where((eb) =>
        eb.exists(
          eb
            .selectFrom('grants')
            .select('grants.id')
            .whereRef('grants.workspace_id', '=', 'accounts.workspace_id')
            .whereRef('grants.id', '=', 'accounts.grant_id')
            .where('grants.id', '=', grant.id)
            .where('grants.version', '=', grant.version),
        ),
      )
      .executeTakeFirst()
    return numUpdatedRows > 0n
  },
  async addHistory(workspaceId, id, health) {
    await db
      .insertInto('account_status_history')
      .values({ workspace_id: workspaceId, account_id: id, ...fromHealth(health) })
      .execute()
  },
  async listHistory(workspaceId, id, limit) {
    const rows = await db
      .selectFrom('account_status_history')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('account_id', '=', id)
      .orderBy('id', 'desc')
      .limit(limit)
      .execute()
    return rows.map(toHealth)
  },
})
