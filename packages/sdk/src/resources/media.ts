import { type Requester, type RequestOptions, segment } from '../request.js'
import type { Media } from '../types.js'
import { type OnProgress, openUpload, type Uploadable } from '../upload.js'

export interface UploadOptions extends RequestOptions {
  /** Default: as the file is called, where that is known. */
  fileName?: string | undefined
  /** Length of a stream, where it is known: a file that is too large is then refused at once. */
  bytes?: number | undefined
  /** Called each time a piece was handed over. */
  onProgress?: OnProgress | undefined
}

/** A line slower than this is given up, unless `timeoutMs` says otherwise. */
const leastBytesPerSecond = 64 * 1024
const untoldHoursMs = 12 * 60 * 60 * 1000
/** What looking into a file may take. */
const lookMs = 120_000
/** Longer than the server itself goes on trying. */
const fetchMs = 35 * 60 * 1000

/** Files for posts. */
export class MediaFiles {
  readonly #request: Requester

  constructor(request: Requester) {
    this.#request = request
  }

  /**
   * Uploads a file; what it is is found by looking at it. A repetition makes a second copy that nobody sees.
   * @throws PostMcpApiError `media_type_unsupported`, `media_invalid`, `payload_too_large`, `storage_full`; `invalid_request` for a
   *   path that cannot be read
   */
  async upload(file: Uploadable, options: UploadOptions = {}): Promise<Media> {
    const { bytes, onProgress, ...others } = options
    const { content, isRepeatable, totalBytes, fileName } = await openUpload(file, bytes, onProgress)
    const uploadMs = totalBytes === null ? untoldHoursMs : (totalBytes / leastBytesPerSecond) * 1000
    return this.#request(
      {
        method: 'POST',
        path: '/media',
        query: { fileName: options.fileName ?? fileName },
        content,
        isRepeatable,
      },
      { ...others, timeoutMs: options.timeoutMs ?? lookMs + uploadMs },
    )
  }

  /**
   * Has the server fetch a file from a public https address, now and once; what the address leads to later changes nothing.
   * @throws PostMcpApiError `media_fetch_failed`, `address_not_allowed`, and those of `upload`
   */
  fetch(
    url: string,
    { fileName, ...options }: RequestOptions & { fileName?: string | undefined } = {},
  ): Promise<Media> {
    return this.#request(
      {
        method: 'POST',
        path: '/media/fetch',
        json: { url, ...(fileName !== undefined && { fileName }) },
        isRepeatable: true,
      },
      { ...options, timeoutMs: options.timeoutMs ?? fetchMs },
    )
  }

  get(mediaId: string, options?: RequestOptions): Promise<Media> {
    return this.#request({ method: 'GET', path: `/media/${segment(mediaId)}`, isRepeatable: true }, options)
  }

  /**
   * Deletes the content of a file; what is known of it stays.
   * @throws PostMcpApiError `conflict` while a post that is not published yet uses it
   */
  delete(mediaId: string, options?: RequestOptions): Promise<void> {
    return this.#request(
      { method: 'DELETE', path: `/media/${segment(mediaId)}`, isRepeatable: true },
      options,
    )
  }
}
