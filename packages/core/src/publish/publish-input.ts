import type { CoreContext } from '../core-context.js'
import { mediaKey } from '../media/add-media.js'
import type { Account } from '../model/account.js'
import { PostMcpError } from '../model/errors.js'
import type { WorkspaceId } from '../model/ids.js'
import type { Media } from '../model/media.js'
import type { Content, Post } from '../model/post.js'
import type { GrantAccess, PublishInput, PublishMedia } from '../provider/provider.js'
import { openTarget } from '../refresh/target-access.js'

/** The files of a content, in its order; undefined for one that is not there. */
export async function mediaOf(
  core: CoreContext,
  workspaceId: WorkspaceId,
  content: Content,
): Promise<(Media | undefined)[]> {
  const found = await core.store.media.getMany(
    workspaceId,
    content.media.map((item) => item.mediaId),
  )
  return content.media.map((item) => found.find((media) => media.id === item.mediaId))
}

/** What a provider needs to publish a post. The dedupe key must have been chosen. */
export async function publishInput(
  core: CoreContext,
  post: Post & { dedupeKey: string },
  content: Content,
  account: Account,
  access: GrantAccess,
): Promise<PublishInput> {
  const files = await mediaOf(core, post.workspaceId, content)
  const media = content.media.map((item, index): PublishMedia => {
    const file = files[index]
    if (!file) throw new PostMcpError('media_invalid', `The media ${item.mediaId} is no longer there.`)
    return {
      mimeType: file.mimeType,
      bytes: file.bytes,
      width: file.width,
      height: file.height,
      altText: item.altText ?? '',
      async read() {
        const bytes = await core.media.get(mediaKey(file))
        if (bytes) return bytes
        throw new PostMcpError('media_invalid', `The content of media ${file.id} is no longer there.`)
      },
    }
  })
  return {
    access,
    account: await openTarget(core, account),
    content: { ...content, media },
    dedupeKey: post.dedupeKey,
    startedAt: core.clock.now(),
  }
}
