import { IncomingFile } from '../incoming-file.js'
import type { PlatformKit } from '../platform.js'
import type { Media, Person } from '../world.js'

/** What an upload may be for. */
export type Category = 'tweet_image' | 'tweet_gif' | 'tweet_video' | 'amplify_video'

/** A file on its way, or one that has arrived and is worked on. */
export interface Upload {
  id: string
  personId: string
  category: Category
  mimeType: string
  totalBytes: number
  file: IncomingFile
  /** Number of the part that comes next. */
  nextSegment: number
  /** Of the part that came last, for one that is sent again. */
  lastSegmentBytes: number
  /** Set once all has arrived. */
  media: Media | null
  readyAt: Date
  expiresAt: Date
}

/** An unattached file is forgotten after a day, an upload that was not ended earlier. */
const LIFE_SECONDS = 86_400
/** How long the platform works on a video or an animation on a good day. */
const WORK_SECONDS = 0.05

/** The uploads there are. */
export class Uploads {
  readonly #kit: PlatformKit
  readonly #uploads = new Map<string, Upload>()

  constructor(kit: PlatformKit) {
    this.#kit = kit
  }

  start(person: Person, of: Pick<Upload, 'category' | 'mimeType' | 'totalBytes'>): Upload {
    const now = this.#kit.now()
    const upload: Upload = {
      ...of,
      id: this.#kit.world.snowflake(),
      personId: person.id,
      file: new IncomingFile(),
      nextSegment: 0,
      lastSegmentBytes: 0,
      media: null,
      readyAt: now,
      expiresAt: new Date(now.getTime() + LIFE_SECONDS * 1000),
    }
    this.#uploads.set(upload.id, upload)
    return upload
  }

  /** An upload of this person that has not been forgotten. */
  find(id: string, person: Person): Upload | undefined {
    const upload = this.#uploads.get(id)
    return upload?.personId === person.id && upload.expiresAt > this.#kit.now() ? upload : undefined
  }

  /** All has arrived. Images are ready at once, the rest is worked on. */
  finish(upload: Upload): void {
    const { id, personId, mimeType, category, file } = upload
    const media = { id, personId, mimeType, altText: null, facts: { category } }
    upload.media = file.finish(this.#kit.world, media)
    const works = category === 'tweet_image' ? 0 : WORK_SECONDS
    const seconds = Math.max(works, this.#kit.badDays.mediaSeconds())
    upload.readyAt = new Date(this.#kit.now().getTime() + seconds * 1000)
  }

  isReady = ({ media, readyAt }: Upload): boolean => media !== null && readyAt <= this.#kit.now()

  /** As the API shows it. */
  describe(upload: Upload): Record<string, unknown> {
    const { id, file, media, category, expiresAt, readyAt } = upload
    const now = this.#kit.now().getTime()
    const left = Math.ceil((readyAt.getTime() - now) / 1000)
    return {
      id,
      media_key: mediaKey(upload),
      expires_after_secs: Math.floor((expiresAt.getTime() - now) / 1000),
      ...(media && { size: file.bytes }),
      ...(media &&
        category !== 'tweet_image' && {
          processing_info: this.isReady(upload)
            ? { state: 'succeeded', progress_percent: 100 }
            : {
                state: left > 1 ? 'pending' : 'in_progress',
                check_after_secs: Math.max(1, Math.min(left, 5)),
              },
        }),
    }
  }
}

const KINDS: Record<Category, number> = { tweet_image: 3, tweet_gif: 16, tweet_video: 7, amplify_video: 13 }

export const mediaKey = ({ id, category }: Pick<Upload, 'id' | 'category'>): string =>
  `${KINDS[category]}_${id}`
