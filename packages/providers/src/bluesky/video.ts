import {
  type GrantAccess,
  type Json,
  MalformedResponseError,
  PlatformError,
  type ProviderContext,
  type PublishMedia,
} from '@postmcp/core'
import { z } from 'zod'
import { endpoint } from './identity.js'
import { tokenOf } from './proof.js'
import { serviceOf } from './session.js'
import { blobForm, xrpc } from './xrpc.js'

/** The service uploads to the account's server while it works; longer than this it is not waited for. */
const tokenSeconds = 30 * 60

/** Of a step; see `Timings.step` of core. */
const uploadTimeoutMs = 290_000

const jobForm = z.object({
  /** Empty where there is none. */
  jobId: z.string(),
  state: z.string().optional(),
  blob: blobForm.optional(),
  error: z.string().optional(),
  failureCode: z.string().optional(),
  message: z.string().optional(),
})
/** Some answers carry the job without its wrapper. @see https://github.com/bluesky-social/atproto/issues/3097 (2026-11-22) */
const jobAnswer = z.union([z.object({ jobStatus: jobForm }).transform(({ jobStatus }) => jobStatus), jobForm])
type Job = z.infer<typeof jobAnswer>

/**
 * Hands a video to the video service, which puts what it makes of it into the account's repository. May be repeated: bytes that
 * were handed over before lead to the same job.
 * @returns the id of the job
 * @see https://docs.bsky.app/docs/tutorials/video (2026-11-22)
 */
export async function uploadVideo(
  ctx: ProviderContext,
  access: GrantAccess,
  video: PublishMedia,
): Promise<string> {
  const service = serviceOf(access)
  const { did } = await xrpc(ctx, {
    service,
    method: 'com.atproto.server.describeServer',
    query: {},
    answer: z.object({ did: z.string().startsWith('did:') }),
  })
  const { token } = await xrpc(ctx, {
    service,
    method: 'com.atproto.server.getServiceAuth',
    query: {
      aud: did,
      lxm: 'com.atproto.repo.uploadBlob',
      exp: String(Math.floor(ctx.clock.now().getTime() / 1000) + tokenSeconds),
    },
    token: tokenOf(access),
    answer: z.object({ token: z.string().min(1) }),
  })
  const job = await xrpc(ctx, {
    service: endpoint(ctx, 'video'),
    method: 'app.bsky.video.uploadVideo',
    parameters: { did: access.subject, name: `${video.sha256.slice(0, 24)}.mp4` },
    token,
    body: { type: video.mimeType, content: video.stream() },
    timeoutMs: uploadTimeoutMs,
    // 409: the same bytes were handed over before; the answer names their job. 400: a refusal that looks like a job.
    accepted: [200, 400, 409],
    answer: jobAnswer,
  })
  if (job.jobId === '') throw failureOf(job)
  return job.jobId
}

/**
 * What has become of a job.
 * @returns the blob of the video, or null while the service works on it
 * @throws PlatformError when it cannot be made into a video
 */
export async function findVideo(ctx: ProviderContext, jobId: string): Promise<Json | null> {
  const job = await xrpc(ctx, {
    service: endpoint(ctx, 'video'),
    method: 'app.bsky.video.getJobStatus',
    query: { jobId },
    answer: jobAnswer,
  })
  if (job.state === 'JOB_STATE_FAILED') throw failureOf(job)
  if (job.state !== 'JOB_STATE_COMPLETED') return null
  if (job.blob) return job.blob
  throw new MalformedResponseError('The video service finished a video without saying where it is.')
}

const words: Record<string, string> = {
  unconfirmed_email:
    'Confirm the e-mail address of the account first; until then Bluesky takes no videos of it',
}

const failureOf = ({ failureCode, error, message }: Job): PlatformError =>
  new PlatformError({
    status: 400,
    platformCode: failureCode ?? (error === 'unconfirmed_email' ? error : 'video_refused'),
    message: message ?? words[error ?? ''] ?? error ?? 'The video could not be processed.',
  })

/** A video as a post shows it. */
export const videoEmbed = (blob: Json, { altText, width, height }: PublishMedia): Json => ({
  $type: 'app.bsky.embed.video',
  video: blob,
  ...(altText !== '' && { alt: altText }),
  ...(width !== null && height !== null && { aspectRatio: { width, height } }),
})
