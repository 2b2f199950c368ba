/*
 * Runs in a thread of its own: files are made by anybody, and one that makes its reader go round in circles must not stop a server.
 * Imports no file of ours, so that it runs as it is, built or not.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { CustomSource, EncodedPacketSink, Input, type InputTrack, MP4, QTFF, WEBM } from 'mediabunny'

/** What the thread asks for, and what it found in the end. */
export type FromProbe =
  | { type: 'read'; id: number; start: number; end: number }
  | { type: 'found'; video: FoundVideo }
  | { type: 'no_pictures' }
  | { type: 'unreadable'; why: string }

/** What it asked for; null: it cannot be had. */
export interface ToProbe {
  id: number
  bytes: Uint8Array | null
}

export interface FoundVideo {
  width: number
  height: number
  seconds: number
  frameRate: number
  /** Null: one that has no name here. */
  videoCodec: string | null
  /** Null: one that has no name here; absent: there is no sound. */
  audioCodec?: string | null
}

/** Pictures from which the frame rate is told. */
const sampledFrames = 240
const cacheBytes = 8 * 1024 * 1024

const say = (message: FromProbe): void => parentPort?.postMessage(message)

const waiting = new Map<number, (bytes: Uint8Array | null) => void>()
parentPort?.on('message', ({ id, bytes }: ToProbe) => {
  waiting.get(id)?.(bytes)
  waiting.delete(id)
})

let asked = 0
async function read(start: number, end: number): Promise<Uint8Array> {
  const id = ++asked
  const bytes = await new Promise<Uint8Array | null>((resolve) => {
    waiting.set(id, resolve)
    say({ type: 'read', id, start, end })
  })
  if (bytes) return bytes
  throw new Error('the file cannot be read')
}

/** Where a track ends, in seconds, having read its last piece. */
async function endOf(track: InputTrack): Promise<number> {
  const last = await new EncodedPacketSink(track).getPacket(Number.POSITIVE_INFINITY)
  if (!last || last.data.byteLength === 0) throw new Error('a track is empty')
  return last.timestamp + last.duration
}

async function probe(input: Input): Promise<FromProbe> {
  const video = await input.getPrimaryVideoTrack()
  if (!video) return { type: 'no_pictures' }
  const audio = await input.getPrimaryAudioTrack()
  const ends = [await endOf(video), ...(audio ? [await endOf(audio)] : [])]
  const { averagePacketRate } = await video.computePacketStats(sampledFrames)
  return {
    type: 'found',
    video: {
      width: await video.getDisplayWidth(),
      height: await video.getDisplayHeight(),
      seconds: Math.max(...ends),
      frameRate: averagePacketRate,
      videoCodec: await video.getCodec(),
      ...(audio && { audioCodec: await audio.getCodec() }),
    },
  }
}

const { bytes } = workerData as { bytes: number }
const input = new Input({
  formats: [MP4, QTFF, WEBM],
  source: new CustomSource({
    getSize: () => bytes,
    read,
    prefetchProfile: 'network',
    maxCacheSize: cacheBytes,
    // Whatever asks for these bytes is told.
    handleUnhandledError: () => {},
  }),
})
probe(input)
  .catch(
    (error: unknown): FromProbe => ({
      type: 'unreadable',
      why: error instanceof Error ? error.message : 'unknown',
    }),
  )
  .then(say)
  .finally(() => parentPort?.close())
