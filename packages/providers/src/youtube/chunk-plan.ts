/** Chunks but the last are multiples of this. @see https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol (2026-11-22) */
export const chunkUnit = 256 * 1024

/** As much as one request carries: a slow line sends it within the time of a step. */
const chunkBytes = 32 * chunkUnit

/** A part of the file, `end` exclusive. */
export interface Chunk {
  start: number
  end: number
  /** The video exists once YouTube has this one. */
  isLast: boolean
}

/**
 * What is sent next when YouTube has `start` bytes. The last chunk is never larger than the unit: everything that takes long is done
 * before the call that makes the video public.
 */
export function nextChunk(start: number, total: number): Chunk {
  const rest = total - start
  if (rest <= chunkUnit) return { start, end: total, isLast: true }
  const whole = Math.floor((rest - 1) / chunkUnit) * chunkUnit
  return { start, end: start + Math.min(chunkBytes, whole), isLast: false }
}
