import type { LimitedTarget, Manifest, PostLimits } from '@postmcp/core'
import { visibilitiesOf } from './privacy.js'

/** The caption of a video, in UTF-16 units; photos have more room. */
export const maxVideoText = 2200

/**
 * What one post may hold.
 * @see https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide (2026-11-22)
 */
export const limits = {
  // The description of photos.
  text: [{ unit: 'utf16_units', max: 4000 }],
  textOnly: false,
  // Of photos; videos have none.
  title: { required: false, limits: [{ unit: 'utf16_units', max: 90 }] },
  images: {
    max: 35,
    // No PNG.
    mimeTypes: ['image/jpeg', 'image/webp'],
    maxBytes: 20_000_000,
    maxAltTextGraphemes: 0,
    // "Up to 1080p": that this is 1920 a side at most is a guess.
    width: { max: 1920 },
    height: { max: 1920 },
  },
  videos: {
    max: 1,
    mimeTypes: ['video/mp4', 'video/quicktime', 'video/webm'],
    maxBytes: 4_000_000_000,
    maxAltTextGraphemes: 0,
    width: { min: 360, max: 4096 },
    height: { min: 360, max: 4096 },
    seconds: { max: 600 },
    frameRate: { min: 23, max: 60 },
    videoCodecs: ['avc', 'hevc', 'vp8', 'vp9'],
  },
  visibilities: ['public', 'followers', 'private'],
} satisfies PostLimits

/** What users can choose for a post. */
export const options = [
  {
    name: 'mode',
    label: 'Mode',
    description:
      'Publish directly, or send a draft to the inbox of the TikTok app, where you finish and publish it yourself within 24 hours. The text of a video does not come along.',
    type: 'string',
    values: ['direct', 'inbox'],
    default: 'direct',
  },
  {
    name: 'privacyLevel',
    label: 'Privacy level',
    description: 'Who may see the post, in TikTok’s own words; takes the place of the visibility.',
    type: 'string',
    values: ['PUBLIC_TO_EVERYONE', 'FOLLOWER_OF_CREATOR', 'MUTUAL_FOLLOW_FRIENDS', 'SELF_ONLY'],
  },
  {
    name: 'disableComment',
    label: 'No comments',
    description: 'Whether comments are switched off.',
    type: 'boolean',
    default: false,
  },
  {
    name: 'disableDuet',
    label: 'No duets',
    description: 'Whether others may not make duets with the video.',
    type: 'boolean',
    default: false,
  },
  {
    name: 'disableStitch',
    label: 'No stitches',
    description: 'Whether others may not put parts of the video into theirs.',
    type: 'boolean',
    default: false,
  },
  {
    name: 'coverTimestampMs',
    label: 'Cover of a video',
    description: 'The picture shown before a video plays, as milliseconds from its beginning.',
    type: 'integer',
  },
  {
    name: 'coverIndex',
    label: 'Cover of photos',
    description: 'Which of the photos is shown first in lists; the first is 0.',
    type: 'integer',
    default: 0,
  },
  {
    name: 'autoAddMusic',
    label: 'Music for photos',
    description: 'Whether TikTok adds recommended music to photos.',
    type: 'boolean',
    default: false,
  },
  {
    name: 'brandContent',
    label: 'Paid partnership',
    description:
      'Whether the post promotes somebody else’s brand; it is then labelled, and cannot be private.',
    type: 'boolean',
    default: false,
  },
  {
    name: 'brandOrganic',
    label: 'Own brand',
    description: 'Whether the post promotes your own business; it is then labelled.',
    type: 'boolean',
    default: false,
  },
  {
    name: 'aiGenerated',
    label: 'Made with AI',
    description: 'Whether the video was made with AI; it is then labelled.',
    type: 'boolean',
    default: false,
  },
] satisfies Manifest['publish']['options']

/** What this account may post, as far as it was told at the last check. */
export function limitsOf({ settings }: LimitedTarget): PostLimits {
  const { privacyLevels, maxVideoSeconds } = settings
  const known = Array.isArray(privacyLevels) ? visibilitiesOf(privacyLevels.map(String)) : []
  const max = typeof maxVideoSeconds === 'number' ? Math.min(600, maxVideoSeconds) : 600
  return {
    ...limits,
    videos: { ...limits.videos, seconds: { max } },
    ...(known.length > 0 && { visibilities: known }),
  }
}
