import { IncomingFile } from '../incoming-file.js'
import type { PlatformKit } from '../platform.js'
import type { Media } from '../world.js'
import type { Caller } from './access.js'
import type { VideoResource } from './video-resource.js'

/** How long a session lives that nobody uses. As remembered, not documented. */
const LIFE_MS = 7 * 24 * 60 * 60 * 1000
/** Chunks but the last are multiples of this. */
const UNIT = 256 * 1024
const HEAD_BYTES = 16

/** A file on its way, and the video it will be. */
export interface UploadSession {
  id: string
  caller: Caller
  resource: VideoResource
  /** Names of the parts of the answer. */
  parts: readonly string[]
  notifySubscribers: boolean
  mimeType: string
  /** Null: not announced. */
  total: number | null
  file: IncomingFile
  head: Uint8Array
  openedAt: Date
  /** Null until it is whole. */
  videoId: string | null
}

/** What a request says it carries; null start: it only asks. */
export interface ContentRange {
  start: number | null
  end: number
  total: number
}

/** @returns null for a header that is none */
export function readContentRange(header: string | undefined, length: number): ContentRange | null {
  if (header === undefined) return { start: length > 0 ? 0 : null, end: length, total: length }
  const asked = /^bytes \*\/(\d+)$/.exec(header)
  if (asked) return { start: null, end: 0, total: Number(asked[1]) }
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header) ?? []
  if (first === undefined || Number(last) < Number(first) || Number(last) >= Number(total)) return null
  return { start: Number(first), end: Number(last) + 1, total: Number(total) }
}

/** Why a part of a file is not taken. */
export class WrongChunk extends Error {
  override readonly name = 'WrongChunk'
  readonly status: 400 | 503

  constructor(status: 400 | 503, message: string) {
    super(message)
    this.status = status
  }
}

/** The uploads that are going on. */
export class UploadSessions {
  readonly #kit: PlatformKit
  readonly #sessions = new Map<string, UploadSession>()

  constructor(kit: PlatformKit) {
    this.#kit = kit
  }

  open(session: Omit<UploadSession, 'id' | 'file' | 'head' | 'openedAt' | 'videoId'>): UploadSession {
    const opened = {
      ...session,
      id: this.#kit.random.text(60),
      file: new IncomingFile(),
      head: new Uint8Array(),
      openedAt: this.#kit.now(),
      videoId: null,
    }
    this.#sessions.set(opened.id, opened)
    return opened
  }

  /** Undefined where it never was, or was forgotten. */
  find(id: string): UploadSession | undefined {
    const session = this.#sessions.get(id)
    if (!session || this.#kit.now().getTime() - session.openedAt.getTime() > LIFE_MS) return undefined
    return session
  }

  /**
   * Takes a part of the file. What has arrived already is not taken twice; of a request that breaks off stays what came.
   * @throws WrongChunk
   */
  async receive(
    session: UploadSession,
    { start, end, total }: ContentRange & { start: number },
    body: AsyncIterable<Uint8Array> | null,
  ): Promise<void> {
    const { file } = session
    if (session.total !== null && session.total !== total)
      throw new WrongChunk(400, 'The total size differs from what was announced.')
    if (start > file.bytes)
      throw new WrongChunk(
        503,
        `Invalid request.  According to the Content-Range header, the upload offset is ${start} byte(s), which exceeds already uploaded size of ${file.bytes} byte(s).`,
      )
    if (end < total && (end - start) % UNIT !== 0)
      throw new WrongChunk(400, `Chunks but the last must be multiples of ${UNIT} bytes.`)
    session.total = total
    let at = start
    for await (const chunk of body ?? []) {
      const known = Math.min(Math.max(file.bytes - at, 0), chunk.byteLength)
      at += chunk.byteLength
      if (at > end) throw new WrongChunk(400, 'The body is longer than the Content-Range header says.')
      const fresh = chunk.subarray(known)
      if (session.head.byteLength < HEAD_BYTES) {
        session.head = Buffer.concat([session.head, fresh]).subarray(0, HEAD_BYTES)
      }
      file.append(fresh)
    }
    if (at < end) throw new WrongChunk(400, 'The body is shorter than the Content-Range header says.')
  }

  isWhole = ({ file, total }: UploadSession): boolean => total !== null && file.bytes >= total

  finish({ file, caller, mimeType }: UploadSession): Media {
    return file.finish(this.#kit.world, { personId: caller.personId, mimeType, altText: null })
  }
}
