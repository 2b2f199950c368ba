import { type Page, type PageData, readPage } from '../pagination.js'
import { type Requester, type RequestOptions, segment } from '../request.js'
import type { ApiKey, NewApiKey } from '../types.js'

/** Keys of the workspace. */
export class ApiKeys {
  readonly #request: Requester

  constructor(request: Requester) {
    this.#request = request
  }

  /** All keys, without the keys themselves, on one page. */
  list(options?: RequestOptions): Promise<Page<ApiKey>> {
    return readPage({}, () =>
      this.#request<PageData<ApiKey>>({ method: 'GET', path: '/api-keys', isRepeatable: true }, options),
    )
  }

  /** Makes a key; the answer is the only one that holds it. Not repeated by itself. */
  create(request: { name: string }, options?: RequestOptions): Promise<NewApiKey> {
    return this.#request({ method: 'POST', path: '/api-keys', json: request }, options)
  }

  /** Revokes a key, at once. Not repeated by itself: a key that is revoked already is `not_found`. */
  revoke(apiKeyId: string, options?: RequestOptions): Promise<void> {
    return this.#request({ method: 'DELETE', path: `/api-keys/${segment(apiKeyId)}` }, options)
  }
}
