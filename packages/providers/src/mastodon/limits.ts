import type { LimitedTarget, PostLimits } from '@postmcp/core'
import { allLimits, type InstanceLimits } from './instance-limits.js'

/** The limits of an instance, as it said them when the account was last looked at. */
export const limitsOf = ({ settings }: Pick<LimitedTarget, 'settings'>): PostLimits =>
  toPostLimits(allLimits(settings))

function toPostLimits(limits: InstanceLimits): PostLimits {
  const types = (kind: string) =>
    limits.mimeTypes.filter((type) => type.startsWith(kind) && type !== 'image/gif')
  const [images, videos] = [types('image/'), types('video/')]
  const image = {
    maxBytes: limits.imageBytes,
    maxPixels: limits.imagePixels,
    maxAltTextGraphemes: limits.altTextLength,
  }
  const takesGif = limits.mimeTypes.includes('image/gif')
  return {
    text: [{ unit: 'weighted', max: limits.maxCharacters }],
    textOnly: true,
    ...((images.length > 0 || takesGif) && {
      images: { max: limits.maxMedia, mimeTypes: [...images, ...(takesGif ? ['image/gif'] : [])], ...image },
    }),
    // A GIF that moves becomes a video without sound; whether several may stand together differs, so there is one.
    ...(takesGif && {
      animations: { max: 1, mimeTypes: ['image/gif'], ...image, maxPixels: limits.videoPixels },
    }),
    ...(videos.length > 0 && {
      videos: {
        max: 1,
        mimeTypes: videos,
        maxBytes: limits.videoBytes,
        maxPixels: limits.videoPixels,
        maxAltTextGraphemes: limits.altTextLength,
        frameRate: { max: limits.videoFrameRate },
        thumbnail: { mimeTypes: images, maxBytes: limits.imageBytes },
      },
    }),
    maxMedia: limits.maxMedia,
    // There is no limit but that of requests; so many are a guess at what nobody takes for spam.
    replies: { max: 24 },
    visibilities: ['public', 'unlisted', 'followers'],
  }
}

/** Limits where an instance has said nothing. */
export const postLimits = toPostLimits(allLimits({}))
