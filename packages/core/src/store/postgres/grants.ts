import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { GrantId, WorkspaceId } from '../../model/ids.js'
import type { StoreOperations } from '../store.js'
import { fromHealth, toGrant } from './rows.js'
import type { Database } from './schema.js'

/** Leases are measured by the database's clock: the machines that compete for them may disagree about the time. */
const inSeconds = (seconds: number) => sql<Date>`clock_timestamp() + make_interval(secs => ${seconds})`

const noRefresh = {
  refresh_lease_owner: null,
  refresh_lease_until: null,
  refresh_fingerprint: null,
  refresh_sent_at: null,
}

export function grants(db: Kysely<Database>): StoreOperations['grants'] {
  const update = (workspaceId: WorkspaceId, id: GrantId) =>
    db.updateTable('grants').where('workspace_id', '=', workspaceId).where('id', '=', id)
  return {
    async insert(grant) {
      await db
        .insertInto('grants')
        .values({
          id: grant.id,
          workspace_id: grant.workspaceId,
          platform: grant.platform,
          auth_method: grant.authMethod,
          way: grant.way,
          client: grant.client && JSON.stringify(grant.client),
          subject: grant.subject,
          settings: JSON.stringify(grant.settings),
          granted_scopes: grant.grantedScopes,
          version: grant.version,
          access_token_expires_at: grant.accessTokenExpiresAt,
          refresh_token_expires_at: grant.refreshTokenExpiresAt,
          refresh_at: grant.refreshAt,
          ends_at: grant.endsAt,
          authorized_at: grant.authorizedAt,
          ...fromHealth(grant.health),
        })
        .execute()
    },
    async get(workspaceId, id) {
      const row = await db
        .selectFrom('grants')
        .selectAll()
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .executeTakeFirst()
      return row && toGrant(row)
    },
    async findBySubject(workspaceId, { platform, way, subject }) {
      const row = await db
        .selectFrom('grants')
        .selectAll()
        .where('workspace_id', '=', workspaceId)
        .where('platform', '=', platform)
        .where('way', 'is not distinct from', way)
        .where('subject', '=', subject)
        .where('status', '!=', 'disconnected')
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row && toGrant(row)
    },
    async isSubjectInUse(platform, subject, client, exceptFor) {
      const elsewhere = (id: RawBuilder<string | null>) =>
        sql<string | null>`(select id from oauth_clients where id = ${id} and endpoints <> '{}')`
      const row = await db
        .selectFrom('grants')
        .select('id')
        .where('platform', '=', platform)
        .where('subject', '=', subject)
        .where('status', '!=', 'disconnected')
        .where(sql`client ->> 'clientId'`, 'is not distinct from', client?.clientId ?? null)
        .where(
          elsewhere(sql`client ->> 'oauthClientId'`),
          'is not distinct from',
          elsewhere(sql`${client?.oauthClientId ?? null}`),
        )
        .$if(exceptFor !== null, (query) => query.where('id', '!=', exceptFor))
        .limit(1)
        .executeTakeFirst()
      return row !== undefined
    },
    async takeEnding(now, withinDays, limit) {
      const before = new Date(now.getTime() + withinDays * 86_400_000)
      const rows = await db
        .with('ending', (with_) =>
          with_
            .selectFrom('grants')
            .select(['workspace_id', 'id'])
            .where('status', '=', 'active')
            .where('ends_at', '<=', before)
            .where((eb) => eb.or([eb('warned_days', 'is', null), eb('warned_days', '>', withinDays)]))
            .orderBy('ends_at')
            .limit(limit)
            .forUpdate()
            .skipLocked(),
        )
        .updateTable('grants')
        .from('ending')
        .set({ warned_days: withinDays })
        .whereRef('grants.workspace_id', '=', 'ending.workspace_id')
        .whereRef('grants.id', '=', 'ending.id')
        .returningAll('grants')
        .execute()
      return rows.map(toGrant)
    },
    async listBySubject(platform, subject) {
      const rows = await db
        .selectFrom('grants')
        .selectAll()
        .where('platform', '=', platform)
        .where('subject', '=', subject)
        .where('status', '!=', 'disconnected')
        .orderBy('id')
        .execute()
      return rows.map(toGrant)
    },
    async lockSubject(platform, subject) {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`grant ${platform} ${subject}`}, 0))`.execute(
        db,
      )
    },
    async end(workspaceId, id, health) {
      await update(workspaceId, id)
        .set((eb) => ({
          version: eb('version', '+', 1),
          refresh_at: null,
          ...noRefresh,
          ...fromHealth(health),
        }))
        .execute()
    },
    async replaceAuthorization(workspaceId, id, authorization) {
      await update(workspaceId, id)
        .set((eb) => ({
          client: authorization.client && JSON.stringify(authorization.client),
          auth_method: authorization.authMethod,
          settings: JSON.stringify(authorization.settings),
          granted_scopes: authorization.grantedScopes,
          access_token_expires_at: authorization.accessTokenExpiresAt,
          refresh_token_expires_at: authorization.refreshTokenExpiresAt,
          refresh_at: authorization.refreshAt,
          ends_at: authorization.endsAt,
          authorized_at: authorization.authorizedAt,
          warned_days: null,
          version: eb('version', '+', 1),
          ...noRefresh,
          ...fromHealth(authorization.health),
        }))
        .execute()
    },
    async acquireRefreshLease(workspaceId, id, { owner, seconds, expectedVersion }) {
      const { numUpdatedRows } = await update(workspaceId, id)
        .set({ refresh_lease_owner: owner, refresh_lease_until: inSeconds(seconds) })
        .where('version', '=', expectedVersion)
        .where((eb) =>
          eb.or([
            eb('refresh_lease_until', 'is', null),
            eb('refresh_lease_until', '<', sql<Date>`clock_timestamp()`),
          ]),
        )
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
    async renewRefreshLease(workspaceId, id, { owner, seconds }) {
      const { numUpdatedRows } = await update(workspaceId, id)
        .set({ refresh_lease_until: inSeconds(seconds) })
        .where('refresh_lease_owner', '=', owner)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
    async releaseRefreshLease(workspaceId, id, owner) {
      await update(workspaceId, id)
        .set({ refresh_lease_owner: null, refresh_lease_until: null })
        .where('refresh_lease_owner', '=', owner)
        .execute()
    },
    async setRefreshMarker(workspaceId, id, owner, marker) {
      const { numUpdatedRows } = await update(workspaceId, id)
        .set({ refresh_fingerprint: marker?.fingerprint ?? null, refresh_sent_at: marker?.sentAt ?? null })
        .where('refresh_lease_owner', '=', owner)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
    async saveRefreshed(
      workspaceId,
      id,
      {
        expectedVersion,
        accessTokenExpiresAt,
        refreshTokenExpiresAt,
        refreshAt,
        endsAt,
        grantedScopes,
        settings,
      },
    ) {
      const { numUpdatedRows } = await update(workspaceId, id)
        .set((eb) => ({
          version: eb('version', '+', 1),
          access_token_expires_at: accessTokenExpiresAt,
          refresh_token_expires_at: refreshTokenExpiresAt,
          refresh_at: refreshAt,
          ends_at: endsAt,
          granted_scopes: grantedScopes,
          settings: JSON.stringify(settings),
          ...noRefresh,
        }))
        .where('version', '=', expectedVersion)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
    async updateSettings(workspaceId, id, expectedVersion, settings) {
      const { numUpdatedRows } = await update(workspaceId, id)
        .set({ settings: JSON.stringify(settings) })
        .where('version', '=', expectedVersion)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
    async recordHealth(workspaceId, id, expectedVersion, health) {
      const { numUpdatedRows } = await update(workspaceId, id)
        .set(fromHealth(health))
        .where('version', '=', expectedVersion)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
    async takeDue(now, againInSeconds, limit) {
      const rows = await db
        .with('due', (with_) =>
          with_
            .selectFrom('grants')
            .select(['workspace_id', 'id'])
            .where('status', '=', 'active')
            .where('refresh_at', '<=', now)
            .orderBy('refresh_at')
            .limit(limit)
            .forUpdate()
            .skipLocked(),
        )
        .updateTable('grants')
        .from('due')
        .set({ refresh_at: new Date(now.getTime() + againInSeconds * 1000) })
        .whereRef('grants.workspace_id', '=', 'due.workspace_id')
        .whereRef('grants.id', '=', 'due.id')
        .returning(['grants.workspace_id', 'grants.id'])
        .execute()
      return rows.map((row) => ({ workspaceId: row.workspace_id, grantId: row.id }))
    },
  }
}
