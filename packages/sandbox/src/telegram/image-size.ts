/** Pixels of a picture. */
export interface ImageSize {
  width: number
  height: number
}

/** What the beginning of a file says of the picture in it; null where it is none that Telegram takes. */
export function imageSize(head: Uint8Array): ImageSize | null {
  const bytes = Buffer.from(head)
  const begins = (text: string, at = 0) => bytes.toString('latin1', at, at + text.length) === text
  if (begins('\x89PNG\r\n\x1a\n') && bytes.byteLength >= 24) {
    return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
  }
  if (begins('GIF8') && bytes.byteLength >= 10) {
    return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) }
  }
  return begins('\xff\xd8') ? jpegSize(bytes) : null
}

/** A JPEG is a row of segments; one of them, SOF, says how large it is (ITU T.81, annex B). */
function jpegSize(bytes: Buffer): ImageSize | null {
  for (let at = 2; at + 9 < bytes.byteLength && bytes[at] === 0xff; at += 2 + bytes.readUInt16BE(at + 2)) {
    const marker = bytes[at + 1] ?? 0
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame) return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) }
  }
  return null
}
