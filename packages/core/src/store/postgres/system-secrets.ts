import type { Kysely } from 'kysely'
import type { StoreOperations } from '../store.js'
import type { Database } from './schema.js'

export const systemSecrets = (db: Kysely<Database>): StoreOperations['systemSecrets'] => ({
  async get(name) {
    const row = await db
      .selectFrom('system_secrets')
      .select('sealed')
      .where('name', '=', name)
      .executeTakeFirst()
    return row?.sealed
  },
  async putFirst(name, sealed) {
    await db
      .insertInto('system_secrets')
      .values({ name, sealed })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  },
})
