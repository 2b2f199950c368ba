import type { Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { PostMcpError } from '../../model/errors.js'
import { asStoreError } from './connection.js'
import { spine } from './migrations/0001-spine.js'
import { oauth } from './migrations/0002-oauth.js'
import { ways } from './migrations/0003-ways.js'
import { media } from './migrations/0004-media.js'
import { publish } from './migrations/0005-publish.js'
import { sandbox } from './migrations/0006-sandbox.js'
import { lists } from './migrations/0007-lists.js'
import type { Database } from './schema.js'

/** Never edited after a release; a change is a new one. */
const migrations: Record<string, Migration> = {
  '0001-spine': spine,
  '0002-oauth': oauth,
  '0003-ways': ways,
  '0004-media': media,
  '0005-publish': publish,
  '0006-sandbox': sandbox,
  '0007-lists': lists,
}

/**
 * Brings the schema up to date, under Kysely's lock: processes that start together wait for the first.
 * @throws PostMcpError `config_invalid` when the database was migrated by a newer version; `database_unavailable`.
 */
export async function migrate(db: Kysely<Database>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  if (error === undefined) return
  const known = asStoreError(error)
  if (known instanceof PostMcpError) throw known
  const message = error instanceof Error ? error.message : String(error)
  throw new PostMcpError('config_invalid', `The database could not be brought up to date: ${message}`, {
    cause: error,
    nextAction: 'Use the newest version of PostMCP with this database, or a database of its own.',
  })
}
