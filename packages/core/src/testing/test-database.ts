import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type Logger, silentLogger } from '../model/ambient.js'
import { openPostgresStore } from '../store/postgres/index.js'
import type { Store } from '../store/store.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Role that may create databases on the PostgreSQL of this test run. */
    postgresUrl: string
  }
}

/** A database of one test file: a copy of a template that was migrated once, so that it costs little. */
export interface TestDatabase {
  connectionString: string
  /** Runs SQL past the store: to see what is really there, and to do what only an operator or the time would do. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>
  /** A store on it, closed with it. Several of them stand for several processes. */
  openStore(options?: { logger?: Logger; maxConnections?: number }): Promise<Store>
  /** One store for all who need none of their own. */
  sharedStore(): Promise<Store>
  /** Closes all stores and removes the database. */
  drop(): Promise<void>
}

/** Any number; whoever makes or copies the template holds it. */
const templateLock = 7_130_400_117

/** @param serverUrl role that may create databases; in a test `inject('postgresUrl')` */
export async function createTestDatabase(serverUrl: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`
  const template = `template_${await digestOfSchema()}`
  const server = new pg.Client({ connectionString: serverUrl })
  await server.connect()
  try {
    await server.query('select pg_advisory_lock($1)', [templateLock])
    const found = await server.query('select 1 from pg_database where datname = $1', [template])
    if (found.rowCount === 0) await makeTemplate(server, serverUrl, template)
    await server.query(`create database ${name} template ${template}`)
  } finally {
    await server.end() // ends the lock too
  }

  const connectionString = withDatabase(serverUrl, name)
  const pool = new pg.Pool({ connectionString, max: 2 })
  pool.on('error', () => {})
  const stores: Store[] = []
  let shared: Promise<Store> | undefined
  const openStore: TestDatabase['openStore'] = async (options = {}) => {
    const store = await openPostgresStore({ connectionString, logger: silentLogger, ...options })
    stores.push(store)
    return store
  }
  return {
    connectionString,
    openStore,
    sharedStore() {
      shared ??= openStore({ maxConnections: 8 })
      return shared
    },
    async query(text, values) {
      return (await pool.query(text, values)).rows
    },
    async drop() {
      await Promise.allSettled(stores.map((store) => store.close()))
      await pool.end()
      await dropDatabase(serverUrl, name)
    },
  }
}

/** An empty database, for tests of migrations themselves. */
export async function createEmptyDatabase(
  serverUrl: string,
): Promise<{ connectionString: string; drop(): Promise<void> }> {
  const name = `empty_${randomBytes(8).toString('hex')}`
  const server = new pg.Client({ connectionString: serverUrl })
  await server.connect()
  await server.query(`create database ${name}`)
  await server.end()
  return { connectionString: withDatabase(serverUrl, name), drop: () => dropDatabase(serverUrl, name) }
}

async function makeTemplate(server: pg.Client, serverUrl: string, template: string): Promise<void> {
  const draft = `${template}_draft`
  await server.query(`drop database if exists ${draft} with (force)`)
  await server.query(`create database ${draft}`)
  const connectionString = withDatabase(serverUrl, draft)
  await (await openPostgresStore({ connectionString, logger: silentLogger })).close()
  await server.query(`alter database ${draft} rename to ${template}`)
}

async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  const server = new pg.Client({ connectionString: serverUrl })
  await server.connect()
  await server.query(`drop database if exists ${name} with (force)`)
  await server.end()
}

function withDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

/** Changes with all that decides how a fresh database looks, so that no stale template is copied on a server that stays. */
async function digestOfSchema(): Promise<string> {
  const folder = fileURLToPath(new URL('../store/postgres/migrations/', import.meta.url))
  const files = [...(await readdir(folder)).sort().map((file) => `${folder}${file}`), `${folder}../jobs.ts`]
  const hash = createHash('sha256')
  for (const file of files) hash.update(await readFile(file))
  return hash.digest('hex').slice(0, 16)
}
