import { IncomingFile } from '../incoming-file.js'
import type { PlatformKit } from '../platform.js'
import type { Media } from '../world.js'

/** A part of a file, and where it is to be sent. */
export interface Part {
  key: string
  firstByte: number
  lastByte: number
  /** Once it has arrived. */
  etag: string | null
  /** Kept until the file is put together; the world keeps the whole. */
  chunks: Uint8Array[]
}

/** A file that was announced. */
export interface Asset {
  urn: string
  kind: 'image' | 'video'
  /** URN of whom the post will be by. */
  owner: string
  uploadToken: string
  parts: Part[]
  expiresAt: Date
  /** Set once all has arrived. */
  media: Media | null
  readyAt: Date
}

const PART_BYTES = 4 * 1024 * 1024
/** Addresses of uploads end after about a day; of the real ones it is said in each answer. */
const LIFE_SECONDS = 86_400
/** How long LinkedIn works on a video on a good day. */
const WORK_SECONDS = 0.05

/** Files on their way to LinkedIn. */
export class Uploads {
  readonly #kit: PlatformKit
  readonly #assets = new Map<string, Asset>()
  readonly #parts = new Map<string, { asset: Asset; part: Part }>()

  constructor(kit: PlatformKit) {
    this.#kit = kit
  }

  /** @param bytes null: as many as come, in one part */
  start(kind: Asset['kind'], owner: string, bytes: number | null): Asset {
    const now = this.#kit.now()
    const { random } = this.#kit
    const count = bytes === null ? 1 : Math.ceil(bytes / PART_BYTES)
    const asset: Asset = {
      urn: `urn:li:${kind}:${kind === 'image' ? 'C4E10' : 'C5F10'}${random.text(14)}`,
      kind,
      owner,
      uploadToken: kind === 'video' ? random.text(20) : '',
      parts: Array.from({ length: count }, (_, index) => ({
        key: random.text(40),
        firstByte: index * PART_BYTES,
        lastByte: bytes === null ? Number.POSITIVE_INFINITY : Math.min((index + 1) * PART_BYTES, bytes) - 1,
        etag: null,
        chunks: [],
      })),
      expiresAt: new Date(now.getTime() + LIFE_SECONDS * 1000),
      media: null,
      readyAt: now,
    }
    this.#assets.set(asset.urn, asset)
    for (const part of asset.parts) this.#parts.set(part.key, { asset, part })
    return asset
  }

  find(urn: string): Asset | undefined {
    return this.#assets.get(urn)
  }

  /** Where a part is sent, as long as that is possible. */
  findPart(key: string): { asset: Asset; part: Part } | undefined {
    const found = this.#parts.get(key)
    return found && found.asset.expiresAt > this.#kit.now() ? found : undefined
  }

  /** A part arrives; one that comes again takes the place of the first. @returns whether it is as long as was said */
  async receive(part: Part, body: AsyncIterable<Uint8Array> | null): Promise<boolean> {
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of body ?? []) {
      chunks.push(Uint8Array.from(chunk))
      bytes += chunk.byteLength
    }
    const wanted = part.lastByte - part.firstByte + 1
    if (bytes === 0 || (Number.isFinite(wanted) && bytes !== wanted)) return false
    part.chunks = chunks
    part.etag = `/ambry-video/signedId/${this.#kit.random.text(30)}`
    return true
  }

  /** Puts the parts together. */
  finish(asset: Asset, personId: string): void {
    const file = new IncomingFile()
    for (const part of asset.parts) {
      for (const chunk of part.chunks) file.append(chunk)
      part.chunks = []
    }
    const mimeType = asset.kind === 'image' ? 'image/jpeg' : 'video/mp4'
    asset.media = file.finish(this.#kit.world, { id: asset.urn, personId, mimeType, altText: null })
    const works = asset.kind === 'video' ? WORK_SECONDS : 0
    const seconds = Math.max(works, this.#kit.badDays.mediaSeconds())
    asset.readyAt = new Date(this.#kit.now().getTime() + seconds * 1000)
  }

  isReady = ({ media, readyAt }: Asset): boolean => media !== null && readyAt <= this.#kit.now()
}
