import type { Media } from '../model/media.js'
import type { Content, MediaItem, PostOptions, TargetContent } from '../model/post.js'
import type { Manifest } from '../provider/manifest.js'
import type { PostLimits } from '../provider/post-limits.js'
import type { MediaKind, PublishContent } from '../provider/provider.js'

/** A content with everything decided about it for one target; its files still by their ids. */
export type DecidedContent = Omit<PublishContent, 'media'> & { media: MediaItem[] }

/** The group's content with what is different for this target. */
export const mergeContent = (content: Content, { overrides = {} }: TargetContent): Content => ({
  ...content,
  ...Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined)),
})

/**
 * What a target gets: its overrides in place of the group's fields, the description where the platform has descriptions, the link
 * in the text where the platform has no place for it. Pure; validation and publishing see the same.
 */
export function decideContent(content: Content, target: TargetContent, limits: PostLimits): DecidedContent {
  const { description, link, replies, visibility, ...rest } = mergeContent(content, target)
  const hasCard = limits.linkCard !== undefined && (rest.media.length === 0 || limits.linkCard.withImages)
  const own = limits.textIsDescription && description !== undefined ? description : rest.text
  return {
    ...rest,
    text: link && !hasCard ? withAddress(own, link.url) : own,
    ...(link && hasCard && { link }),
    visibility: visibility ?? limits.visibilities?.[0] ?? 'public',
    replies: replies ?? [],
  }
}

/** The address at the end, unless the text names it already. */
function withAddress(text: string, url: string): string {
  if (text.includes(url)) return text
  return text.trim() === '' ? url : `${text}\n\n${url}`
}

/** What kind of file it is to a platform. */
export const kindOf = (file: Pick<Media, 'kind' | 'isAnimated'>, limits: PostLimits): MediaKind =>
  file.kind === 'image' && file.isAnimated && limits.animations ? 'animation' : file.kind

/** The choices for one platform, with what holds where the user said nothing. */
export function decideOptions({ publish }: Manifest, chosen: PostOptions | undefined): PostOptions {
  const defaults = (publish.options ?? []).flatMap((option) =>
    option.default === undefined ? [] : [[option.name, option.default] as const],
  )
  return { ...Object.fromEntries(defaults), ...chosen }
}
