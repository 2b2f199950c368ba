import { PostMcpApiError } from '../errors.js'
import { type Requester, type RequestOptions, segment } from '../request.js'
import { sleep } from '../sleep.js'
import type { Connection, ConnectStep } from '../types.js'

/**
 * What a connection asked for: fields; a choice of targets, or that the platform is asked again which there are; the address a
 * browser ended at, where no callback can reach the server.
 */
export type ConnectionInput =
  | { fields: Record<string, string> }
  | { targetIds: string[] }
  | { refreshTargets: true }
  | { callbackUrl: string }

/** How often somebody looks whether the browser is done. */
const pauseMs = 1500

/** Whether it is a person at a browser whom a connection waits for. */
export const isInBrowser = ({ step }: Pick<Connection, 'step'>): boolean =>
  step?.type === 'authorize' || step?.type === 'awaiting_confirmation'

export interface BrowserWaitOptions {
  /** How long to wait at most. Default ten minutes, after which a connection that nobody went on with has expired. */
  timeoutMs?: number | undefined
  /** Gives up waiting; the connection stays as it is. */
  signal?: AbortSignal | undefined
  /** Called with the connection first, and whenever it has come to another step. */
  onUpdate?: ((connection: Connection) => void) | undefined
}

/** Connects and reconnects under way. */
export class Connections {
  readonly #request: Requester

  constructor(request: Requester) {
    this.#request = request
  }

  get(connectionId: string, options?: RequestOptions): Promise<Connection> {
    return this.#request(
      { method: 'GET', path: `/connections/${segment(connectionId)}`, isRepeatable: true },
      options,
    )
  }

  /** Gives what a connection asks for. @throws PostMcpApiError `connection_not_open`, `connection_expired` */
  continue(connectionId: string, input: ConnectionInput, options?: RequestOptions): Promise<ConnectStep> {
    return this.#request(
      { method: 'POST', path: `/connections/${segment(connectionId)}`, json: input },
      options,
    )
  }

  /**
   * Looks at a connection again and again until nobody at a browser is waited for any more, or the time is over.
   * @returns the connection as it then stands: `isInBrowser` tells whether the time was over; `step` is `connected` or what else is
   *   needed, and null when it failed (`failureReason`) or expired
   */
  async waitUntilSettled(connectionId: string, options: BrowserWaitOptions = {}): Promise<Connection> {
    const { timeoutMs = 600_000, signal, onUpdate } = options
    const until = Date.now() + timeoutMs
    let seen: string | undefined
    for (;;) {
      const connection = await this.#look(connectionId, until, signal)
      const leftMs = until - Date.now()
      if (connection) {
        const now = connection.step?.type ?? connection.state
        if (now !== seen) onUpdate?.(connection)
        seen = now
        if (!isInBrowser(connection) || leftMs <= 0) return connection
      }
      await sleep(Math.max(0, Math.min(pauseMs, leftMs)), signal)
    }
  }

  /** @returns undefined while it is going from one step to the next, which a look in between can meet */
  async #look(
    connectionId: string,
    until: number,
    signal: AbortSignal | undefined,
  ): Promise<Connection | undefined> {
    try {
      return await this.get(connectionId, { signal })
    } catch (error) {
      const isOnItsWay = error instanceof PostMcpApiError && error.code === 'connection_not_open'
      if (isOnItsWay && Date.now() < until) return undefined
      throw error
    }
  }
}
