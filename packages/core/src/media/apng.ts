import { damaged } from './damaged.js'

const signature = '89504e470d0a1a0a'

/**
 * The pictures of an animated PNG, which image libraries show the first of. Null: it is none.
 * @throws PostMcpError `media_invalid` when it breaks off
 * @see https://www.w3.org/TR/png-3/#apng-frame-based-animation (checked 2026-11-22)
 */
export function countApngFrames(file: Uint8Array): { frames: number; durationMs: number } | null {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  if (bytes.subarray(0, 8).toString('hex') !== signature) return null
  let frames = 0
  let durationMs = 0
  let isAnimation = false
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at)
    const type = bytes.toString('latin1', at + 4, at + 8)
    const end = at + 12 + length
    if (end > bytes.length) break
    if (type === 'IEND') return isAnimation ? { frames, durationMs } : null
    // Only before the first picture does it make an animation.
    if (type === 'IDAT' && !isAnimation) return null
    if (type === 'acTL') isAnimation = true
    if (type === 'fcTL' && length >= 26) {
      frames += 1
      const numerator = bytes.readUInt16BE(at + 28)
      const denominator = bytes.readUInt16BE(at + 30) || 100
      durationMs += (numerator * 1000) / denominator
    }
    at = end
  }
  if (!isAnimation) return null
  throw damaged('The animation breaks off before its end.')
}
