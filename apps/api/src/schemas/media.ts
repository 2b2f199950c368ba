import { z } from '@hono/zod-openapi'
import type { Media } from '@postmcp/core'
import { idOf, instant, optionalInstant, toInstant, toOptionalInstant } from './common.js'

export const mediaSchema = z
  .object({
    id: idOf('media'),
    kind: z.enum(['image', 'video']),
    mimeType: z.string(),
    bytes: z.int(),
    sha256: z.string(),
    width: z.int().openapi({ description: 'Pixels, as a viewer shows it.' }),
    height: z.int(),
    durationMs: z.int().nullable().openapi({ description: 'Null for what does not move.' }),
    frameRate: z.number().nullable().openapi({ description: 'Frames per second, on average.' }),
    videoCodec: z
      .string()
      .nullable()
      .openapi({ description: 'Such as avc, hevc, vp9 or av1; null for images.' }),
    audioCodec: z
      .string()
      .nullable()
      .openapi({ description: 'Such as aac or opus; null for what is silent.' }),
    isAnimated: z.boolean().openapi({ description: 'An image with more than one picture.' }),
    frames: z.int().nullable().openapi({ description: 'Pictures of an image; null for videos.' }),
    fileName: z.string().nullable(),
    createdAt: instant,
    deletedAt: optionalInstant.openapi({
      description: 'When the content was deleted, by somebody or because it had not been used for long.',
    }),
  })
  .openapi('Media')

export const shapeMedia = (media: Media): z.output<typeof mediaSchema> => ({
  id: media.id,
  kind: media.kind,
  mimeType: media.mimeType,
  bytes: media.bytes,
  sha256: media.sha256,
  width: media.width,
  height: media.height,
  durationMs: media.durationMs,
  frameRate: media.frameRate,
  videoCodec: media.videoCodec,
  audioCodec: media.audioCodec,
  isAnimated: media.isAnimated,
  frames: media.frames,
  fileName: media.fileName,
  createdAt: toInstant(media.createdAt),
  deletedAt: toOptionalInstant(media.deletedAt),
})
