import { type Kysely, type Selectable, sql } from 'kysely'
import type { StoreOperations, WrappedDataKey } from '../store.js'
import type { Database } from './schema.js'

const wrappedColumns = ['id', 'key_scope', 'kek_id', 'wrapped'] as const
const toWrappedDataKey = (
  row: Pick<Selectable<Database['data_keys']>, (typeof wrappedColumns)[number]>,
): WrappedDataKey => ({
  id: row.id,
  keyScope: row.key_scope,
  kekId: row.kek_id,
  wrapped: row.wrapped,
})

export const keys = (db: Kysely<Database>): StoreOperations['keys'] => ({
  async listKeyEncryptionKeys() {
    return db
      .selectFrom('key_encryption_keys')
      .select(['id', 'fingerprint', 'active'])
      .orderBy('id')
      .execute()
  },
  async registerKeyEncryptionKey(record) {
    await db
      .insertInto('key_encryption_keys')
      .values(record)
      .onConflict((c) => c.doNothing())
      .execute()
  },
  async listDataKeys(keyScope) {
    const rows = await db
      .selectFrom('data_keys')
      .select(wrappedColumns)
      .where('key_scope', '=', keyScope)
      .orderBy('id', 'desc')
      .execute()
    return rows.map(toWrappedDataKey)
  },
  async insertFirstDataKey(key) {
    await db
      .insertInto('data_keys')
      .values({
        id: key.id,
        key_scope: key.keyScope,
        kek_id: key.kekId,
        wrapped: key.wrapped,
        first_of_scope: true,
      })
      .onConflict((c) => c.doNothing())
      .execute()
  },
  async listDataKeysNotWrappedBy(kekId) {
    const rows = await db
      .selectFrom('data_keys')
      .select(wrappedColumns)
      .where('kek_id', '!=', kekId)
      .execute()
    return rows.map(toWrappedDataKey)
  },
  async rewrapDataKey(from, to) {
    const { numUpdatedRows } = await db
      .updateTable('data_keys')
      .set({ kek_id: to.kekId, wrapped: to.wrapped })
      .where('id', '=', from.id)
      .where('kek_id', '=', from.kekId)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  },
  async promoteKeyEncryptionKey(id) {
    // One statement for both sides would trip over the index that allows one active key; the order below does not.
    await db.updateTable('key_encryption_keys').set({ active: false }).where('id', '!=', id).execute()
    await db.updateTable('key_encryption_keys').set({ active: true }).where('id', '=', id).execute()
  },
  async retireAllBut(id) {
    try {
      await db.deleteFrom('key_encryption_keys').where('id', '!=', id).execute()
      return true
    } catch (error) {
      // foreign_key_violation: a data key still needs one of them
      if (error instanceof Error && 'code' in error && error.code === '23503') return false
      throw error
    }
  },
  async reportHolder(processId, kekIds) {
    const row = { process_id: processId, kek_ids: kekIds, seen_at: sql<Date>`clock_timestamp()` }
    await db
      .insertInto('key_holders')
      .values(row)
      .onConflict((conflict) => conflict.column('process_id').doUpdateSet(row))
      .execute()
  },
  async withdrawHolder(processId) {
    await db.deleteFrom('key_holders').where('process_id', '=', processId).execute()
  },
  async listHolders(withinSeconds) {
    const rows = await db
      .selectFrom('key_holders')
      .select(['process_id', 'kek_ids'])
      .where('seen_at', '>', sql<Date>`clock_timestamp() - make_interval(secs => ${withinSeconds})`)
      .orderBy('process_id')
      .execute()
    return rows.map((row) => ({ processId: row.process_id, kekIds: row.kek_ids }))
  },
})
