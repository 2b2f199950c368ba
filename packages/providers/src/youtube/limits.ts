import type { LimitedTarget, Manifest, PostLimits } from '@postmcp/core'
import { scope } from './scopes.js'

type Publish = Manifest['publish']

/** Of channels that did not confirm a phone number. */
const shortUploadSeconds = 15 * 60

/** A guess; see `tagsLength` for what counts besides. */
export const maxTagsLength = 500

/**
 * What one video may be.
 * @see https://developers.google.com/youtube/v3/docs/videos#resource (2026-11-22)
 */
export const limits = {
  // The description.
  text: [{ unit: 'utf8_bytes', max: 5000 }],
  textOnly: false,
  textIsDescription: true,
  // "Characters" are not defined; this is the strictest way of counting them.
  title: { required: true, limits: [{ unit: 'utf16_units', max: 100 }] },
  tags: { all: [{ unit: 'utf16_units', max: maxTagsLength }] },
  videos: {
    max: 1,
    // YouTube takes more kinds of files than we do.
    mimeTypes: ['video/mp4', 'video/quicktime', 'video/webm'],
    maxBytes: 256_000_000_000,
    maxAltTextGraphemes: 0,
    seconds: { max: 12 * 60 * 60 },
    // 2 MB until 2026-09-14: https://developers.google.com/youtube/v3/revision_history
    thumbnail: { mimeTypes: ['image/jpeg', 'image/png'], maxBytes: 50_000_000 },
  },
  // Comments. How long they may be is as many report it, not documented; how many is our limit, for each costs 50 of the day's units.
  replies: { max: 10, text: [{ unit: 'utf16_units', max: 10_000 }], scopes: [scope.forceSsl] },
  visibilities: ['public', 'unlisted', 'private'],
} satisfies PostLimits

/** What users can choose for a video. */
export const options = [
  {
    name: 'categoryId',
    label: 'Category',
    description:
      'Number of the category, such as 22 (People & Blogs), 10 (Music), 27 (Education) or 28 (Science & Technology).',
    type: 'string',
    default: '22',
  },
  {
    name: 'madeForKids',
    label: 'Made for kids',
    description:
      'Whether the video is directed at children. The law of some countries wants this to be true.',
    type: 'boolean',
    default: false,
  },
  {
    name: 'notifySubscribers',
    label: 'Notify subscribers',
    description: 'Whether subscribers are told of the video.',
    type: 'boolean',
    default: true,
  },
  {
    name: 'containsSyntheticMedia',
    label: 'Altered or synthetic',
    description:
      'Whether realistic content was made or altered by AI or other tools, which has to be disclosed.',
    type: 'boolean',
  },
  {
    name: 'embeddable',
    label: 'Embedding',
    description: 'Whether others may show the video on their own pages.',
    type: 'boolean',
    default: true,
  },
  {
    name: 'license',
    label: 'Licence',
    description: 'The standard licence of YouTube, or Creative Commons Attribution.',
    type: 'string',
    values: ['youtube', 'creativeCommon'],
    default: 'youtube',
  },
] satisfies Publish['options']

/** A channel that YouTube does not allow long videos has 15 minutes. What was never told is not held against anybody. */
export function limitsOf({ settings }: LimitedTarget): PostLimits {
  const { longUploads } = settings
  if (longUploads === undefined || longUploads === 'allowed') return limits
  return { ...limits, videos: { ...limits.videos, seconds: { max: shortUploadSeconds } } }
}
