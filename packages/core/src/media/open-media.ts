import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import type { Media } from '../model/media.js'
import { mediaKey } from './add-media.js'
import type { ByteRange } from './media-storage.js'

/**
 * The content of a file, or a part of it, as it is read.
 * @throws PostMcpError `not_found` when it is not kept any more
 */
export async function openMedia(
  core: Pick<CoreContext, 'media'>,
  media: Media,
  range?: ByteRange,
): Promise<AsyncIterable<Uint8Array>> {
  const content = media.deletedAt === null ? await core.media.open(mediaKey(media), range) : null
  if (content) return content
  throw new PostMcpError('not_found', `The content of media ${media.id} is not kept any more.`)
}
