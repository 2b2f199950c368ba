import type { FormFile } from '../incoming-form.js'
import type { PlatformKit } from '../platform.js'
import type { Media } from '../world.js'

/** What an upload has to bring along. @see the API description, MediaUploadParameters (5.23.0) */
export type UploadParameters = Readonly<Record<string, string>>

/** A video that was registered. */
export interface VideoUpload {
  id: string
  personId: string
  parameters: UploadParameters
  registeredAt: Date
  /** Null until it was uploaded. */
  media: Media | null
  isVideo: boolean
  readyAt: Date | null
}

/** How long the permission to upload lives; not documented. */
const LIFE_MS = 60 * 60 * 1000

/** How files begin that are MP4 or QuickTime. */
const isVideo = (head: Uint8Array) => Buffer.from(head.subarray(4, 8)).toString('latin1') === 'ftyp'

/** Videos on their way. */
export class VideoUploads {
  readonly #kit: PlatformKit
  readonly #uploads = new Map<string, VideoUpload>()

  constructor(kit: PlatformKit) {
    this.#kit = kit
  }

  register(personId: string): VideoUpload {
    const { world, random, now } = this.#kit
    const id = world.snowflake()
    const day = now().toISOString().slice(0, 10).replaceAll('-', '')
    const parameters = {
      'x-amz-date': `${day}T000000Z`,
      'x-amz-signature': random.hex(64),
      'x-amz-security-token': random.text(80),
      'x-amz-algorithm': 'AWS4-HMAC-SHA256',
      'x-amz-credential': `SANDBOX/${day}/us-east-1/s3/aws4_request`,
      'Content-Type': 'multipart/form-data',
      key: `uploads/${id}:video:${random.digits(12)}`,
      policy: random.text(120),
    }
    const upload = {
      id,
      personId,
      parameters,
      registeredAt: now(),
      media: null,
      isVideo: false,
      readyAt: null,
    }
    this.#uploads.set(id, upload)
    return upload
  }

  find(id: string, personId: string): VideoUpload | undefined {
    const upload = this.#uploads.get(id)
    return upload?.personId === personId ? upload : undefined
  }

  of(personId: string): VideoUpload[] {
    return [...this.#uploads.values()].filter((upload) => upload.personId === personId)
  }

  /** Takes a file as the storage does. @returns false where not everything that was given came along, or too late */
  receive(fields: Readonly<Record<string, string>>, { file, mimeType, head }: FormFile): boolean {
    const { now, world, badDays } = this.#kit
    const upload = [...this.#uploads.values()].find(({ parameters }) => parameters.key === fields.key)
    if (!upload) return false
    const isAllowed = Object.entries(upload.parameters).every(([name, value]) => fields[name] === value)
    if (!isAllowed || now().getTime() - upload.registeredAt.getTime() > LIFE_MS) return false
    upload.media = file.finish(world, { personId: upload.personId, mimeType, altText: null })
    upload.isVideo = isVideo(head)
    upload.readyAt = new Date(now().getTime() + badDays.mediaSeconds() * 1000)
    return true
  }

  statusOf({ readyAt, isVideo }: VideoUpload): 'registered' | 'processing' | 'succeeded' | 'failed' {
    if (readyAt === null) return 'registered'
    if (readyAt > this.#kit.now()) return 'processing'
    return isVideo ? 'succeeded' : 'failed'
  }
}
