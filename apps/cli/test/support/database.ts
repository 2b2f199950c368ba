import { randomBytes } from 'node:crypto'
import pg from 'pg'

/** An empty database on a PostgreSQL that is not ours to start or stop. @param serverUrl role that may create databases */
export async function createDatabase(serverUrl: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `cli_${randomBytes(8).toString('hex')}`
  const query = async (text: string) => {
    const server = new pg.Client({ connectionString: serverUrl })
    await server.connect()
    await server.query(text)
    await server.end()
  }
  await query(`create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => query(`drop database if exists ${name} with (force)`) }
}
