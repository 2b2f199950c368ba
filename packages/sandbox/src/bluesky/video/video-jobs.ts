import { createHash } from 'node:crypto'
import type { PlatformKit } from '../../platform.js'
import { findAccount } from '../accounts.js'
import { type BlobRef, keepBlob } from '../blobs.js'
import { encodeVideo, isVideo } from './processing.js'

/** How far the service is with a video. @see https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/video/defs.json */
export interface JobStatus {
  jobId: string
  did: string
  state: string
  /** Of the state, in percent. */
  progress?: number
  blob?: BlobRef
  error?: string
  failureCode?: string
  message?: string
}

/** What is done with a video, in this order, before it is ready. */
const STATES = ['CREATED', 'ENCODING', 'ENCODED', 'SCANNING', 'SCANNED', 'UPLOADING', 'UPLOADED'] as const

/** What an account may send in a day. @see https://github.com/bluesky-social/social-app src/lib/media/video */
const DAILY = { videos: 25, bytes: 10_000_000_000, ms: 86_400_000 } as const

interface Job {
  id: string
  did: string
  /** Of what was sent. */
  sha256: string
  byteLength: number
  startedAt: number
  seconds: number
  /** When the token ends with which the service puts the video into the repository. */
  tokenEndsAt: number
  /** What was sent, until the job has ended. */
  bytes: Uint8Array | null
  end: Omit<JobStatus, 'jobId' | 'did'> | null
}

/** The videos that are or were being worked on. They are ready at once, but for bad days on which uploads are slow. */
export class VideoJobs {
  readonly #kit: PlatformKit
  readonly #jobs = new Map<string, Job>()

  constructor(kit: PlatformKit) {
    this.#kit = kit
  }

  /** Takes a video in. */
  start(did: string, bytes: Uint8Array, tokenEndsAt: number): JobStatus {
    const id = this.#newId()
    const job = {
      id,
      did,
      sha256: hashOf(bytes),
      byteLength: bytes.byteLength,
      startedAt: this.#kit.now().getTime(),
      seconds: this.#kit.badDays.mediaSeconds(),
      tokenEndsAt,
      bytes,
      end: null,
    }
    this.#jobs.set(id, job)
    return { jobId: id, did, state: 'JOB_STATE_CREATED' }
  }

  /** How far it is; null where there is no such job. */
  status(id: string): JobStatus | null {
    const job = this.#jobs.get(id)
    if (!job) return null
    const { did, seconds } = job
    const elapsed = (this.#kit.now().getTime() - job.startedAt) / 1000
    if (elapsed >= seconds) {
      job.end ??= this.#finish(job)
      job.bytes = null
      return { jobId: id, did, ...job.end }
    }
    const step = (elapsed / seconds) * STATES.length
    const state = `JOB_STATE_${STATES[Math.floor(step)]}`
    return { jobId: id, did, state, progress: Math.floor((step % 1) * 100) }
  }

  /** A job of this account that has made a video of the same bytes; null where there is none. */
  findDone(did: string, bytes: Uint8Array): JobStatus | null {
    const sha256 = hashOf(bytes)
    for (const job of this.#jobs.values()) {
      const status = job.did === did && job.sha256 === sha256 ? this.status(job.id) : null
      if (status?.blob) return status
    }
    return null
  }

  /** What an account may still send today. */
  remaining(did: string): { videos: number; bytes: number } {
    const since = this.#kit.now().getTime() - DAILY.ms
    const today = [...this.#jobs.values()].filter((job) => job.did === did && job.startedAt > since)
    const sent = today.reduce((sum, { byteLength }) => sum + byteLength, 0)
    return { videos: Math.max(0, DAILY.videos - today.length), bytes: Math.max(0, DAILY.bytes - sent) }
  }

  #finish({
    id,
    did,
    bytes,
    sha256,
    startedAt,
    seconds,
    tokenEndsAt,
  }: Job): Omit<JobStatus, 'jobId' | 'did'> {
    const fail = (failureCode: string) => ({
      state: 'JOB_STATE_FAILED',
      error: `video processing error for job: ${id}`,
      failureCode,
      message: 'Failed to process video',
    })
    if (!bytes || !isVideo(bytes)) return fail('validation_failure')
    const isTooLate = startedAt + seconds * 1000 > tokenEndsAt
    if (isTooLate || !findAccount(this.#kit, did)) return fail('pds_upload_failure')
    const blob = keepBlob(this.#kit, did, encodeVideo(bytes), 'video/mp4', { sourceSha256: sha256 })
    return { state: 'JOB_STATE_COMPLETED', progress: 100, blob }
  }

  /** Of twenty letters and digits, as the service gives them. */
  #newId(): string {
    const digits = '0123456789abcdefghijklmnopqrstuv'
    return Array.from(this.#kit.random.bytes(20), (byte) => digits[byte % 32]).join('')
  }
}

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
