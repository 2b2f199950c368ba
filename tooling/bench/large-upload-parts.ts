import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { grownVideo } from './core.js'
import { startProduct, upload } from './product-process.js'

export interface LargeUpload {
  bytes: number
  seconds: number
  /** Of the process before, having taken in a small file already. */
  before: number
  /** At most, while the large file came in and was looked at. */
  peak: number
}

const smallBytes = 1_000_000

/** Uploads a video of so many bytes through an API in a process of its own, with a database of its own. */
export async function uploadLarge(bytes: number): Promise<LargeUpload> {
  const folder = await mkdtemp(join(tmpdir(), 'postmcp-upload-'))
  await chmod(folder, 0o711)
  const env = { POSTMCP_DATA_DIR: folder, POSTMCP_SANDBOX: 'off', POSTMCP_LOG_LEVEL: 'warn' }
  const api = await startProduct('api', env)
  try {
    const key = (await readFile(join(folder, 'api-key'), 'utf8')).trim()
    await upload(api.url, key, grownVideo(smallBytes), smallBytes)
    const { now: before } = await api.memory()
    const began = performance.now()
    await upload(api.url, key, grownVideo(bytes), bytes)
    const seconds = (performance.now() - began) / 1000
    const { peak } = await api.memory()
    return { bytes, seconds, before, peak }
  } finally {
    await api.stop()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
