import { createHash, type Hash } from 'node:crypto'
import type { Media, World } from './world.js'

/** Larger files are not kept for looking at; their length and hash are. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024

/** A file that arrives piece by piece: it is hashed as it comes and never held whole when it is large. */
export class IncomingFile {
  readonly #hash: Hash = createHash('sha256')
  #kept: Uint8Array[] | null = []
  #bytes = 0

  /** How much has arrived. */
  get bytes(): number {
    return this.#bytes
  }

  append(chunk: Uint8Array): void {
    this.#hash.update(chunk)
    this.#bytes += chunk.byteLength
    if (this.#bytes > MAX_KEPT_BYTES) this.#kept = null
    this.#kept?.push(Uint8Array.from(chunk))
  }

  /** Takes a whole stream, such as the body of a request. */
  async receive(stream: AsyncIterable<Uint8Array> | null): Promise<void> {
    for await (const chunk of stream ?? []) this.append(chunk)
  }

  /** The file as an upload of the world; call it once. */
  finish(
    world: World,
    media: Pick<Media, 'personId' | 'mimeType' | 'altText'> & Partial<Pick<Media, 'id' | 'facts'>>,
  ): Media {
    const sha256 = this.#hash.digest('hex')
    const bytes = this.#kept && Buffer.concat(this.#kept)
    return world.addHashedMedia({ ...media, byteLength: this.#bytes, sha256 }, bytes)
  }
}
