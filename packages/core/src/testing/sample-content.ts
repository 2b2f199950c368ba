import type { PostLimits } from '../provider/post-limits.js'
import type { Provider, PublishContent } from '../provider/provider.js'
import { decideContent } from '../publish/target-content.js'
import type { SampleFiles } from './sample-files.js'

/** Kinds of posts that every platform is tried with, as far as it has them. */
export const sampleKinds = ['text', 'image', 'images', 'video', 'link', 'replies'] as const
export type SampleKind = (typeof sampleKinds)[number]

/** Why a platform has no post of a kind; null: it has. */
export function whyNot(kind: SampleKind, limits: PostLimits): string | null {
  switch (kind) {
    case 'text':
      return limits.textOnly ? null : 'no post without media'
    case 'image':
      return limits.images ? null : 'no images'
    case 'images':
      return limits.images && limits.images.max > 1 ? null : 'no several images in one post'
    case 'video':
      return limits.videos ? null : 'no videos'
    case 'link':
      return null
    case 'replies':
      return limits.replies ? null : 'no replies or comments by the account itself'
  }
}

/** A post of a kind as the platform takes it; with media also where the platform has no post without. */
export async function sampleContent(
  kind: SampleKind,
  { manifest }: Provider,
  files: SampleFiles,
  text = 'Hello, conformance.',
): Promise<PublishContent> {
  const { limits } = manifest.publish
  const images = kind === 'images' ? 2 : kind === 'image' ? 1 : 0
  const media = await Promise.all(
    Array.from({ length: images }, (_, index) => files.image(index, { altText: `Picture ${index}` })),
  )
  if (kind === 'video') media.push(await files.video())
  if (media.length === 0 && !limits.textOnly)
    media.push(await (limits.images ? files.image() : files.video()))
  const decided = decideContent(
    {
      text,
      media: media.map(({ id }) => ({ mediaId: id })),
      ...(limits.title?.required && { title: 'A title' }),
      ...(kind === 'link' && { link: { url: 'https://example.org/page', title: 'A page' } }),
      ...(kind === 'replies' && { replies: ['And one more thing.'] }),
    },
    {},
    limits,
  )
  return { ...decided, media }
}
