import type { CoreContext } from '../core-context.js'
import { mediaKey } from '../media/add-media.js'
import { fileNameOf, mediaUrl } from '../media/media-url.js'
import type { Account } from '../model/account.js'
import { PostMcpError } from '../model/errors.js'
import type { Grant } from '../model/grant.js'
import type { MediaId, WorkspaceId } from '../model/ids.js'
import type { Media } from '../model/media.js'
import type { Content, ContentOverrides, Post } from '../model/post.js'
import type { MediaKind, Provider, PublishInput, PublishMedia } from '../provider/provider.js'
import { decideContent, decideOptions, kindOf } from './target-content.js'
import { type Files, limitsOf } from './validate.js'

/** Long enough for a platform to fetch a large file, and to come back for it. */
const urlSeconds = 6 * 60 * 60

/** The files that contents name, thumbnails included. */
export const mediaIdsOf = (contents: readonly ContentOverrides[]): MediaId[] => [
  ...new Set(
    contents
      .flatMap(({ media = [] }) => media)
      .flatMap(({ mediaId, thumbnailId }) =>
        thumbnailId === undefined ? [mediaId] : [mediaId, thumbnailId],
      ),
  ),
]

/** The files that contents name, by id; what is not there is absent. */
export async function filesOf(
  core: CoreContext,
  workspaceId: WorkspaceId,
  contents: readonly ContentOverrides[],
): Promise<Files> {
  const found = await core.store.media.getMany(workspaceId, mediaIdsOf(contents))
  return new Map(found.map((file) => [file.id, file]))
}

/** What a provider needs to publish a post. The dedupe key must have been chosen. */
export async function publishInput(
  core: CoreContext,
  post: Post & { dedupeKey: string },
  whom: { content: Content; account: Account; grant: Grant | undefined; provider: Provider },
  given: Pick<PublishInput, 'access' | 'account' | 'secrets'>,
): Promise<PublishInput> {
  const { provider } = whom
  const limits = limitsOf(whom)
  const decided = decideContent(whom.content, post.target, limits)
  const files = await filesOf(core, post.workspaceId, [decided])
  const toMedia = (id: MediaId, altText: string, thumbnail: PublishMedia | null): PublishMedia => {
    const file = files.get(id)
    if (!file || file.deletedAt)
      throw new PostMcpError('media_invalid', `The media ${id} is no longer there.`)
    return publishMedia(core, file, kindOf(file, limits), altText, thumbnail)
  }
  const media = decided.media.map(({ mediaId, altText, thumbnailId }) =>
    toMedia(mediaId, altText ?? '', thumbnailId === undefined ? null : toMedia(thumbnailId, '', null)),
  )
  return {
    ...given,
    content: { ...decided, media },
    options: decideOptions(provider.manifest, post.target.options),
    dedupeKey: post.dedupeKey,
    startedAt: core.clock.now(),
  }
}

function publishMedia(
  core: CoreContext,
  file: Media,
  kind: MediaKind,
  altText: string,
  thumbnail: PublishMedia | null,
): PublishMedia {
  const gone = () => new PostMcpError('media_invalid', `The content of media ${file.id} is no longer there.`)
  async function* open(range: { start: number; end: number }): AsyncIterable<Uint8Array> {
    const chunks = await core.media.open(mediaKey(file), range)
    if (!chunks) throw gone()
    yield* chunks
  }
  const { id, mimeType, bytes, sha256, width, height, durationMs } = file
  return {
    id,
    kind,
    mimeType,
    bytes,
    sha256,
    fileName: fileNameOf(file),
    width,
    height,
    durationMs,
    altText,
    thumbnail,
    async read() {
      const whole = new Uint8Array(bytes)
      let at = 0
      for await (const chunk of open({ start: 0, end: bytes })) {
        whole.set(chunk, at)
        at += chunk.byteLength
      }
      if (at !== bytes) throw gone()
      return whole
    },
    stream(range = { start: 0, end: bytes }) {
      return { bytes: range.end - range.start, open: () => open(range) }
    },
    url: () => mediaUrl(core, file, { expiresInSeconds: urlSeconds }),
  }
}
