import { fileTypeFromBuffer } from 'file-type'
import { PostMcpError } from '../model/errors.js'
import { type MediaFacts, mediaTypes } from '../model/media.js'
import { probeImage } from './probe-image.js'
import { probeVideo } from './probe-video.js'
import type { RangeSource } from './range-source.js'

/** Enough for all types we take to be told apart. */
const headBytes = 64 * 1024

/** Names for what is one of our types. */
const sameAs: Record<string, keyof typeof mediaTypes> = {
  'image/apng': 'image/png',
  'video/x-m4v': 'video/mp4',
}

/**
 * Looks into a file; its name and what the client says of it play no part.
 * @throws PostMcpError `media_type_unsupported`, `media_invalid`, `payload_too_large`
 */
export async function probeMedia(source: RangeSource): Promise<MediaFacts> {
  const head = await source.read(0, Math.min(headBytes, source.bytes))
  const found = (await fileTypeFromBuffer(head))?.mime
  const mimeType = found && (sameAs[found] ?? found)
  if (!mimeType || !isTaken(mimeType)) {
    const words = found ? `The file is ${found}` : 'The file is of no type that is known here'
    throw new PostMcpError(
      'media_type_unsupported',
      `${words}. Taken are ${Object.keys(mediaTypes).join(', ')}.`,
      { nextAction: 'Export the file as JPEG or PNG, or as MP4, and upload that.' },
    )
  }
  const facts = mimeType.startsWith('image/') ? await probeImage(source) : await probeVideo(source, mimeType)
  return { ...facts, mimeType }
}

const isTaken = (mimeType: string): boolean => Object.hasOwn(mediaTypes, mimeType)
