import { type Page, type PageData, readPage } from '../pagination.js'
import { type Requester, type RequestOptions, segment } from '../request.js'
import type { Finding, OwnClient, Platform } from '../types.js'

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

  /** The workspace's own application at a platform. @throws PostMcpApiError `not_found` where the operator's is used */
  getClient(platform: string, options?: RequestOptions): Promise<OwnClient> {
    return this.#request(
      { method: 'GET', path: `/platforms/${segment(platform)}/client`, isRepeatable: true },
      options,
    )
  }

  /**
   * Uses the workspace's own application for new connections.
   * @param client `fields` by the names of `Platform.app.fields`; `endpoints`: base addresses that go with it
   */
  setClient(
    platform: string,
    client: { fields: Record<string, string>; endpoints?: Record<string, string> },
    options?: RequestOptions,
  ): Promise<OwnClient> {
    return this.#request(
      { method: 'PUT', path: `/platforms/${segment(platform)}/client`, json: client },
      options,
    )
  }

  /** Uses the operator's application again for new connections. */
  removeClient(platform: string, options?: RequestOptions): Promise<void> {
    return this.#request({ method: 'DELETE', path: `/platforms/${segment(platform)}/client` }, options)
  }

  /** Looks for what stands in the way of connecting and publishing, at one platform or at all, on one page. */
  diagnose(query: { platform?: string } = {}, options?: RequestOptions): Promise<Page<Finding>> {
    return readPage({}, () =>
      this.#request<PageData<Finding>>(
        { method: 'GET', path: '/doctor', query: { ...query }, isRepeatable: true },
        options,
      ),
    )
  }
}
