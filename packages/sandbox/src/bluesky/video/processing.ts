/** Types that the service says it takes. @see https://docs.bsky.app/docs/tutorials/video */
export const VIDEO_TYPES: readonly string[] = [
  'video/mp4',
  'video/mpeg',
  'video/webm',
  'video/quicktime',
  'image/gif',
]

/** How files begin that can be made into a video: MP4 and QuickTime, WebM, MPEG, GIF. */
const BEGINNINGS: readonly [offset: number, hex: string][] = [
  [4, '66747970'],
  [0, '1a45dfa3'],
  [0, '000001ba'],
  [0, '000001b3'],
  [0, '47494638'],
]

const begins = (bytes: Uint8Array, [offset, hex]: readonly [number, string]) =>
  Buffer.from(bytes.subarray(offset, offset + hex.length / 2)).toString('hex') === hex

/** Whether a file is a video, whatever it is called. */
export const isVideo = (bytes: Uint8Array): boolean => BEGINNINGS.some((one) => begins(bytes, one))

/**
 * What the service makes of a file: an MP4 that is not the same file any more. Nothing is encoded here: an MP4 gets a box that
 * players skip, and any other file is wrapped up in one.
 * @see https://developer.apple.com/documentation/quicktime-file-format
 */
export function encodeVideo(bytes: Uint8Array): Uint8Array {
  const isMp4 = begins(bytes, [4, '66747970'])
  const content = isMp4
    ? bytes
    : Buffer.concat([box('ftyp', Buffer.from('isom\0\0\0\0isom')), box('mdat', bytes)])
  return Buffer.concat([content, box('free', Buffer.from('Made by the sandbox.'))])
}

function box(type: string, content: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + content.byteLength)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, content])
}
