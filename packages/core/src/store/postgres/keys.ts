import type { Kysely } from 'kysely'
import type { StoreOperations } from '../store.js'
import type { Database } from './schema.js'

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
      .select(['id', 'key_scope', 'kek_id', 'wrapped'])
      .where('key_scope', '=', keyScope)
      .orderBy('id', 'desc')
      .execute()
    return rows.map((row) => ({
      id: row.id,
      keyScope: row.key_scope,
      kekId: row.kek_id,
      wrapped: row.wrapped,
    }))
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
})
