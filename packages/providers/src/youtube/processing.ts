import { type GrantAccess, PlatformError, type ProviderContext } from '@postmcp/core'
import { z } from 'zod'
import { callApi } from './api.js'

const status = z.object({
  uploadStatus: z.string(),
  failureReason: z.string().optional(),
  rejectionReason: z.string().optional(),
})

/** Why a video is refused, in words that help. @see https://developers.google.com/youtube/v3/docs/videos#status.uploadStatus (2026-11-22) */
const words: Record<string, string> = {
  codec: 'It cannot play the codec of this file',
  conversion: 'It could not convert the file',
  emptyFile: 'The file is empty',
  invalidFile: 'It does not take this kind of file',
  tooSmall: 'The file is too small',
  uploadAborted: 'The upload was given up',
  claim: 'Somebody claims the content',
  copyright: 'It violates a copyright',
  duplicate: 'The channel has the same video already',
  inappropriate: 'It is against the rules of the community',
  legal: 'It was rejected on legal grounds',
  length: 'It is longer than this channel may upload',
  termsOfUse: 'It is against the terms of use',
  trademark: 'It violates a trademark',
  uploaderAccountClosed: 'The account is closed',
  uploaderAccountSuspended: 'The account is suspended',
}

/**
 * How far YouTube is with a video. Costs 1 unit.
 * @throws PlatformError for one that it refuses; `platformCode` is the reason, verbatim
 */
export async function processingOf(
  ctx: ProviderContext,
  { tokens }: GrantAccess,
  id: string,
): Promise<'going_on' | 'over'> {
  const { items } = await callApi(ctx, {
    path: '/youtube/v3/videos',
    query: { part: 'status', id },
    token: tokens.accessToken,
    answer: z.object({
      kind: z.literal('youtube#videoListResponse'),
      items: z.array(z.object({ status })).default([]),
    }),
  })
  const [found] = items
  // Not listed yet, or deleted by somebody meanwhile.
  if (!found) return 'going_on'
  const { uploadStatus, failureReason, rejectionReason } = found.status
  if (uploadStatus === 'uploaded') return 'going_on'
  if (uploadStatus !== 'failed' && uploadStatus !== 'rejected') return 'over'
  const reason = failureReason ?? rejectionReason ?? uploadStatus
  const said = words[reason] ?? `It gave the reason ${reason}`
  throw new PlatformError({
    status: 422,
    platformCode: reason,
    message: `YouTube took the video and then refused it. ${said}.`,
  })
}
