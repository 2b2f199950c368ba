import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PostMcpError } from '@postmcp/core'
import type pg from 'pg'
import { withFileLock } from '../locks/file-lock.js'
import { type PostgresBinaries, provideBinaries } from './binaries.js'
import { type Cluster, clusterAt, createCluster, readPassword } from './cluster.js'
import { placeCluster, prepareDataDir, rememberPlace } from './cluster-place.js'
import { chooseEndpoint, connectionString } from './endpoint.js'
import { failure, lastLogLines } from './failure.js'
import { findServer, type ServerSettings, startServer, stopServer } from './server.js'
import { connect, ownSessions, Presence } from './sessions.js'

/** What `startEmbeddedPostgres` needs. */
export interface EmbeddedPostgresOptions {
  /** Folder for the cluster; created if missing. Any number of processes may use one at once. */
  dataDir: string
  /** Told what is worth telling a person, such as that a first start takes a moment. */
  logger?: { info(message: string): void; warn(message: string): void } | undefined
  /** Ends the wait for other processes and for the server. A server that has been started meanwhile stays. */
  signal?: AbortSignal | undefined
  /**
   * PostgreSQL settings on top of ours, each a plain word, such as `{ fsync: 'off' }` for tests.
   * They count if this call is the one that starts the server.
   */
  settings?: ServerSettings
}

/** A handle on the running server; it counts as one user of it until released. */
export interface EmbeddedPostgres {
  /**
   * For `pg`: role and database `postmcp`. A secret. Names our sessions (`application_name`) so that `release` can tell
   * them from those of other processes; a caller that renames them keeps the prefix `postmcp`.
   */
  connectionString: string
  /** Whether this call created the cluster, so that the database is empty. */
  freshlyCreated: boolean
  /**
   * Gives the handle back, and stops the server if nobody else uses it. Close your pools first. Safe to repeat.
   * A process that ends without it leaves the server running for the next.
   */
  release(): Promise<void>
  /** Gives the handle back and stops the server even if others use it: for throw-away clusters. Instead of `release`. */
  stop(): Promise<void>
}

const databaseName = 'postmcp'
const maxAttempts = 5
const pollMs = 20
/** Longer than pg_ctl waits, because recovery after a crash may take that long. */
const readyWithinMs = 120_000

/**
 * Makes sure that the PostgreSQL of a data directory runs, whoever started it, and connects to it. The first call creates
 * the cluster (1 to 3 s); a later start takes about 0.2 s. Safe to repeat, and from several processes at once.
 *
 * @throws PostMcpError `unsupported_machine` (no PostgreSQL for this machine: musl, unknown platform, root without any
 *   other user), `database_unavailable` (the message ends with what to do, after the last lines of the server's log).
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    const dataDir = await prepareDataDir(options.dataDir)
    const lockFile = join(dataDir, 'lock')
    return await withFileLock(lockFile, { signal: options.signal }, () => enter(dataDir, lockFile, options))
  } catch (error) {
    if (error instanceof PostMcpError || options.signal?.aborted) throw error
    const cluster = clusterAt({ home: options.dataDir, runAs: undefined })
    throw await failure(
      cluster,
      'The embedded PostgreSQL could not be started',
      (error as Error).message,
      error,
    )
  }
}

interface Tools {
  cluster: Cluster
  /** Needed to create, start and stop; a caller that finds the server running may never ask. */
  binaries: () => Promise<PostgresBinaries>
  settings: ServerSettings
  signal: AbortSignal | undefined
}

/** Everything that must not happen in two processes at once. */
async function enter(
  dataDir: string,
  lockFile: string,
  { logger, settings = {}, signal }: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const place = await placeCluster(dataDir)
  const cluster = clusterAt(place)
  let provided: Promise<PostgresBinaries> | undefined
  const binaries = () => {
    provided ??= provideBinaries({ copyHome: place.binariesHome, runAs: place.runAs })
    return provided
  }
  if (!place.hasCluster) {
    logger?.info(`Creating a PostgreSQL database in ${cluster.folder}`)
    await createCluster(cluster, await binaries(), { durable: settings.fsync !== 'off', signal })
  }
  await rememberPlace(dataDir, place)
  const { connectionString, presence } = await openPresence({ cluster, binaries, settings, signal })

  let left: Promise<void> | undefined
  const leave = (mayStop: (others: number) => boolean) => {
    left ??= withFileLock(lockFile, {}, async () => {
      const others = await presence.countOthers()
      await presence.end()
      if (others === undefined || !mayStop(others)) return
      const { failed } = await stopServer(cluster, await binaries())
      if (failed !== undefined) logger?.warn(`The embedded PostgreSQL did not stop: ${failed}`)
    })
    return left
  }
  return {
    connectionString,
    freshlyCreated: !place.hasCluster,
    release: () => leave((others) => others === 0),
    stop: () => leave(() => true),
  }
}

interface Opened {
  connectionString: string
  presence: Presence
}

/** Uses the running server or starts one, until there is an open session. */
async function openPresence(tools: Tools): Promise<Opened> {
  const { cluster, binaries, settings, signal } = tools
  let cannotListen = false
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    if ((await findServer(cluster)) === undefined) {
      const endpoint = await chooseEndpoint(cluster, { avoidSocket: cannotListen })
      const { failed } = await startServer(cluster, await binaries(), { endpoint, settings, signal })
      // A process that was killed after its pg_ctl had begun can be ahead of us: then there is a server all the same.
      if (failed !== undefined && (await findServer(cluster)) === undefined) {
        // Somebody took the port, or this file system has no sockets (folders shared with a virtual machine).
        cannotListen = /could not (bind|create any)/.test((await lastLogLines(cluster)).join('\n'))
        if (cannotListen && attempt < maxAttempts) continue
        throw await failure(cluster, 'The embedded PostgreSQL did not start', failed)
      }
    }
    const opened = await connectWhenReady(tools)
    if (opened !== undefined) return opened
  }
  throw await failure(cluster, 'The embedded PostgreSQL keeps stopping', '')
}

/** Waits for a server that starts; returns nothing when it goes away instead. */
async function connectWhenReady({ cluster, signal }: Tools): Promise<Opened | undefined> {
  const password = await readPassword(cluster)
  const deadline = Date.now() + readyWithinMs
  let said = ''
  while (Date.now() < deadline) {
    signal?.throwIfAborted()
    const server = await findServer(cluster)
    if (server === undefined) return undefined
    if (server.status === 'ready') {
      const toDatabase = (database: string) => (applicationName: string) =>
        connect(connectionString(server.endpoint, { password, database, applicationName }))
      try {
        const presence = await Presence.open(toDatabase(databaseName))
        const target = { password, database: databaseName, applicationName: ownSessions }
        return { connectionString: connectionString(server.endpoint, target), presence }
      } catch (error) {
        said = (error as Error).message
        if (isMissingDatabase(error)) await createDatabase(await toDatabase('postgres')(ownSessions))
        else if (!isPassing(error)) {
          throw await failure(cluster, 'The embedded PostgreSQL does not let us in', said, error)
        }
      }
    } else said = `it is ${server.status}`
    await sleep(pollMs, undefined, signal && { signal })
  }
  throw await failure(cluster, 'The embedded PostgreSQL was not ready within two minutes', said)
}

/** At the first start, or after a first start that was killed before this. */
async function createDatabase(client: pg.Client) {
  await client.query(`create database ${databaseName}`).finally(() => client.end())
}

const codeOf = (error: unknown) => (error as { code?: string }).code ?? ''

/** `invalid_catalog_name` */
const isMissingDatabase = (error: unknown) => codeOf(error) === '3D000'

/** A server on its way up or down: refused, no socket yet, cut off, `cannot_connect_now`, `admin_shutdown`. */
const isPassing = (error: unknown) =>
  ['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', '57P03', '57P01'].includes(codeOf(error)) ||
  /Connection terminated|timeout expired/.test((error as Error).message)
