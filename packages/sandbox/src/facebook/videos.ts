import { IncomingFile } from '../incoming-file.js'
import type { PlatformKit } from '../platform.js'

/** How long a video takes on a good day. */
const WORK_SECONDS = 0.03

/** Edges to which videos are sent. */
export const VIDEO_EDGES = ['videos', 'video_reels', 'video_stories'] as const
export type VideoEdge = (typeof VIDEO_EDGES)[number]

/** A video that is being uploaded, or was. */
export interface Video {
  id: string
  pageId: string
  edge: VideoEdge
  /** Names the upload of a post's video. */
  session: string
  /** Null until the first piece says it. */
  totalBytes: number | null
  file: IncomingFile
  /** When its work ends; null: its upload was not finished. */
  readyAt: Date | null
  postId: string | null
}

/** The videos of all Pages. */
export class Videos {
  readonly #kit: PlatformKit
  readonly #videos = new Map<string, Video>()

  constructor(kit: PlatformKit) {
    this.#kit = kit
  }

  start(pageId: string, edge: VideoEdge, totalBytes: number | null): Video {
    const { random } = this.#kit
    const video: Video = {
      id: `97${random.digits(14)}`,
      pageId,
      edge,
      session: `96${random.digits(14)}`,
      totalBytes,
      file: new IncomingFile(),
      readyAt: null,
      postId: null,
    }
    this.#videos.set(video.id, video)
    return video
  }

  find(id: string): Video | undefined {
    return this.#videos.get(id)
  }

  bySession(session: string): Video | undefined {
    return [...this.#videos.values()].find((video) => video.session === session)
  }

  isWhole = ({ file, totalBytes }: Video): boolean => totalBytes !== null && file.bytes === totalBytes

  /** Its upload is finished: it is worked on and then shown. */
  work(video: Video): void {
    const seconds = Math.max(WORK_SECONDS, this.#kit.badDays.mediaSeconds())
    video.readyAt = new Date(this.#kit.now().getTime() + seconds * 1000)
  }

  /** @see https://developers.facebook.com/docs/graph-api/reference/video-status */
  describe(video: Video) {
    const { readyAt, file } = video
    const isWhole = this.isWhole(video)
    const isReady = readyAt !== null && readyAt.getTime() <= this.#kit.now().getTime()
    const done = (is: boolean) => (is ? 'complete' : 'not_started')
    return {
      video_status: isReady ? 'ready' : readyAt ? 'processing' : isWhole ? 'upload_complete' : 'uploading',
      uploading_phase: { status: isWhole ? 'complete' : 'in_progress', bytes_transfered: file.bytes },
      processing_phase: { status: readyAt && !isReady ? 'in_progress' : done(isReady) },
      publishing_phase: {
        status: done(isReady),
        ...(readyAt && { publish_status: 'published', publish_time: Math.floor(readyAt.getTime() / 1000) }),
      },
    }
  }
}
