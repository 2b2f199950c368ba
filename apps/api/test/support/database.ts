import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string
  }
}

/** An empty database that the product sets up itself, with a way past the product to look at it. */
export interface Database {
  url: string
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>
  /** A session of its own, for locks. */
  connect(): Promise<pg.Client>
  /** How many rows each of the product's tables holds. */
  countRows(): Promise<Record<string, number>>
  drop(): Promise<void>
}

/** On the PostgreSQL of this test run. */
export async function createDatabase(): Promise<Database> {
  const serverUrl = inject('postgresUrl')
  const name = `e2e_${randomBytes(8).toString('hex')}`
  await asOwner(serverUrl, `create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const database = openDatabase(url.href)
  return {
    ...database,
    async drop() {
      await database.drop()
      await asOwner(serverUrl, `drop database if exists ${name} with (force)`)
    },
  }
}

/** A look at a database that is somebody else's; `drop` only ends the look. */
export function openDatabase(url: string): Database {
  const pool = new pg.Pool({ connectionString: url, max: 2, application_name: 'test' })
  pool.on('error', () => {})
  const query = async <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) =>
    (await pool.query<Row>(text, values)).rows
  return {
    url,
    query,
    async connect() {
      const client = new pg.Client({ connectionString: url })
      client.on('error', () => {})
      await client.connect()
      return client
    },
    async countRows() {
      const tables = await query<{ name: string }>(
        `select table_name as name from information_schema.tables
         where table_schema = 'public' and table_name not like 'kysely%' order by 1`,
      )
      const counts: Record<string, number> = {}
      for (const { name } of tables) {
        const [row] = await query<{ n: number }>(`select count(*)::int as n from "${name}"`)
        counts[name] = row?.n ?? 0
      }
      return counts
    },
    drop: () => pool.end(),
  }
}

async function asOwner(serverUrl: string, statement: string) {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
