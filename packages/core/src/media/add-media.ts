import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import { newId } from '../model/ids.js'
import type { Media } from '../model/media.js'
import type { Scope } from '../model/scope.js'
import { probeMedia } from './probe-media.js'
import { rangeSource } from './range-source.js'
import { type MediaUpload, receive, refuseDeclared } from './receive.js'
import { requireRoom } from './room.js'

/** Where a media file's bytes are kept. */
export const mediaKey = (media: Pick<Media, 'id' | 'workspaceId'>): string =>
  `${media.workspaceId}/${media.id}`

/**
 * Stores a file as it comes and looks at what it is; the type is found in the content, whatever its name says. Of a file that is
 * refused nothing is left.
 * @throws PostMcpError `payload_too_large`, `media_type_unsupported`, `media_invalid`, `storage_full`, `storage_unavailable`
 */
export async function addMedia(core: CoreContext, scope: Scope, upload: MediaUpload): Promise<Media> {
  const { workspaceId } = scope
  refuseDeclared(upload.declaredBytes, core.mediaLimits.maxBytes)
  await requireRoom(core.media, upload.declaredBytes ?? 0)
  const now = core.clock.now()
  const id = newId('media', now)
  const key = mediaKey({ id, workspaceId })
  await core.store.media.beginUpload(workspaceId, id)
  try {
    const incoming = receive(core, { workspaceId, id }, upload)
    await core.media.put(key, incoming.content)
    const found = incoming.found()
    const facts = await probeMedia(rangeSource(core.media, key, found.bytes))
    const { fileName } = upload
    const media: Media = { id, workspaceId, ...facts, ...found, fileName, createdAt: now, deletedAt: null }
    if (await core.store.transaction((tx) => tx.media.insert(media))) return media
    throw new PostMcpError('media_invalid', 'The upload took so long that it was given up.', {
      nextAction: 'Upload the file again.',
    })
  } catch (error) {
    await discard(core, { workspaceId, id })
    throw isDiskFull(error)
      ? new PostMcpError('storage_full', 'There is no room left to keep this file.')
      : error
  }
}

/** What cannot be removed now the worker removes later: it finds the upload that never came to an end. */
async function discard(core: CoreContext, media: Pick<Media, 'id' | 'workspaceId'>): Promise<void> {
  try {
    await core.media.delete(mediaKey(media))
    await core.store.media.endUpload(media.workspaceId, media.id)
  } catch (error) {
    const code = error instanceof PostMcpError ? error.code : 'internal_error'
    core.logger.warn({ mediaId: media.id, code }, 'what is left of an upload is removed later')
  }
}

const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
