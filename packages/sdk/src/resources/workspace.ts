import type { Requester, RequestOptions } from '../request.js'
import type { Workspace } from '../types.js'

/** The workspace the API key belongs to. */
export class Workspaces {
  readonly #request: Requester

  constructor(request: Requester) {
    this.#request = request
  }

  get(options?: RequestOptions): Promise<Workspace> {
    return this.#request({ method: 'GET', path: '/workspace', isRepeatable: true }, options)
  }
}
