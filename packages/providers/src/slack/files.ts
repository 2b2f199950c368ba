import {
  type GrantAccess,
  MalformedResponseError,
  PlatformError,
  type ProviderContext,
  type PublishMedia,
  retryAfter,
} from '@postmcp/core'
import { z } from 'zod'
import { callSlack } from './api.js'

/** Below what core gives one step: Slack takes a file in one piece. */
const uploadMs = 290_000

const fileId = z.string().regex(/^F[A-Z0-9]+$/)

/**
 * Uploads a file that nobody sees; one that is never shared stays so.
 * @returns its id
 * @see https://docs.slack.dev/messaging/working-with-files (2026-11-22)
 */
export async function uploadFile(
  ctx: ProviderContext,
  { tokens }: GrantAccess,
  file: PublishMedia,
): Promise<string> {
  const { data } = await callSlack(ctx, {
    method: 'files.getUploadURLExternal',
    token: tokens.accessToken,
    form: {
      filename: file.fileName,
      length: String(file.bytes),
      ...(file.kind !== 'video' && file.altText.trim() !== '' && { alt_txt: file.altText }),
    },
    answer: z.object({ upload_url: z.url(), file_id: fileId }),
  })
  // The address is a capability: it goes no further than this call, and the token does not go there.
  const { status, headers } = await ctx.http.request({
    method: 'POST',
    url: data.upload_url,
    headers: { 'content-type': 'application/octet-stream' },
    body: file.stream(),
    timeoutMs: uploadMs,
  })
  if (status === 200) return data.file_id
  if (status !== 413 && status !== 429 && status < 500) {
    throw new MalformedResponseError(`Slack answered the upload of a file with status ${status}.`)
  }
  const words = `Slack answered the upload of ${file.fileName} with status ${status}.`
  const again = retryAfter(headers, ctx.clock.now())
  throw new PlatformError({ status, platformCode: null, message: words, retryAfter: again })
}

const sharesForm = z.record(z.string(), z.array(z.object({ ts: z.string() }))).optional()

/** Under which `ts` a file stands in a channel; null: Slack is still at it, or never will be. */
export async function findShare(
  ctx: ProviderContext,
  { tokens }: GrantAccess,
  channel: string,
  file: string,
): Promise<string | null> {
  const { data } = await callSlack(ctx, {
    method: 'files.info',
    token: tokens.accessToken,
    query: { file },
    answer: z.object({
      file: z.object({ shares: z.object({ public: sharesForm, private: sharesForm }).optional() }),
    }),
  })
  const { shares } = data.file
  return shares?.public?.[channel]?.[0]?.ts ?? shares?.private?.[channel]?.[0]?.ts ?? null
}

/** Whether Slack says that there is no such file. */
export const isGone = (error: unknown): error is PlatformError =>
  error instanceof PlatformError && /^file_(not_found|deleted)$/.test(error.platformCode ?? '')
