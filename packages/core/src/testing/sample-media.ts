import {
  BufferTarget,
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  MovOutputFormat,
  Mp4OutputFormat,
  Output,
  WebMOutputFormat,
} from 'mediabunny'
import sharp from 'sharp'
import { greyH264 } from './sample-h264.js'

export interface SampleVideo {
  container?: 'mp4' | 'mov' | 'webm'
  seconds?: number
  frameRate?: number
  /** Pixels; multiples of 16. */
  width?: number
  height?: number
  /** Degrees a player turns it by, clockwise. */
  rotation?: 0 | 90 | 180 | 270
  hasSound?: boolean
  /** Where the index is: before the pictures, after them, or with every piece. */
  index?: 'first' | 'last' | 'fragments'
}

/** 20 ms of silence. */
const silentOpus = Uint8Array.from([0xf8, 0xff, 0xfe])

/** A real, small video of grey pictures. */
export async function sampleVideo(sample: SampleVideo = {}): Promise<Uint8Array<ArrayBuffer>> {
  const { container = 'mp4', seconds = 2, frameRate = 25, width = 64, height = 32, rotation = 0 } = sample
  const fastStart = ({ first: 'in-memory', last: false, fragments: 'fragmented' } as const)[
    sample.index ?? 'first'
  ]
  const target = new BufferTarget()
  const format = {
    mp4: () => new Mp4OutputFormat({ fastStart }),
    mov: () => new MovOutputFormat({ fastStart }),
    webm: () => new WebMOutputFormat(),
  }[container]()
  const output = new Output({ format, target })
  const isWebm = container === 'webm'
  const video = new EncodedVideoPacketSource(isWebm ? 'vp8' : 'avc')
  output.addVideoTrack(video, { rotation, frameRate })
  const audio = sample.hasSound ? new EncodedAudioPacketSource('opus') : null
  if (audio) output.addAudioTrack(audio)
  await output.start()

  const h264 = greyH264(width / 16, height / 16)
  const vp8 = isWebm ? await vp8Frame(width, height) : null
  const config = vp8
    ? { codec: 'vp8', codedWidth: width, codedHeight: height }
    : { codec: h264.codec, codedWidth: width, codedHeight: height, description: h264.description }
  for (let index = 0; index < seconds * frameRate; index++) {
    const packet = new EncodedPacket(vp8 ?? h264.frame(index), 'key', index / frameRate, 1 / frameRate)
    await video.add(packet, { decoderConfig: config })
  }
  for (let index = 0; audio && index < seconds * 50; index++) {
    const decoderConfig = { codec: 'opus', numberOfChannels: 2, sampleRate: 48_000 }
    await audio.add(new EncodedPacket(silentOpus, 'key', index / 50, 1 / 50), { decoderConfig })
  }
  await output.finalize()
  return new Uint8Array(target.buffer ?? new ArrayBuffer())
}

/** A lossy WebP is a VP8 picture in a box. */
async function vp8Frame(width: number, height: number): Promise<Uint8Array> {
  const webp = await picture(width, height).webp({ quality: 50 }).toBuffer()
  const at = webp.indexOf('VP8 ')
  return new Uint8Array(webp.subarray(at + 8, at + 8 + webp.readUInt32LE(at + 4)))
}

const picture = (width: number, height: number) =>
  sharp({
    create: {
      width,
      height,
      channels: 3,
      background: '#808080',
      noise: { type: 'gaussian', mean: 128, sigma: 30 },
    },
  })

/** A real image; with frames, one that moves. */
export async function sampleImage(
  format: 'jpeg' | 'png' | 'webp' | 'gif',
  { width = 48, height = 32, frames = 1, orientation = 1, delayMs = 100 } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const pictures = await Promise.all(
    Array.from({ length: frames }, () => picture(width, height).png().toBuffer()),
  )
  const image =
    frames > 1
      ? sharp(pictures, { join: { animated: true } })
      : picture(width, height).withMetadata({ orientation })
  const options =
    frames > 1 && (format === 'gif' || format === 'webp') ? { delay: pictures.map(() => delayMs) } : {}
  return new Uint8Array(await image.toFormat(format, options).toBuffer())
}

const chunkBytes = 64 * 1024

/** The video, made any size by a part that players skip; piece by piece, so that it can be larger than memory. */
export async function* grownVideo(
  bytes: number,
  sample: SampleVideo = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const video = await sampleVideo(sample)
  const padding = bytes - video.byteLength
  if (padding < 16) throw new Error(`a video has at least ${video.byteLength + 16} bytes`)
  yield video
  const header = new DataView(new ArrayBuffer(16))
  header.setUint32(0, 1)
  header.setUint32(4, 0x66726565) // free
  header.setBigUint64(8, BigInt(padding))
  yield new Uint8Array(header.buffer)
  for (let left = padding - 16; left > 0; left -= chunkBytes) {
    yield new Uint8Array(Math.min(left, chunkBytes)).fill(left & 255)
  }
}
