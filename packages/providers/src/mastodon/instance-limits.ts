import {
  type JsonObject,
  MalformedResponseError,
  PlatformError,
  type ProviderContext,
  TransportError,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi } from './api.js'

/** Whatever is not as expected is taken for absent: servers differ, and one odd number must not hide the others. */
const said = <T extends z.ZodType>(form: T) => form.optional().catch(undefined)
const count = said(z.int().positive())

const configuration = z.object({
  statuses: said(
    z.object({
      max_characters: count,
      max_media_attachments: count,
      characters_reserved_per_url: said(z.int().nonnegative().max(1000)),
    }),
  ),
  media_attachments: said(
    z.object({
      supported_mime_types: said(z.array(z.string()).min(1).max(200)),
      description_limit: count,
      image_size_limit: count,
      image_matrix_limit: count,
      video_size_limit: count,
      video_matrix_limit: count,
      video_frame_rate_limit: count,
    }),
  ),
})

const document = z.object({
  configuration: said(configuration),
  // Older servers of other kinds.
  max_toot_chars: count,
})

/**
 * Asks an instance what it takes.
 * @returns what it says, to be kept in settings and read by `allLimits`; null when it cannot be asked at present
 * @see https://docs.joinmastodon.org/entities/Instance/ (2026-11-22)
 */
export async function readInstanceLimits(ctx: ProviderContext, instance: string): Promise<JsonObject | null> {
  for (const version of ['v2', 'v1']) {
    try {
      const url = `${instance}/api/${version}/instance`
      return toLimits(await callApi(ctx, { method: 'GET', url, answer: document }))
    } catch (error) {
      if (error instanceof PlatformError && error.status === 404) continue
      const isPassing =
        error instanceof PlatformError ||
        error instanceof MalformedResponseError ||
        error instanceof TransportError
      if (isPassing) return null
      throw error
    }
  }
  return null
}

function toLimits({
  configuration: found,
  max_toot_chars: maxTootChars,
}: z.infer<typeof document>): JsonObject {
  const { statuses, media_attachments: media } = found ?? {}
  const limits = {
    maxCharacters: statuses?.max_characters ?? maxTootChars,
    charactersPerUrl: statuses?.characters_reserved_per_url,
    maxMedia: statuses?.max_media_attachments,
    altTextLength: media?.description_limit,
    mimeTypes: media?.supported_mime_types?.filter((type) => /^(?:image|video)\//.test(type)),
    imageBytes: media?.image_size_limit,
    imagePixels: media?.image_matrix_limit,
    videoBytes: media?.video_size_limit,
    videoPixels: media?.video_matrix_limit,
    videoFrameRate: media?.video_frame_rate_limit,
  }
  return Object.fromEntries(
    Object.entries(limits).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

const usualTypes = [
  ...['image/jpeg', 'image/png', 'image/gif', 'image/webp'],
  ...['video/mp4', 'video/webm', 'video/quicktime'],
]
const number = (usual: number) => z.number().nonnegative().catch(usual)

/** What an instance takes; what it does not say is as Mastodon has it by default. */
const allLimitsForm = z.object({
  maxCharacters: number(500),
  charactersPerUrl: number(23),
  maxMedia: number(4),
  altTextLength: number(1500),
  mimeTypes: z.array(z.string()).catch(usualTypes),
  imageBytes: number(16_777_216),
  imagePixels: number(33_177_600),
  videoBytes: number(103_809_024),
  videoPixels: number(8_294_400),
  videoFrameRate: number(120),
})

/** All limits of an instance. */
export type InstanceLimits = z.infer<typeof allLimitsForm>

/** The limits of an instance, by what is kept in the settings of an account there. */
export const allLimits = ({ limits }: JsonObject): InstanceLimits => allLimitsForm.parse(limits ?? {})
