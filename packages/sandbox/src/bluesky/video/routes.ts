import { type Context, Hono } from 'hono'
import { answerXrpcError, XrpcError } from '../errors.js'
import type { Pds } from '../pds.js'
import { UPLOAD_BLOB } from '../repo-methods.js'
import { peekServiceToken, readServiceToken, type ServiceClaims } from '../service-tokens.js'
import { serviceDid } from '../sessions.js'
import { VIDEO_TYPES } from './processing.js'
import { UploadRefusal } from './upload-refusal.js'
import { type JobStatus, VideoJobs } from './video-jobs.js'

/** Whom tokens for the service itself name, as the real one is called; it has no name of its own on this machine. */
const VIDEO_SERVICE = 'did:web:video.bsky.app'
const MAX_BYTES = 300_000_000

const REFUSED = {
  bytes: 'User has exceeded daily upload bytes limit',
  videos: 'User has exceeded daily upload videos limit',
  email: 'Confirm your email address to upload videos',
} as const

/**
 * The video service, which is another server than anybody's PDS: takes a video, works on it, and puts what it has made into the
 * repository of the account. Its answers are as Bluesky's own client reads them, and not always as the lexicon says.
 * @see https://github.com/bluesky-social/atproto/issues/3097 and social-app src/lib/media/video (2026-08)
 */
export function createVideoService(pds: Pds): Hono {
  const { kit } = pds
  const jobs = new VideoJobs(kit)
  const app = new Hono()
  app.onError((error, c) => (error instanceof UploadRefusal ? error.answer(c) : answerXrpcError(error, c)))

  app.post('/xrpc/app.bsky.video.uploadVideo', async (c) => {
    const did = c.req.query('did') ?? ''
    const { exp } = readUploadToken(c, did)
    const type = c.req.header('content-type')?.split(';')[0]?.trim() ?? ''
    if (!VIDEO_TYPES.includes(type)) throw new UploadRefusal(400, `unsupported content type: ${type}`)
    refuseTooLarge(Number(c.req.header('content-length') ?? 0))
    const bytes = new Uint8Array(await c.req.arrayBuffer())
    refuseTooLarge(bytes.byteLength)
    if (isUnconfirmed(did)) {
      // Of this one alone it was seen that it is wrapped as the lexicon says.
      return c.json({ jobStatus: { did: '', error: 'unconfirmed_email', jobId: '', state: '' } }, 400)
    }
    const done = jobs.findDone(did, bytes)
    if (done) return c.json(alreadyExists(done), 409)
    const problem = limitReached(did, bytes.byteLength)
    if (problem) throw new UploadRefusal(400, problem)
    return c.json(jobs.start(did, bytes, exp * 1000))
  })

  app.get('/xrpc/app.bsky.video.getJobStatus', (c) => {
    const jobId = c.req.query('jobId')
    if (!jobId) throw new UploadRefusal(400, 'missing jobId')
    const jobStatus = jobs.status(jobId)
    if (!jobStatus) throw new UploadRefusal(404, 'job not found')
    return c.json({ jobStatus })
  })

  app.get('/xrpc/app.bsky.video.getUploadLimits', (c) => {
    const wanted = { aud: VIDEO_SERVICE, lxm: 'app.bsky.video.getUploadLimits' }
    const { iss } = readServiceToken(kit, bearerOf(c), wanted)
    const { videos, bytes } = jobs.remaining(iss)
    const message = isUnconfirmed(iss) ? REFUSED.email : limitReached(iss, 1)
    return c.json({
      canUpload: message === null,
      remainingDailyVideos: videos,
      remainingDailyBytes: bytes,
      ...(message !== null && { message }),
    })
  })

  app.all('/xrpc/:nsid', () => {
    throw new XrpcError(501, 'MethodNotImplemented', 'Method Not Implemented')
  })

  /** The token is not for the service but for the PDS: the service uploads with it. */
  function readUploadToken(c: Context, did: string): ServiceClaims {
    const token = bearerOf(c)
    const aud = serviceDid(kit)
    const named = peekServiceToken(token)?.aud
    if (named !== undefined && named !== aud) {
      const problem = `invalid token audience "${named}", should be the user's PDS DID "${aud}"`
      throw new UploadRefusal(401, `invalid token: ${problem}`)
    }
    try {
      const claims = readServiceToken(kit, token, { aud, lxm: UPLOAD_BLOB })
      if (claims.iss === did) return claims
    } catch (error) {
      if (!(error instanceof XrpcError)) throw error
      throw new UploadRefusal(401, `invalid token: ${error.message}`)
    }
    throw new UploadRefusal(401, 'invalid token: it is of another account')
  }

  function refuseTooLarge(size: number): void {
    if (size > MAX_BYTES)
      throw new UploadRefusal(
        400,
        `file size (${size} bytes) is larger than the maximum allowed size (${MAX_BYTES} bytes)`,
      )
  }

  function limitReached(did: string, size: number): string | null {
    const { videos, bytes } = jobs.remaining(did)
    if (videos === 0) return REFUSED.videos
    return size > bytes ? REFUSED.bytes : null
  }

  const isUnconfirmed = (did: string) => kit.world.person(did)?.condition === 'unconfirmed_email'
  return app
}

const bearerOf = (c: Context) => /^bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? ''

const alreadyExists = ({ jobId, did }: JobStatus) => ({
  did,
  error: 'already_exists',
  jobId,
  message: 'Video already processed',
  state: 'JOB_STATE_COMPLETED',
})
