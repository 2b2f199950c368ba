import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import type { Logger } from '../../model/ambient.js'
import type { Store, StoreOperations } from '../store.js'
import { accounts } from './accounts.js'
import { asStoreError, openConnection } from './connection.js'
import { connections } from './connections.js'
import { credentials } from './credentials.js'
import { grants } from './grants.js'
import { idempotency } from './idempotency.js'
import { inboundEvents } from './inbound-events.js'
import { type Jobs, startJobs } from './jobs.js'
import { keys } from './keys.js'
import { audit, events } from './log.js'
import { media } from './media.js'
import { migrate } from './migrate.js'
import { oauthClients } from './oauth-clients.js'
import { attempts, paces, postGroups, posts } from './posts.js'
import { sandboxPlace } from './sandbox-place.js'
import type { Database } from './schema.js'
import { systemSecrets } from './system-secrets.js'
import { apiKeys, workspaces } from './workspaces.js'

/** Every method of a group with its errors read: a database that does not answer is `database_unavailable`. */
function reading<G extends object>(group: G): G {
  const entries = Object.entries(group).map(([name, method]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await method(...args)
      } catch (error) {
        throw asStoreError(error)
      }
    },
  ])
  return Object.fromEntries(entries) as G
}

const operations = (db: Kysely<Database>, jobs: Jobs): StoreOperations => ({
  workspaces: reading(workspaces(db)),
  apiKeys: reading(apiKeys(db)),
  keys: reading(keys(db)),
  credentials: reading(credentials(db)),
  oauthClients: reading(oauthClients(db)),
  systemSecrets: reading(systemSecrets(db)),
  sandboxPlace: reading(sandboxPlace(db)),
  inboundEvents: reading(inboundEvents(db)),
  grants: reading(grants(db)),
  accounts: reading(accounts(db)),
  connections: reading(connections(db)),
  media: reading(media(db)),
  postGroups: reading(postGroups(db)),
  posts: reading(posts(db)),
  paces: reading(paces(db)),
  attempts: reading(attempts(db)),
  idempotency: reading(idempotency(db)),
  audit: reading(audit(db)),
  events: reading(events(db)),
  jobs: reading(jobs.operations(db)),
})

/** Whether PostgreSQL ended a transaction for the sake of another one: deadlock_detected, serialization_failure. */
const gaveWay = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === '40P01' || error.code === '40001')

/**
 * Opens the database, brings its schema up to date and returns it as a store.
 * @throws PostMcpError `database_unavailable`, or `config_invalid` when the schema is newer than this code.
 */
export async function openPostgresStore(options: {
  connectionString: string
  logger: Logger
  /** Connections kept at most; default 4. */
  maxConnections?: number
}): Promise<Store> {
  const { db, pool } = openConnection(options.connectionString, options.maxConnections)
  try {
    await migrate(db)
    const jobs = await startJobs(db, options.connectionString, options.logger)
    return {
      ...operations(db, jobs),
      async transaction(work) {
        for (let again = 3; ; again--) {
          try {
            return await db.transaction().execute((trx) => work(operations(trx, jobs)))
          } catch (error) {
            if (again === 0 || !gaveWay(error)) throw asStoreError(error)
          }
        }
      },
      async ping() {
        try {
          await sql`select 1`.execute(db)
        } catch (error) {
          throw asStoreError(error)
        }
      },
      async consume(handle) {
        try {
          return await jobs.consume(handle)
        } catch (error) {
          throw asStoreError(error)
        }
      },
      async close() {
        await jobs.close()
        await db.destroy()
      },
    }
  } catch (error) {
    await pool.end()
    throw asStoreError(error)
  }
}
