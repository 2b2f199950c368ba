import { type Page, type PageData, readPage } from '../pagination.js'
import { type Requester, type RequestOptions, segment } from '../request.js'
import type { Finding, OwnClient, Platform } from '../types.js'

/** One of several ways through the browser; see `Platform.connect.ways`. */
export interface WayQuery {
  way?: string | undefined
}

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

  /**
   * The workspace's own application at a platform.
   * @param query `way`: an id of `Platform.connect.ways`; default: the first or only one
   * @throws PostMcpApiError `not_found` where the operator's is used
   */
  getClient(platform: string, query: WayQuery = {}, options?: RequestOptions): Promise<OwnClient> {
    return this.#request(
      {
        method: 'GET',
        path: `/platforms/${segment(platform)}/client`,
        query: { ...query },
        isRepeatable: true,
      },
      options,
    )
  }

  /**
   * Uses the workspace's own application for new connections.
   * @param client `fields` by the names of `Platform.app.fields`, or those of the way; `endpoints`: base addresses that go with it
   */
  setClient(
    platform: string,
    client: { fields: Record<string, string>; endpoints?: Record<string, string> } & WayQuery,
    options?: RequestOptions,
  ): Promise<OwnClient> {
    return this.#request(
      { method: 'PUT', path: `/platforms/${segment(platform)}/client`, json: client },
      options,
    )
  }

  /** Uses the operator's application again for new connections. */
  removeClient(platform: string, query: WayQuery = {}, options?: RequestOptions): Promise<void> {
    return this.#request(
      { method: 'DELETE', path: `/platforms/${segment(platform)}/client`, query: { ...query } },
      options,
    )
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
