/** A part of a file, and its number among them. */
export interface Chunk {
  index: number
  start: number
  end: number
}

const usualBytes = 4 * 1024 * 1024
/** They are numbered up to 999. @see https://docs.x.com/x-api/media/append-media-upload (2026-11-22) */
const mostChunks = 1000

/** Which part of a file comes at a number; null after the last. Parts are as large as it takes to need no more than a thousand. */
export function chunkAt(totalBytes: number, index: number): Chunk | null {
  const size = Math.max(usualBytes, Math.ceil(totalBytes / mostChunks))
  const start = index * size
  if (start >= totalBytes) return null
  return { index, start, end: Math.min(start + size, totalBytes) }
}
