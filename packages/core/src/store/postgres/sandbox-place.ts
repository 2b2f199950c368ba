import { type Kysely, sql } from 'kysely'
import type { StoreOperations } from '../store.js'
import type { Database } from './schema.js'

const now = sql<Date>`clock_timestamp()`

export const sandboxPlace = (db: Kysely<Database>): StoreOperations['sandboxPlace'] => ({
  async claim({ processId, host, origin, bases }, seconds, instead = processId) {
    const row = {
      process_id: processId,
      host,
      origin,
      bases: JSON.stringify(bases),
      expires_at: sql<Date>`clock_timestamp() + make_interval(secs => ${seconds})`,
    }
    const { numInsertedOrUpdatedRows = 0n } = await db
      .insertInto('sandbox_place')
      .values(row)
      .onConflict((conflict) =>
        conflict
          .column('only_one')
          .doUpdateSet(row)
          .where((is) =>
            is.or([
              is('sandbox_place.process_id', 'in', [processId, instead]),
              is('sandbox_place.expires_at', '<=', now),
            ]),
          ),
      )
      .executeTakeFirst()
    return numInsertedOrUpdatedRows > 0n
  },
  async find() {
    const row = await db
      .selectFrom('sandbox_place')
      .select(['process_id', 'host', 'origin', 'bases'])
      .where('expires_at', '>', now)
      .executeTakeFirst()
    if (!row) return undefined
    const { process_id: processId, host, origin, bases } = row
    return { processId, host, origin, bases }
  },
  async leave(processId) {
    await db.deleteFrom('sandbox_place').where('process_id', '=', processId).execute()
  },
})
