import { type Kysely, sql } from 'kysely'
import type { StoreOperations } from '../store.js'
import type { Database } from './schema.js'

export const idempotency = (db: Kysely<Database>): StoreOperations['idempotency'] => ({
  async claim(workspaceId, key, { verb, fingerprint, owner, seconds }) {
    const claimedUntil = sql<Date>`clock_timestamp() + make_interval(secs => ${seconds})`
    const mine = await db
      .insertInto('idempotency_keys')
      .values({
        workspace_id: workspaceId,
        key,
        verb,
        fingerprint,
        owner,
        claimed_until: claimedUntil,
        result_id: null,
      })
      .onConflict((conflict) =>
        conflict
          .columns(['workspace_id', 'key'])
          .doUpdateSet({ owner, claimed_until: claimedUntil })
          // An abandoned claim of the same request, and only that, is taken over.
          .where('idempotency_keys.result_id', 'is', null)
          .where('idempotency_keys.claimed_until', '<', sql<Date>`clock_timestamp()`)
          .where('idempotency_keys.verb', '=', verb)
          .where('idempotency_keys.fingerprint', '=', fingerprint),
      )
      .returning('owner')
      .executeTakeFirst()
    if (mine) return { state: 'claimed' }
    const row = await db
      .selectFrom('idempotency_keys')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('key', '=', key)
      .executeTakeFirst()
    if (!row) return { state: 'running' } // released between the two statements: the caller tries again
    if (row.verb !== verb || row.fingerprint !== fingerprint) return { state: 'mismatch' }
    return row.result_id === null ? { state: 'running' } : { state: 'done', resultId: row.result_id }
  },
  async complete(workspaceId, key, owner, resultId) {
    const { numUpdatedRows } = await db
      .updateTable('idempotency_keys')
      .set({ result_id: resultId })
      .where('workspace_id', '=', workspaceId)
      .where('key', '=', key)
      .where('owner', '=', owner)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  },
  async release(workspaceId, key, owner) {
    await db
      .deleteFrom('idempotency_keys')
      .where('workspace_id', '=', workspaceId)
      .where('key', '=', key)
      .where('owner', '=', owner)
      .where('result_id', 'is', null)
      .execute()
  },
  async deleteOlderThan(instant) {
    await db.deleteFrom('idempotency_keys').where('created_at', '<', instant).execute()
  },
})
