import { type Requester, type RequestOptions, segment } from '../request.js'
import type { Connection, ConnectStep } from '../types.js'

/** What a connection asked for: credentials, or a choice of targets. */
export type ConnectionInput = { fields: Record<string, string> } | { targetIds: string[] }

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
}
