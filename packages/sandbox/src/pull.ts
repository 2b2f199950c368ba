import { IncomingFile } from './incoming-file.js'

/** Platforms give up on slow files after some minutes; here nobody waits that long. */
const TIMEOUT_MS = 30_000

/** A file that a platform fetched itself. */
export interface PulledFile {
  file: IncomingFile
  /** As the server that gave it said, without parameters. */
  mimeType: string
}

/**
 * Fetches a file as platforms do that are given an address: no redirects, no credentials.
 * @returns null when it cannot be had
 */
export async function pullFile(url: string): Promise<PulledFile | null> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (response.status !== 200) return null
    const file = new IncomingFile()
    await file.receive(response.body)
    const mimeType = (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim() ?? ''
    return { file, mimeType }
  } catch {
    return null
  }
}
