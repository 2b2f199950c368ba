import type { CoreContext } from '../core-context.js'
import type { Media } from '../model/media.js'
import type { Scope } from '../model/scope.js'
import { addMedia } from './add-media.js'

/** A file at an address. */
export interface MediaAddress {
  url: string
  /** Default: as the address calls it. */
  fileName: string | null
  signal?: AbortSignal | undefined
}

/**
 * Fetches a file from a public address, now and once: what the address leads to later changes nothing.
 * @throws PostMcpError `address_not_allowed`, `media_fetch_failed`, and those of `addMedia`
 */
export async function addMediaFromUrl(
  core: CoreContext,
  scope: Scope,
  { url, fileName, signal }: MediaAddress,
): Promise<Media> {
  const file = await core.files.download({ url, maxBytes: core.mediaLimits.maxBytes, signal })
  try {
    return await addMedia(core, scope, {
      content: file.content,
      declaredBytes: file.bytes,
      fileName: fileName ?? nameIn(file.url),
    })
  } finally {
    file.close()
  }
}

/** The last part of an address; null where it has none that can be read. */
function nameIn({ pathname }: URL): string | null {
  try {
    return decodeURIComponent(pathname.split('/').at(-1) ?? '').slice(0, 255) || null
  } catch {
    return null
  }
}
