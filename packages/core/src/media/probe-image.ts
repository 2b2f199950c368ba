import type { Metadata, Sharp, SharpOptions } from 'sharp'
import { PostMcpError } from '../model/errors.js'
import type { MediaFacts } from '../model/media.js'
import { countApngFrames } from './apng.js'
import { atMost } from './at-most.js'
import { damaged } from './damaged.js'
import type { RangeSource } from './range-source.js'

/** No platform takes an image of so many bytes. */
const maxBytes = 100_000_000
/** Of one picture: what the decoder of an interlaced one holds at once. */
const maxPixels = 100_000_000
/** Of all pictures of an animation. */
const maxAnimatedPixels = 2_000_000_000
const decodeSeconds = 60

const alone = atMost(1)

/**
 * Decodes an image from its first to its last line, one image at a time: the decoder's memory is the largest there is here.
 * @throws PostMcpError `media_invalid`, `payload_too_large`
 */
export async function probeImage(source: RangeSource): Promise<Omit<MediaFacts, 'mimeType'>> {
  if (source.bytes > maxBytes) {
    throw new PostMcpError(
      'payload_too_large',
      `An image may have ${maxBytes} bytes; this one has ${source.bytes}.`,
      {
        nextAction: 'Save the image smaller, and upload that.',
      },
    )
  }
  return alone(async () => {
    const { default: sharp } = await import('sharp')
    // Images are looked at once: there is nothing to remember of them.
    sharp.cache(false)
    const bytes = await source.read(0, source.bytes)
    const options: SharpOptions = {
      limitInputPixels: maxAnimatedPixels,
      sequentialRead: true,
      failOn: 'warning',
    }
    const read = async <T>(reading: (image: Sharp) => Promise<T>): Promise<T> => {
      try {
        return await reading(sharp(bytes, { ...options, animated: true }))
      } catch (error) {
        const why = error instanceof Error ? error.message.split('\n')[0] : 'unknown'
        throw damaged(`The image is damaged: it cannot be read to its end (${why}).`, error)
      }
    }
    const found = await read((image) => image.metadata())
    const facts = factsOf(found, countApngFrames(bytes))
    // To have the last line all others must be decoded, and none of them is kept.
    const lastLine = { left: 0, top: rowsOf(found) - 1, width: found.width, height: 1 }
    await read((image) => image.extract(lastLine).timeout({ seconds: decodeSeconds }).raw().toBuffer())
    return facts
  })
}

/** Of one picture: those of an animation stand one above the other. */
const rowsOf = ({ pageHeight, height }: Metadata): number => pageHeight ?? height

function factsOf(
  found: Metadata,
  apng: { frames: number; durationMs: number } | null,
): Omit<MediaFacts, 'mimeType'> {
  const { orientation = 1, width, pages = 1 } = found
  const height = rowsOf(found)
  if (width * height > maxPixels || width * height * pages > maxAnimatedPixels) {
    throw new PostMcpError(
      'media_invalid',
      `The image has ${width} × ${height} pixels${pages > 1 ? ` in ${pages} pictures` : ''}, which is more than is taken.`,
      { nextAction: 'Save the image with fewer pixels, and upload that.' },
    )
  }
  const frames = apng?.frames ?? pages
  // Browsers show pictures that are to last no time, or next to none, for a tenth of a second.
  const delays = (found.delay ?? []).slice(0, pages).map((ms) => (ms <= 10 ? 100 : ms))
  const plays = apng?.durationMs ?? delays.reduce((sum, ms) => sum + ms, 0)
  const durationMs = frames > 1 && plays > 0 ? Math.round(plays) : null
  const isTurned = orientation >= 5
  return {
    kind: 'image',
    width: isTurned ? height : width,
    height: isTurned ? width : height,
    durationMs,
    frameRate: durationMs === null ? null : (frames * 1000) / durationMs,
    videoCodec: null,
    audioCodec: null,
    isAnimated: frames > 1,
    frames,
  }
}
