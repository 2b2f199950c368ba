import type { Kysely } from 'kysely'
import type { StoreOperations } from '../store.js'
import type { Database } from './schema.js'

export const inboundEvents = (db: Kysely<Database>): StoreOperations['inboundEvents'] => ({
  async isNew(platform, client, eventId, at) {
    const { numInsertedOrUpdatedRows = 0n } = await db
      .insertInto('inbound_events')
      .values({ platform, client, event_id: eventId, received_at: at })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    return numInsertedOrUpdatedRows > 0n
  },
  async forget(platform, client, eventId) {
    await db
      .deleteFrom('inbound_events')
      .where('platform', '=', platform)
      .where('client', '=', client)
      .where('event_id', '=', eventId)
      .execute()
  },
  async deleteOlderThan(instant) {
    await db.deleteFrom('inbound_events').where('received_at', '<', instant).execute()
  },
})
