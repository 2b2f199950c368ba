import { Worker } from 'node:worker_threads'
import { PostMcpError } from '../model/errors.js'
import type { MediaFacts } from '../model/media.js'
import { atMost } from './at-most.js'
import { damaged } from './damaged.js'
import { checkSegment } from './ebml.js'
import { checkBoxes } from './iso-boxes.js'
import type { FoundVideo, FromProbe, ToProbe } from './probe-worker.js'
import type { RangeSource } from './range-source.js'

const maxHours = 24
/** Longest time in which the thread asks for nothing; what it asked for may take longer. */
const patienceMs = 30_000
/** More than the largest index takes. */
const maxReads = 20_000
const maxHeapMb = 256

const inThread = atMost(4)

/**
 * Reads what a video's index says and whether its end is there; pictures are not decoded.
 * @throws PostMcpError `media_invalid`, `media_type_unsupported`
 */
export async function probeVideo(
  source: RangeSource,
  mimeType: string,
  { silentMs = patienceMs } = {},
): Promise<Omit<MediaFacts, 'mimeType'>> {
  if (mimeType === 'video/webm') await checkSegment(source)
  else await checkBoxes(source)
  const found = await inThread(() => readInThread(source, silentMs))
  const { frameRate } = found
  const [width, height] = [Math.round(found.width), Math.round(found.height)]
  const durationMs = Math.round(found.seconds * 1000)
  if (!(width > 0 && height > 0 && durationMs > 0)) {
    throw damaged('The video has no pictures, or they have no size.')
  }
  if (durationMs > maxHours * 3_600_000)
    throw damaged(`The video claims to be longer than ${maxHours} hours.`)
  return {
    kind: 'video',
    width,
    height,
    durationMs,
    frameRate: Number.isFinite(frameRate) && frameRate > 0 ? Math.round(frameRate * 1000) / 1000 : null,
    videoCodec: found.videoCodec ?? 'unknown',
    audioCodec: found.audioCodec === undefined ? null : (found.audioCodec ?? 'unknown'),
    isAnimated: false,
    frames: null,
  }
}

const unreadable = (cause: unknown): PostMcpError =>
  damaged('The video cannot be read: it breaks off, or parts of it are damaged.', cause)

function readInThread(source: RangeSource, silentMs: number): Promise<FoundVideo> {
  // Beside this file, as it is while it is developed, or built.
  const name = import.meta.url.endsWith('.ts') ? './probe-worker.ts' : './probe-worker.js'
  const worker = new Worker(new URL(name, import.meta.url), {
    workerData: { bytes: source.bytes },
    // It needs nothing of what this process knows.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
  })
  let reads = 0
  let timer: NodeJS.Timeout | undefined
  const found = new Promise<FoundVideo>((resolve, reject) => {
    const listen = () => {
      timer = setTimeout(() => reject(unreadable('endless')), silentMs)
    }
    const answer = async ({ id, start, end }: { id: number; start: number; end: number }) => {
      try {
        if (++reads > maxReads) throw unreadable('endless')
        const reply: ToProbe = { id, bytes: await source.read(start, end) }
        worker.postMessage(reply)
        listen()
      } catch (error) {
        reject(error)
      }
    }
    worker.on('message', (message: FromProbe) => {
      clearTimeout(timer)
      if (message.type === 'read') void answer(message)
      else if (message.type === 'found') resolve(message.video)
      else reject(message.type === 'no_pictures' ? noPictures() : unreadable(message.why))
    })
    worker.on('error', (error) => reject(unreadable(error)))
    worker.on('exit', () => reject(unreadable('ended')))
    listen()
  })
  return found.finally(() => {
    clearTimeout(timer)
    return worker.terminate()
  })
}

const noPictures = (): PostMcpError =>
  new PostMcpError('media_type_unsupported', 'The file holds no pictures, only sound or data.', {
    nextAction: 'Upload a video, or an image.',
  })
