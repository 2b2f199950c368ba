import { PostMcpError } from '../model/errors.js'
import type { MediaStorage } from './media-storage.js'

/** What is always left free: a database beside the files needs room to go on. */
const spareBytes = 512 * 1024 * 1024

/** @throws PostMcpError `storage_full` where less than `spareBytes` would be left after so many more bytes */
export async function requireRoom(storage: MediaStorage, bytes: number): Promise<void> {
  const free = await storage.free()
  if (free === null || free - bytes >= spareBytes) return
  throw new PostMcpError(
    'storage_full',
    `There is not enough room to keep this file: ${free} bytes are free, and ${spareBytes} of them stay free.`,
  )
}
