import type { Manifest, PostLimits } from '@postmcp/core'

/** Of all pictures of a Pin together: it has one alt text. */
export const maxAltText = 500

/** Unverified: 20 MB and 32 MB are both told; half of the smaller one is safe. */
const maxImageBytes = 10_000_000

/**
 * What one Pin may hold. The numbers of videos are told by others than Pinterest.
 * @see https://github.com/pinterest/api-description v5/openapi.json, PinCreate (5.23.0, 2025-12)
 */
export const limits = {
  text: [{ unit: 'code_points', max: 800 }],
  textOnly: false,
  textIsDescription: true,
  title: { required: false, limits: [{ unit: 'code_points', max: 100 }] },
  images: {
    max: 5,
    mimeTypes: ['image/jpeg', 'image/png'],
    maxBytes: maxImageBytes,
    maxAltTextGraphemes: maxAltText,
  },
  videos: {
    max: 1,
    mimeTypes: ['video/mp4', 'video/quicktime'],
    maxBytes: 2_000_000_000,
    maxAltTextGraphemes: maxAltText,
    seconds: { min: 4, max: 900 },
    ratio: { min: 0.5, max: 1.91 },
    videoCodecs: ['avc', 'hevc'],
    thumbnail: { mimeTypes: ['image/jpeg', 'image/png'], maxBytes: maxImageBytes },
  },
  linkCard: { withImages: true },
} satisfies PostLimits

/** What users can choose for a Pin. */
export const options = [
  {
    name: 'boardSectionId',
    label: 'Section',
    description: 'Number of the section of the board that the Pin is put into.',
    type: 'string',
  },
  {
    name: 'dominantColor',
    label: 'Colour',
    description: 'The colour shown while the picture loads, such as #6e7874.',
    type: 'string',
  },
  {
    name: 'coverIndex',
    label: 'First picture',
    description: 'Which of several pictures is shown first; the first is 0.',
    type: 'integer',
    default: 0,
  },
  {
    name: 'coverSeconds',
    label: 'Cover of a video',
    description:
      'Where in the video its cover is taken from, in whole seconds; a thumbnail of the post takes its place.',
    type: 'integer',
    default: 0,
  },
] satisfies Manifest['publish']['options']
