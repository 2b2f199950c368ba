import type { LimitedTarget, PostLimits } from '@postmcp/core'

/**
 * What every account may post.
 * @see https://docs.x.com/x-api/media/quickstart/best-practices (2026-11-22)
 */
export const postLimits: PostLimits = {
  text: [{ unit: 'weighted', max: 280 }],
  textOnly: true,
  images: {
    max: 4,
    mimeTypes: ['image/jpeg', 'image/png', 'image/webp', 'image/gif'],
    maxBytes: 5_000_000,
    maxAltTextGraphemes: 1000,
  },
  animations: {
    max: 1,
    mimeTypes: ['image/gif'],
    maxBytes: 15_000_000,
    maxAltTextGraphemes: 1000,
    width: { max: 1280 },
    height: { max: 1080 },
    maxFrames: 350,
  },
  videos: {
    max: 1,
    mimeTypes: ['video/mp4', 'video/quicktime'],
    // Premium accounts may send twice that, which is more than fits into a thousand parts of the size X takes.
    maxBytes: 8_000_000_000,
    // Whether alt texts of videos are shown is not documented.
    maxAltTextGraphemes: 0,
    // The greatest dimensions named there, 1280x1024, contradict the portrait sizes beside them.
    width: { min: 32 },
    height: { min: 32 },
    ratio: { min: 1 / 3, max: 3 },
    seconds: { min: 0.5, max: 20 * 60 },
    frameRate: { max: 60 },
    videoCodecs: ['avc'],
    audioCodecs: ['aac'],
  },
  maxMedia: 4,
  // X's own composer takes threads of 25 posts; whether the API has an end is not documented.
  replies: { max: 24 },
}

/** Posts of Premium accounts may be long. @see https://docs.x.com/changelog (2024-08-20) */
const premiumTextLimit = 25_000
const premiumVideoSeconds = 125 * 60
const premium = ['Premium', 'PremiumPlus']

/** A subscription, as X told it when the account was last looked at, raises some limits. */
export function limitsOf({ settings }: Pick<LimitedTarget, 'settings'>): PostLimits {
  if (!premium.includes(String(settings.subscriptionType))) return postLimits
  const { videos } = postLimits
  return {
    ...postLimits,
    text: [{ unit: 'weighted', max: premiumTextLimit }],
    ...(videos && { videos: { ...videos, seconds: { min: 0.5, max: premiumVideoSeconds } } }),
  }
}

/** How many pixels all pictures of an animation may have together. */
export const maxAnimationPixels = 300_000_000
