import { type Requester, type RequestOptions, segment } from '../request.js'
import type { Post, PostWithAttempts } from '../types.js'

/** Single posts of groups. */
export class Posts {
  readonly #request: Requester

  constructor(request: Requester) {
    this.#request = request
  }

  /** With every attempt to publish it. */
  get(postId: string, options?: RequestOptions): Promise<PostWithAttempts> {
    return this.#request({ method: 'GET', path: `/posts/${segment(postId)}`, isRepeatable: true }, options)
  }

  /**
   * Says what became of a post whose outcome is unknown.
   * @throws PostMcpApiError `conflict` when its outcome is known or is being looked up
   */
  resolve(postId: string, as: 'published' | 'failed', options?: RequestOptions): Promise<Post> {
    return this.#request({ method: 'POST', path: `/posts/${segment(postId)}/resolve`, json: { as } }, options)
  }

  /** Deletes a published post at the platform. A post that is gone there counts as deleted. */
  delete(postId: string, options?: RequestOptions): Promise<Post> {
    return this.#request({ method: 'DELETE', path: `/posts/${segment(postId)}`, isRepeatable: true }, options)
  }
}
