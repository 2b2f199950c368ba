import { type Page, type PageData, readPage } from '../pagination.js'
import { type Requester, type RequestOptions, segment } from '../request.js'
import type { Platform } from '../types.js'

/** What there is to publish to. */
export class Platforms {
  readonly #request: Requester

  constructor(request: Requester) {
    this.#request = request
  }

  /** All platforms, on one page. */
  list(options?: RequestOptions): Promise<Page<Platform>> {
    return readPage({}, () =>
      this.#request<PageData<Platform>>({ method: 'GET', path: '/platforms', isRepeatable: true }, options),
    )
  }

  /** @param platform such as `bluesky` @throws PostMcpApiError `unknown_platform` that suggests the nearest one */
  get(platform: string, options?: RequestOptions): Promise<Platform> {
    return this.#request(
      { method: 'GET', path: `/platforms/${segment(platform)}`, isRepeatable: true },
      options,
    )
  }
}
