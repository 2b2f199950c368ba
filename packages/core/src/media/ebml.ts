import { damaged } from './damaged.js'
import type { RangeSource } from './range-source.js'

const segmentId = 0x18538067

/**
 * Looks whether a WebM is as long as it says, where it does say so; what a browser recorded often does not.
 * @throws PostMcpError `media_invalid`
 * @see RFC 8794, sections 4 to 6
 */
export async function checkSegment(source: RangeSource): Promise<void> {
  const head = Buffer.from(await source.read(0, 4096))
  const header = readElement(head, 0)
  const segment = header?.end === undefined ? null : readElement(head, header.end)
  if (segment?.id !== segmentId) throw damaged('The video cannot be read: parts of it are damaged.')
  if (segment.end !== undefined && segment.end > source.bytes)
    throw damaged('The video breaks off before its end.')
}

/** @returns without `end` for an element of unknown size */
function readElement(bytes: Buffer, at: number): { id: number; end?: number } | null {
  const id = readNumber(bytes, at, false)
  const size = id && readNumber(bytes, at + id.width, true)
  if (!id || !size) return null
  const isUnknown = size.value === 2 ** (7 * size.width) - 1
  return { id: id.value, ...(!isUnknown && { end: at + id.width + size.width + size.value }) }
}

/** A number that says by its leading zeros how wide it is; ids keep the mark, sizes do not. */
function readNumber(bytes: Buffer, at: number, isSize: boolean): { value: number; width: number } | null {
  const first = bytes[at]
  if (first === undefined || first === 0) return null
  const width = Math.clz32(first) - 23
  if (at + width > bytes.length) return null
  let value = isSize ? first - 2 ** (8 - width) : first
  for (const byte of bytes.subarray(at + 1, at + width)) value = value * 256 + byte
  return { value, width }
}
