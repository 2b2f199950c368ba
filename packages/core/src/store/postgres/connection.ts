import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { PostMcpError } from '../../model/errors.js'
import type { Database } from './schema.js'

/** Sessions say who they are, so that whoever would stop an embedded server sees that others use it. */
const applicationName = 'postmcp'

/** Codes with which PostgreSQL or the network says that there is no talking to it at present. */
const unavailableCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '25P03', // idle_in_transaction_session_timeout
  '53300', // too_many_connections
  '08000',
  '08001',
  '08003',
  '08004',
  '08006',
  '28P01', // invalid_password
  '28000', // invalid_authorization_specification
  '3D000', // invalid_catalog_name: no such database
])

const messagesOfLostConnections =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after calling end/

/** The error as `database_unavailable` if that is what it is; else as it came. Never holds the connection string. */
export function asStoreError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof PostMcpError) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code === '22021' || code === '22P05') {
    return new PostMcpError('invalid_request', 'The request holds a character that cannot be stored (NUL).')
  }
  const members = error instanceof AggregateError ? error.errors : []
  const lost = [error, ...members].some(
    (each) => messagesOfLostConnections.test(each.message) || unavailableCodes.has(String(each.code ?? '')),
  )
  if (!unavailableCodes.has(code) && !lost) return error
  return new PostMcpError(
    'database_unavailable',
    `The database does not answer${code ? ` (${code})` : ''}.`,
    { cause: error },
  )
}

export interface PostgresConnection {
  db: Kysely<Database>
  pool: pg.Pool
}

/**
 * A small pool of connections, made as they are needed.
 * @param maxConnections default 4
 */
export function openConnection(connectionString: string, maxConnections = 4): PostgresConnection {
  const pool = new pg.Pool({
    connectionString,
    max: maxConnections,
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    // A process that is stopped in the midst of a transaction must not hold its locks against all others.
    idle_in_transaction_session_timeout: 30_000,
  })
  // The same for a connection that dies between two statements of a transaction: the next statement fails.
  pool.on('connect', (client) => client.on('error', () => {}))
  // A connection that dies while idle is replaced on next use; without a listener it would end the process.
  pool.on('error', () => {})
  return { db: new Kysely<Database>({ dialect: new PostgresDialect({ pool }) }), pool }
}
