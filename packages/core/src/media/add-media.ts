import { createHash } from 'node:crypto'
import { fileTypeFromBuffer } from 'file-type'
import { imageSize } from 'image-size'
import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import { newId } from '../model/ids.js'
import type { Media } from '../model/media.js'
import type { Scope } from '../model/scope.js'

/** Types that can be uploaded at all; each platform declares which of them it takes. */
export const acceptedMimeTypes: readonly string[] = ['image/jpeg', 'image/png', 'image/webp', 'image/gif']

/** Largest file that can be uploaded, in bytes. */
export const maxMediaBytes = 20 * 1024 * 1024

/** Where a media file's bytes are kept. */
export const mediaKey = (media: Pick<Media, 'id' | 'workspaceId'>): string =>
  `${media.workspaceId}/${media.id}`

/**
 * Stores a file after looking at what it is; the type is found in the content, whatever its name says.
 * @throws PostMcpError `payload_too_large`, `media_type_unsupported`, `media_invalid`
 */
export async function addMedia(
  core: CoreContext,
  scope: Scope,
  file: { bytes: Uint8Array; fileName: string | null },
): Promise<Media> {
  const { bytes } = file
  if (bytes.byteLength === 0) throw new PostMcpError('media_invalid', 'The file is empty.')
  if (bytes.byteLength > maxMediaBytes) {
    throw new PostMcpError(
      'payload_too_large',
      `The file has ${bytes.byteLength} bytes; ${maxMediaBytes} are allowed.`,
    )
  }
  const type = await fileTypeFromBuffer(bytes)
  if (!type || !acceptedMimeTypes.includes(type.mime)) {
    const found = type ? `is ${type.mime}` : 'is of no known type'
    throw new PostMcpError(
      'media_type_unsupported',
      `The file ${found}. Supported: ${acceptedMimeTypes.join(', ')}.`,
    )
  }
  const { width, height } = dimensions(bytes)
  const now = core.clock.now()
  const media: Media = {
    id: newId('media', now),
    workspaceId: scope.workspaceId,
    mimeType: type.mime,
    bytes: bytes.byteLength,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    width,
    height,
    fileName: file.fileName,
    createdAt: now,
  }
  await core.media.put(mediaKey(media), bytes)
  await core.store.media.insert(media)
  return media
}

/** Pixels as a viewer shows them: a photo that is stored lying down and marked as turned counts as standing. */
function dimensions(bytes: Uint8Array): { width: number; height: number } {
  try {
    const size = imageSize(bytes)
    const turned = size.orientation !== undefined && size.orientation >= 5
    if (size.width > 0 && size.height > 0) {
      return turned ? { width: size.height, height: size.width } : { width: size.width, height: size.height }
    }
  } catch {
    // told below
  }
  throw new PostMcpError('media_invalid', 'The image is damaged: its dimensions cannot be read.')
}
