import {
  type Json,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  type PublishInput,
  type PublishStep,
  type SentPost,
} from '@postmcp/core'
import { z } from 'zod'
import { callApi, endpoint, nothing } from './api.js'
import { findPin } from './find-pin.js'
import { isVideoReady, registerVideo, uploadVideo } from './media-upload.js'
import { bodyOf, describePin } from './pin-request.js'

const uploadForm = z.object({ at: z.literal('upload'), mediaId: z.string(), tries: z.int() })
const processingForm = z.object({ at: z.literal('processing'), mediaId: z.string(), looks: z.int() })
/** The request is text, so that its bytes stay the same; those of the pictures are put in when it is sent. */
const pinForm = z.object({ at: z.literal('pin'), request: z.string() })

const checkpointForm = z.discriminatedUnion('at', [uploadForm, processingForm, pinForm])

/** The permission to upload may run out before the upload begins. */
const mostTries = 3

/** Registers a video, or prepares the Pin; nothing is public after it. */
export async function startPublish(ctx: ProviderContext, input: PublishInput): Promise<PublishStep> {
  return input.content.media[0]?.kind === 'video' ? register(ctx, input, 1) : pin(input, null)
}

async function register(ctx: ProviderContext, { access }: PublishInput, tries: number): Promise<PublishStep> {
  const { mediaId, upload } = await registerVideo(ctx, access)
  const checkpoint = { at: 'upload', mediaId, tries } as const
  return { type: 'wait', checkpoint, resumeAfterSeconds: 0, secrets: { upload } }
}

const pin = (input: PublishInput, mediaId: string | null): PublishStep => ({
  type: 'send',
  checkpoint: { at: 'pin', request: describePin(input, mediaId) },
})

/** Uploads a video, looks whether it is ready, or creates the Pin. */
export async function continuePublish(
  ctx: ProviderContext,
  input: PublishInput,
  checkpoint: Json,
): Promise<PublishStep> {
  const state = checkpointForm.parse(checkpoint)
  if (state.at === 'upload') return upload(ctx, input, state)
  if (state.at === 'pin') return createPin(ctx, input, state.request)
  const { mediaId, looks } = state
  return (await isVideoReady(ctx, input.access, mediaId))
    ? pin(input, mediaId)
    : lookLater(mediaId, looks + 1)
}

async function upload(
  ctx: ProviderContext,
  input: PublishInput,
  { mediaId, tries }: z.infer<typeof uploadForm>,
): Promise<PublishStep> {
  const [media] = input.content.media
  if (!media || input.secrets.upload === undefined) {
    throw new PostMcpError('media_invalid', 'There is no video to upload.')
  }
  if (await uploadVideo(ctx, input.secrets.upload, media)) {
    const progress = { uploadedBytes: media.bytes, totalBytes: media.bytes }
    return { ...lookLater(mediaId, 0), progress }
  }
  if (tries < mostTries) return register(ctx, input, tries + 1)
  const message = 'The storage of Pinterest does not take the video.'
  throw new PlatformError({ status: 403, platformCode: null, message })
}

/** Videos take seconds to minutes. */
const lookLater = (mediaId: string, looks: number) => ({
  type: 'wait' as const,
  checkpoint: { at: 'processing' as const, mediaId, looks },
  resumeAfterSeconds: looks < 12 ? 5 : looks < 60 ? 20 : 120,
})

const createdPin = z.object({ id: z.string().regex(/^\d+$/) })

async function createPin(ctx: ProviderContext, input: PublishInput, request: string): Promise<PublishStep> {
  const { id } = await callApi(ctx, {
    method: 'POST',
    path: '/pins',
    body: bodyOf(request, input.content),
    access: input.access,
    answer: createdPin,
  })
  return done(ctx, input, id)
}

const done = (ctx: ProviderContext, { account }: Pick<PublishInput, 'account'>, id: string): PublishStep => ({
  type: 'done',
  sent: {
    kind: 'post',
    visibility: seenBy[String(account.settings.privacy)] ?? 'public',
    platformPostId: id,
    permalink: `${endpoint(ctx, 'www')}/pin/${id}/`,
  },
})

/** A Pin is seen by those who see its board. */
const seenBy: Record<string, SentPost['visibility']> = { SECRET: 'private', PROTECTED: 'limited' }

/** Looks for the Pin on its board; see `findPin`. */
export async function findPublished(
  ctx: ProviderContext,
  input: Pick<PublishInput, 'access' | 'account'> & { sentAt: Date },
  checkpoint: Json,
): Promise<PublishStep | null> {
  const state = checkpointForm.parse(checkpoint)
  if (state.at !== 'pin') return null
  const id = await findPin(ctx, input, state.request)
  return id === null ? null : done(ctx, input, id)
}

/** Deletes a Pin; one that is gone already counts as deleted. */
export async function deletePost(
  ctx: ProviderContext,
  { access }: Pick<PublishInput, 'access'>,
  { platformPostId }: SentPost,
): Promise<void> {
  try {
    const path = `/pins/${encodeURIComponent(platformPostId)}`
    await callApi(ctx, { method: 'DELETE', path, access, answer: nothing })
  } catch (error) {
    if (error instanceof PlatformError && error.status === 404) return
    throw error
  }
}
