/**
 * As small as TikTok takes chunks (5 MB, in either meaning of MB): the last one, which sends, takes the remainder along. A video of 4 GB
 * has 762 of at most 1000.
 * @see https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide (2026-11-22)
 */
const smallestChunk = 5 * 1024 * 1024

/** How a file is cut, as it is announced. */
export interface ChunkPlan {
  chunkBytes: number
  count: number
}

/** @param total bytes of the file */
export function planChunks(total: number): ChunkPlan {
  if (total < 2 * smallestChunk) return { chunkBytes: total, count: 1 }
  return { chunkBytes: smallestChunk, count: Math.floor(total / smallestChunk) }
}

/** The chunk in which a byte stands, `end` exclusive. */
export function chunkAt(byte: number, total: number): { start: number; end: number; isLast: boolean } {
  const { chunkBytes, count } = planChunks(total)
  const index = Math.min(Math.floor(byte / chunkBytes), count - 1)
  const isLast = index === count - 1
  return { start: index * chunkBytes, end: isLast ? total : (index + 1) * chunkBytes, isLast }
}
