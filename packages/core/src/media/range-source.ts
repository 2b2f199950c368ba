import { PostMcpError } from '../model/errors.js'
import type { MediaStorage } from './media-storage.js'

/** A stored file that can be read anywhere. */
export interface RangeSource {
  bytes: number
  /** From byte `start` up to and without byte `end`, or as much of it as there is. */
  read(start: number, end: number): Promise<Uint8Array>
}

/** A file of the storage, read by ranges: what is looked at of a large file is little. */
export const rangeSource = (storage: MediaStorage, key: string, bytes: number): RangeSource => ({
  bytes,
  async read(start, end) {
    const range = { start, end: Math.min(end, bytes) }
    const content = await storage.open(key, range)
    if (!content) throw new PostMcpError('internal_error', 'A file that was just stored is not there.')
    const chunks: Uint8Array[] = []
    for await (const chunk of content) chunks.push(chunk)
    return Buffer.concat(chunks)
  },
})
