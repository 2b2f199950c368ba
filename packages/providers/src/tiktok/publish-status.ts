import { type GrantAccess, PlatformError, type ProviderContext } from '@postmcp/core'
import { z } from 'zod'
import { callApi } from './api.js'

/** Where TikTok stands with a post. */
export interface PublishStatus {
  status: 'uploading' | 'downloading' | 'in_inbox' | 'complete'
  /** Known once a public post has passed moderation; a 64-bit number. */
  postId: string | null
  /** Null where it is not told. */
  uploadedBytes: number | null
}

const statuses: Record<string, PublishStatus['status']> = {
  PROCESSING_UPLOAD: 'uploading',
  PROCESSING_DOWNLOAD: 'downloading',
  SEND_TO_USER_INBOX: 'in_inbox',
  PUBLISH_COMPLETE: 'complete',
}

/** @see https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status (2026-11-22) */
const statusForm = z.object({
  status: z.enum([
    'PROCESSING_UPLOAD',
    'PROCESSING_DOWNLOAD',
    'SEND_TO_USER_INBOX',
    'PUBLISH_COMPLETE',
    'FAILED',
  ]),
  fail_reason: z.string().optional(),
  // Spelled so; the ids are numbers that do not fit into one, and come as text from our client.
  publicaly_available_post_id: z.array(z.union([z.string(), z.number()])).default([]),
  uploaded_bytes: z.number().optional(),
})

/** What a reason says, in words that help. */
const words: Record<string, string> = {
  file_format_check_failed: 'It does not take this kind of file',
  duration_check_failed: 'The video is too long or too short for this account',
  frame_rate_check_failed: 'The frame rate of the video is not supported',
  picture_size_check_failed: 'The pictures are too small or too large',
  spam_risk: 'It takes the post for spam',
  spam_risk_text: 'It takes the text for spam',
  internal: 'Something went wrong at TikTok; retry the post',
  video_pull_failed: 'It could not fetch the video from here; retry the post',
  photo_pull_failed: 'It could not fetch the photos from here; retry the post',
  publish_cancelled: 'The post was cancelled',
}

/** No answer of TikTok has this status; a post that failed is told with 200. */
const failedStatus = 422

/** Whether an error says that TikTok took a post and did not publish it. */
export const isFailedPost = (error: unknown): boolean =>
  error instanceof PlatformError && error.status === failedStatus

/**
 * Asks where TikTok stands with a post.
 * @throws PlatformError for one that failed, which then is not public; `platformCode` is the reason, verbatim
 */
export async function readStatus(
  ctx: ProviderContext,
  { tokens }: GrantAccess,
  publishId: string,
): Promise<PublishStatus> {
  const told = await callApi(ctx, {
    method: 'POST',
    path: '/v2/post/publish/status/fetch/',
    body: JSON.stringify({ publish_id: publishId }),
    token: tokens.accessToken,
    data: statusForm,
  })
  const { status, fail_reason = 'failed', publicaly_available_post_id: ids, uploaded_bytes } = told
  const known = statuses[status]
  if (known === undefined) {
    const said = words[fail_reason] ?? `It gave the reason ${fail_reason}`
    const message = `TikTok took the post and did not publish it. ${said}.`
    throw new PlatformError({ status: failedStatus, platformCode: fail_reason, message })
  }
  const [id] = ids
  return {
    status: known,
    postId: id === undefined ? null : String(id),
    uploadedBytes: uploaded_bytes ?? null,
  }
}
