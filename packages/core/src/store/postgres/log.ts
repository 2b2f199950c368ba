import type { Kysely } from 'kysely'
import { newId } from '../../model/ids.js'
import type { StoreOperations } from '../store.js'
import type { Database } from './schema.js'

export const audit = (db: Kysely<Database>): StoreOperations['audit'] => ({
  async add(entry, at) {
    await db
      .insertInto('audit_log')
      .values({
        workspace_id: entry.workspaceId,
        actor: entry.actor,
        action: entry.action,
        subject_id: entry.subjectId,
        details: JSON.stringify(entry.details),
        at,
      })
      .execute()
  },
})

export const events = (db: Kysely<Database>): StoreOperations['events'] => ({
  async add(workspaceId, type, payload, at) {
    await db
      .insertInto('events')
      .values({
        id: newId('event', at),
        workspace_id: workspaceId,
        type,
        payload: JSON.stringify(payload),
        at,
      })
      .execute()
  },
})
