import type pg from 'pg'

/** All tables of all schemas but the system's, by name, as `COPY … TO STDOUT` gives them. */
export async function copyAllTables(client: pg.Client): Promise<Map<string, Buffer>> {
  const tables = await client.query<{ name: string }>(
    `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
     where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
  )
  const copies = new Map<string, Buffer>()
  for (const { name } of tables.rows) copies.set(name, await copyOf(client, name))
  return copies
}

async function copyOf(client: pg.Client, table: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  const { connection } = client as unknown as { connection: NodeJS.EventEmitter }
  const keep = ({ chunk }: { chunk: Buffer }) => chunks.push(Buffer.from(chunk))
  connection.on('copyData', keep)
  await client.query(`copy (select * from ${table}) to stdout`)
  connection.off('copyData', keep)
  return Buffer.concat(chunks)
}
