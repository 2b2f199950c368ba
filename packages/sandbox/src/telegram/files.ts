import type { FormFile } from '../incoming-form.js'
import type { PlatformKit } from '../platform.js'
import type { Media, Person } from '../world.js'
import { BotApiError } from './errors.js'
import { type ImageSize, imageSize } from './image-size.js'

/** Kinds of files that are shown in a chat. */
export type FileKind = 'photo' | 'video' | 'animation'

/** A file of a message, with its measures. */
export interface SentFile {
  kind: FileKind
  media: Media
  size: ImageSize
  duration: number
  fileName: string
}

const MAX_BYTES = { photo: 10_000_000, video: 50_000_000, animation: 50_000_000 }

/** What a file is sent with, as the parameters of the method or of an item of an album say it. */
export type FileParameters = Record<string, unknown>

const bad = (words: string) => new BotApiError(400, `Bad Request: ${words}`)

/** What a bot uploads along with a message. @see https://core.telegram.org/bots/api#sending-files */
export function takeFile(
  { world }: PlatformKit,
  owner: Person,
  upload: { kind: FileKind; name: string; source: unknown; files: ReadonlyMap<string, FormFile> },
  parameters: FileParameters,
): SentFile {
  const { kind, name, source, files } = upload
  const part = typeof source === 'string' ? /^attach:\/\/(.+)$/.exec(source)?.[1] : name
  const found = part === undefined ? undefined : files.get(part)
  if (!found) {
    // Files that are fetched or used again are not simulated: nothing here asks for that.
    throw bad(
      source === undefined
        ? `there is no ${kind} in the request`
        : 'wrong file identifier/HTTP URL specified',
    )
  }
  const { file, head, fileName, mimeType } = found
  if (file.bytes === 0) throw bad('file must be non-empty')
  if (file.bytes > MAX_BYTES[kind]) throw bad('file is too big')
  const picture = imageSize(head)
  if (kind === 'photo') refusePicture(picture)
  const { width, height, duration } = parameters
  const size = {
    width: picture?.width ?? Number(width ?? 0),
    height: picture?.height ?? Number(height ?? 0),
  }
  // Telegram has no place for alt texts.
  const media = file.finish(world, { personId: owner.id, mimeType, altText: null })
  return { kind, media, size, duration: Number(duration ?? 0), fileName }
}

function refusePicture(picture: ImageSize | null): void {
  if (!picture) throw bad('IMAGE_PROCESS_FAILED')
  const { width, height } = picture
  const isTooLong = Math.max(width, height) > 20 * Math.min(width, height)
  if (width + height > 10_000 || isTooLong) throw bad('PHOTO_INVALID_DIMENSIONS')
}

/** @see https://core.telegram.org/bots/api#photosize and the types beside it */
export function describeFile({ kind, media, size, duration, fileName }: SentFile) {
  const file = { file_id: media.id, file_unique_id: `u${media.id}`, ...size, file_size: media.byteLength }
  if (kind === 'photo') return { photo: [file] }
  const clip = { ...file, duration, file_name: fileName, mime_type: media.mimeType }
  if (kind === 'video') return { video: clip }
  // For old clients an animation is a document, too.
  const { width: _, height: __, ...document } = file
  return { animation: clip, document: { ...document, file_name: fileName, mime_type: media.mimeType } }
}
