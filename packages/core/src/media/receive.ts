import { createHash } from 'node:crypto'
import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import type { Media } from '../model/media.js'
import { requireRoom } from './room.js'

/** A file on its way in. */
export interface MediaUpload {
  /** Read once, and not at all where the file is refused for what is said of it. */
  content: AsyncIterable<Uint8Array>
  /** How long it is said to be; null: it is not said. */
  declaredBytes: number | null
  fileName: string | null
}

/** Longest wait for the next piece. */
const idleSeconds = 60
/** How often others are told that the upload lives. */
const signOfLifeMs = 60_000
/** How often the storage is asked for room. */
const roomEveryBytes = 64 * 1024 * 1024

const again = { nextAction: 'Upload the file again.' }

/** @throws PostMcpError `payload_too_large`, `media_invalid` for what is known beforehand */
export function refuseDeclared(declaredBytes: number | null, maxBytes: number): void {
  if (declaredBytes === 0) throw new PostMcpError('media_invalid', 'The file is empty.')
  if (declaredBytes !== null && declaredBytes > maxBytes) throw tooLarge(declaredBytes, maxBytes)
}

const tooLarge = (bytes: number, maxBytes: number): PostMcpError =>
  new PostMcpError('payload_too_large', `The file has ${bytes} bytes or more; ${maxBytes} are allowed.`, {
    nextAction: 'Use a smaller file, or raise POSTMCP_MAX_MEDIA_BYTES.',
  })

/** Content as it comes in, counted and guarded; what was found of it is there once it was read to its end. */
export function receive(
  core: Pick<CoreContext, 'media' | 'mediaLimits' | 'store'>,
  { workspaceId, id }: Pick<Media, 'workspaceId' | 'id'>,
  { content, declaredBytes }: MediaUpload,
): { content: AsyncIterable<Uint8Array>; found(): Pick<Media, 'bytes' | 'sha256'> } {
  const { maxBytes } = core.mediaLimits
  const hash = createHash('sha256')
  let bytes = 0
  let signOfLifeAt = Date.now()
  let roomAt = roomEveryBytes

  async function lookAround(): Promise<void> {
    if (bytes > maxBytes) throw tooLarge(bytes, maxBytes)
    if (bytes >= roomAt) {
      roomAt += roomEveryBytes
      await requireRoom(core.media, declaredBytes === null ? roomEveryBytes : declaredBytes - bytes)
    }
    if (Date.now() - signOfLifeAt > signOfLifeMs) {
      signOfLifeAt = Date.now()
      const lives = await core.store.media.continueUpload(workspaceId, id)
      if (!lives)
        throw new PostMcpError('media_invalid', 'The upload took so long that it was given up.', again)
    }
  }

  async function* received(): AsyncGenerator<Uint8Array> {
    const source = content[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await inTime(source, bytes)
        if (next.done) break
        bytes += next.value.byteLength
        await lookAround()
        hash.update(next.value)
        yield next.value
      }
    } finally {
      void Promise.resolve(source.return?.()).catch(() => {})
    }
    if (bytes === 0) throw new PostMcpError('media_invalid', 'The file is empty.')
    if (declaredBytes !== null && bytes !== declaredBytes) {
      throw new PostMcpError('media_invalid', `${bytes} of ${declaredBytes} bytes of the file came.`, again)
    }
  }
  return { content: received(), found: () => ({ bytes, sha256: hash.digest('hex') }) }
}

/** The next piece; whoever sends none for long, or breaks off, is told so. */
async function inTime(
  source: AsyncIterator<Uint8Array>,
  bytes: number,
): Promise<IteratorResult<Uint8Array, unknown>> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    const message = `The upload stood still for ${idleSeconds} seconds after ${bytes} bytes.`
    timer = setTimeout(() => reject(new PostMcpError('media_invalid', message, again)), idleSeconds * 1000)
  })
  try {
    return await Promise.race([source.next(), tooLate])
  } catch (cause) {
    if (cause instanceof PostMcpError) throw cause
    throw new PostMcpError('media_invalid', `The upload broke off after ${bytes} bytes.`, { ...again, cause })
  } finally {
    clearTimeout(timer)
  }
}
