import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import type { MediaId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import { mediaKey } from './add-media.js'

const sweepEveryMs = 60 * 60 * 1000

/** Files that are looked at in one go. */
const batch = 100
/** An upload says at least once a minute that it lives. */
const abandonedAfterSeconds = 60 * 60

/**
 * Deletes a file's content; what is known of it stays. May be repeated.
 * @throws PostMcpError `not_found`; `conflict` while a post that is not published yet uses it
 */
export async function deleteMedia(core: CoreContext, scope: Scope, id: MediaId): Promise<void> {
  const { workspaceId } = scope
  const outcome = await core.store.transaction(async (tx) => {
    const done = await tx.media.delete(workspaceId, id, core.clock.now())
    if (done === 'deleted') {
      const entry = { workspaceId, actor: scope.actor, action: 'media.deleted', subjectId: id, details: {} }
      await tx.audit.add(entry, core.clock.now())
    }
    return done
  })
  if (outcome === 'not_found') throw new PostMcpError('not_found', `There is no media ${id}.`)
  if (outcome === 'in_use') {
    throw new PostMcpError('conflict', `The media ${id} is used by a post that is not published yet.`, {
      nextAction: 'Cancel that post first, or wait until it is published.',
    })
  }
  await core.media.delete(mediaKey({ workspaceId, id }))
  await core.store.media.noteContentDeleted(workspaceId, id)
}

/**
 * Deletes the content of files that nobody has used for long, that somebody deleted while the storage did not answer, and what is
 * left of uploads that never came to an end.
 */
export async function deleteUnusedMedia(core: CoreContext): Promise<{ more: boolean }> {
  const { keepDays } = core.mediaLimits
  const abandoned = await core.store.media.takeAbandonedUploads(abandonedAfterSeconds, batch)
  for (const upload of abandoned) {
    await core.media.delete(mediaKey(upload))
    await core.store.media.endUpload(upload.workspaceId, upload.id)
  }
  const { toDelete, looked } = await core.store.transaction((tx) =>
    tx.media.takeToDelete(core.clock.now(), keepDays, batch),
  )
  for (const file of toDelete) {
    await core.media.delete(mediaKey(file))
    await core.store.media.noteContentDeleted(file.workspaceId, file.id)
  }
  return { more: looked === batch || abandoned.length === batch }
}

/**
 * Has the storage remove what processes left behind, once an hour.
 * @param sweptAt when it last did, in milliseconds
 * @returns when it last did now
 */
export async function sweepStorage(core: CoreContext, sweptAt: number): Promise<number> {
  if (Date.now() - sweptAt < sweepEveryMs) return sweptAt
  try {
    await core.media.sweep()
  } catch (error) {
    // Some services do not list what was begun; then it is theirs to end.
    const code = error instanceof PostMcpError ? error.code : 'internal_error'
    core.logger.warn({ code }, 'what broken uploads left in the storage could not be removed')
  }
  return Date.now()
}
