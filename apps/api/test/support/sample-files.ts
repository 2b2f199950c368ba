import type { PostLimits } from '@postmcp/core'
import { sampleImage, sampleVideo } from '@postmcp/core/testing'

/** A real video as small as the platform takes one, for the pictures of these videos are not compressed. */
export function smallestVideo({ videos }: PostLimits): Promise<Uint8Array<ArrayBuffer>> {
  const { seconds, width, height, frameRate } = videos ?? {}
  const blocks = (pixels = 0) => Math.max(4, Math.ceil(pixels / 16)) * 16
  return sampleVideo({
    seconds: Math.ceil(seconds?.min ?? 1),
    frameRate: Math.max(24, Math.ceil(frameRate?.min ?? 0)),
    width: blocks(width?.min),
    height: blocks(height?.min),
  })
}

/** A picture that every platform takes; each is another one. */
export const commonPicture = (): Promise<Uint8Array<ArrayBuffer>> =>
  sampleImage('jpeg', { width: 640, height: 640 })
