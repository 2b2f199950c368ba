import { type Requester, type RequestOptions, segment } from '../request.js'
import type { Media } from '../types.js'

/** Files for posts. */
export class MediaFiles {
  readonly #request: Requester

  constructor(request: Requester) {
    this.#request = request
  }

  /**
   * Uploads a file; what it is is found by looking at it. A repetition makes a second copy that nobody sees.
   * @throws PostMcpApiError `media_type_unsupported`, `media_invalid`, `payload_too_large`
   */
  upload(
    file: Blob | ArrayBuffer | Uint8Array<ArrayBuffer>,
    { fileName, ...options }: RequestOptions & { fileName?: string | undefined } = {},
  ): Promise<Media> {
    return this.#request(
      { method: 'POST', path: '/media', query: { fileName }, bytes: file, isRepeatable: true },
      options,
    )
  }

  get(mediaId: string, options?: RequestOptions): Promise<Media> {
    return this.#request({ method: 'GET', path: `/media/${segment(mediaId)}`, isRepeatable: true }, options)
  }
}
