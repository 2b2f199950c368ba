import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

const prefix = 'postmcp'

/** Distinguishes us from every other process that uses the cluster. */
const self = `${process.pid}-${randomBytes(3).toString('hex')}`

/** Under this name the pools of this process connect. */
export const ownSessions = `${prefix}:${self}`

/** Under this name every handle keeps one session, so that it counts as a user even while its pools are idle and closed. */
const presenceSession = `${prefix}-presence:${self}`

/** Makes a new connection, under a given application name. */
type Connect = (applicationName: string) => Promise<pg.Client>

/** Opens one connection; errors that come later on an idle one do not end the process. */
export async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 10_000 })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/**
 * One open session that says "this server is in use". It does not keep the process alive. When the server
 * drops it (PostgreSQL restarts all sessions after one crashed), it comes back by itself.
 */
export class Presence {
  #client: pg.Client | undefined
  #ended = false
  readonly #connect: Connect

  private constructor(connect: Connect) {
    this.#connect = connect
  }

  /** @throws the driver's error when the server does not let us in. */
  static async open(connect: Connect): Promise<Presence> {
    const presence = new Presence(connect)
    await presence.#open()
    return presence
  }

  /** How many sessions of other handles, here or in other processes, are connected. Nothing if the server is gone. */
  async countOthers(): Promise<number | undefined> {
    try {
      const client = this.#client ?? (await this.#open())
      holdProcess(client, true)
      const { rows } = await client.query<{ others: number }>(
        `select count(*)::int as others from pg_stat_activity
          where application_name like $1 and application_name <> $2 and pid <> pg_backend_pid()`,
        [`${prefix}%`, ownSessions],
      )
      return rows[0]?.others
    } catch {
      return undefined
    }
  }

  /** Safe to repeat. */
  async end(): Promise<void> {
    this.#ended = true
    if (this.#client === undefined) return
    holdProcess(this.#client, true)
    await this.#client.end()
  }

  async #open(): Promise<pg.Client> {
    const client = await this.#connect(presenceSession)
    holdProcess(client, false)
    this.#client = client
    client.once('end', () => {
      this.#client = undefined
      void this.#reopen()
    })
    return client
  }

  async #reopen() {
    for (let delayMs = 500; !this.#ended; delayMs = Math.min(delayMs * 2, 15_000)) {
      await sleep(delayMs, undefined, { ref: false })
      if (this.#ended || this.#client !== undefined) return
      await this.#open().catch(() => undefined)
    }
    await this.#client?.end()
  }
}

/** Whether waiting for this client keeps the process alive. */
function holdProcess(client: pg.Client, hold: boolean) {
  const stream = client as pg.Client & { ref(): void; unref(): void } // missing in @types/pg 8.23.1
  if (hold) stream.ref()
  else stream.unref()
}
