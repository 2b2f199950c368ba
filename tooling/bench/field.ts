import { type Child, startChild } from './child.js'
import { connectGrants } from './connect-grants.js'
import { createEmptyDatabase, newKeyRing, openConnection, type Timings } from './core.js'
import type {
  BareConfig,
  CoreConfig,
  FromBare,
  FromTokenServer,
  FromWorker,
  GrantName,
  Replay,
  ServerFigures,
  TokenServerConfig,
  ToTokenServer,
  ToWorker,
} from './messages.js'

export type Worker = Child<ToWorker, FromWorker> & { processId: string }

/** A grant as it stands in the database. */
export interface GrantRow {
  id: string
  subject: string
  status: string
  reason: string | null
  version: number
}

/** Everything a race takes place on: a database, a token server, and grants that are all expired. */
export interface Field {
  grants: GrantName[]
  configOf(processId: string): CoreConfig
  /** Starts a process and waits until it is ready to go. */
  startWorker(processId: string): Promise<Worker>
  /** The same refreshes without us. @returns seconds */
  runBare(atOnce: number): Promise<number>
  /** From now on this part of the answers is broken off. */
  loseAnswers(percent: number): void
  askServer(): Promise<ServerFigures>
  readGrants(): Promise<GrantRow[]>
  /** Subjects of the grants with which this process was in the midst of a refresh. */
  inHandsOf(processId: string): Promise<string[]>
  close(): Promise<void>
}

export async function openField(options: {
  /** Of a role that may create databases. */
  postgresUrl: string
  grants: number
  atOnce: number
  replay: Replay
  accessTokenSeconds: number
  timings: Partial<Timings>
}): Promise<Field> {
  const { postgresUrl, replay, accessTokenSeconds, timings, atOnce } = options
  const database = await createEmptyDatabase(postgresUrl)
  const { connectionString: databaseUrl } = database
  const serverConfig: TokenServerConfig = { replay, accessTokenSeconds }
  const server = startChild<ToTokenServer, FromTokenServer>('token-server', serverConfig)
  const { pool } = openConnection(databaseUrl, 2)
  const children = new Set<{ kill(): Promise<void> }>([server])
  const close = async () => {
    await Promise.all([...children].map((child) => child.kill()))
    await pool.end()
    await database.drop()
  }
  try {
    const { url: tokenServerUrl } = await server.next('ready')
    const keyRing = newKeyRing()
    const configOf = (processId: string): CoreConfig => ({
      databaseUrl,
      keyRing,
      tokenServerUrl,
      replay,
      timings,
      processId,
    })
    const grants = await connectGrants(configOf('connecting'), options.grants)
    return {
      grants,
      configOf,
      close,
      async startWorker(processId) {
        const child = startChild<ToWorker, FromWorker>('worker')
        children.add(child)
        child.send({ type: 'begin', config: configOf(processId), grants, atOnce })
        await child.next('ready')
        return { ...child, processId }
      },
      async runBare(parallel) {
        const config: BareConfig = { databaseUrl, tokenServerUrl, grants: grants.length, atOnce: parallel }
        const child = startChild<never, FromBare>('bare', config)
        children.add(child)
        return (await child.next('done')).seconds
      },
      loseAnswers: (percent) => server.send({ type: 'lose', percent }),
      async askServer() {
        const answer = server.next('figures')
        server.send({ type: 'figures' })
        return (await answer).figures
      },
      async readGrants() {
        const { rows } = await pool.query<GrantRow>(
          'select id, subject, status, status_reason as reason, version from grants',
        )
        return rows
      },
      async inHandsOf(processId) {
        const { rows } = await pool.query<{ subject: string }>(
          `select subject from grants
           where starts_with(refresh_lease_owner, $1) and refresh_fingerprint is not null`,
          [`${processId}:`],
        )
        return rows.map(({ subject }) => subject)
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}
