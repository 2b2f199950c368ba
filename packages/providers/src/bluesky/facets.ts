import type { AppBskyRichtextFacet } from '@atproto/api'
import type { ProviderContext } from '@postmcp/core'
import { isHandle, resolveHandle } from './identity.js'

/** A stretch of text, in UTF-8 bytes with the end exclusive, and what it is: link, mention or tag. */
export interface Facet {
  index: { byteStart: number; byteEnd: number }
  features: Record<string, unknown>[]
}

const mention = 'app.bsky.richtext.facet#mention'

/**
 * Finds links, mentions and tags in a text; without facets all of it would stay plain. A mention of nobody stays plain
 * text. That somebody cannot be looked up just now is an error: the post would go out without them.
 * @see https://docs.bsky.app/docs/advanced-guides/post-richtext (2026-11-22)
 */
export async function detectFacets(ctx: ProviderContext, text: string): Promise<Facet[]> {
  // Imported here: it takes 150 ms that only publishing needs.
  const { RichText } = await import('@atproto/api')
  const richText = new RichText({ text })
  // With its resolving variant the library would call the network past our guard.
  richText.detectFacetsWithoutResolution()
  const found = richText.facets ?? []
  const dids = await resolveAll(ctx, new Set(found.flatMap(mentionedHandles)))
  return found.flatMap((facet) => withDids(facet, dids))
}

const mentionedHandles = (facet: AppBskyRichtextFacet.Main): string[] =>
  facet.features.flatMap((feature) =>
    feature.$type === mention && 'did' in feature ? [String(feature.did)] : [],
  )

async function resolveAll(ctx: ProviderContext, names: Set<string>): Promise<Map<string, string | null>> {
  const resolve = async (name: string): Promise<[string, string | null]> => {
    const handle = name.toLowerCase()
    return [name, isHandle(handle) ? await resolveHandle(ctx, handle) : null]
  }
  return new Map(await Promise.all([...names].map(resolve)))
}

/** The facet as it is published: the library leaves the handle in a mention's `did`, which must never go out. */
function withDids({ index, features }: AppBskyRichtextFacet.Main, dids: Map<string, string | null>): Facet[] {
  const { byteStart, byteEnd } = index
  const kept = features.flatMap((feature): Record<string, unknown>[] => {
    if (feature.$type !== mention) return [{ ...feature }]
    const did = 'did' in feature ? dids.get(String(feature.did)) : undefined
    return did ? [{ $type: mention, did }] : []
  })
  return kept.length > 0 ? [{ index: { byteStart, byteEnd }, features: kept }] : []
}
