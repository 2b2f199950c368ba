import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ByteRange, MediaStorage } from './media-storage.js'

/** Where files lie until they are whole; no key begins with a dot. */
const draftFolder = '.drafts'
/** Nobody who still writes pauses for so long. */
const draftPatienceMs = 60 * 60 * 1000

/** Media as files below a directory, readable by this user only. */
export function localMediaStorage(directory: string): MediaStorage {
  const drafts = join(directory, draftFolder)
  const pathOf = (key: string) => {
    if (!/^[a-z0-9_]+(\/[a-z0-9_]+)*$/.test(key)) throw new Error('not a key of a media file')
    return join(directory, key)
  }
  return {
    async put(key, chunks) {
      const path = pathOf(key)
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await mkdir(drafts, { recursive: true, mode: 0o700 })
      const draft = join(drafts, randomBytes(12).toString('hex'))
      try {
        await writeAll(draft, chunks)
        await rename(draft, path)
      } catch (error) {
        await rm(draft, { force: true })
        throw error
      }
    },
    async open(key, range) {
      const path = pathOf(key)
      return (await orNull(stat(path))) && read(path, range)
    },
    async delete(key) {
      await rm(pathOf(key), { force: true })
    },
    async free() {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const { bavail, bsize } = await statfs(directory)
      return bavail * bsize
    },
    async sweep() {
      for (const name of (await orNull(readdir(drafts))) ?? []) {
        const draft = join(drafts, name)
        const found = await orNull(stat(draft))
        if (found && Date.now() - found.mtimeMs > draftPatienceMs) await rm(draft, { force: true })
      }
    },
  }
}

async function writeAll(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const chunk of chunks) await file.writeFile(chunk)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The file is opened by whoever begins to read, and closed when he ends or breaks off. */
async function* read(path: string, range: ByteRange | undefined): AsyncGenerator<Uint8Array> {
  if (range && range.end <= range.start) return
  yield* createReadStream(path, range && { start: range.start, end: range.end - 1 })
}

/** Null where there is no such file. */
async function orNull<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
