import { IncomingFile } from '../incoming-file.js'
import type { PlatformKit } from '../platform.js'
import { pullFile } from '../pull.js'
import type { Media, Person } from '../world.js'

/** What is wanted of a post. */
export interface Wanted {
  kind: 'video' | 'photo'
  /** Null for a draft in the inbox. */
  privacyLevel: string | null
  text: string
  body: unknown
}

/** How a file is cut, as it was announced. */
export interface Cut {
  total: number
  chunkBytes: number
  count: number
}

/** A post on its way, by its publish id. */
export interface Publication extends Wanted {
  id: string
  person: Person
  createdAt: Date
  upload: (Cut & { token: string; file: IncomingFile; head: Uint8Array; mimeType: string }) | null
  /** Where files were fetched. */
  downloadedBytes: number
  /** When the work on it is over; null: its files are not all there. */
  readyAt: Date | null
  failReason: string | null
  media: readonly Media[]
  /** Of what was published. */
  postId: string | null
}

const PHOTO_TYPES = ['image/jpeg', 'image/webp']
const MAX_PHOTO_BYTES = 20_000_000
const HEAD_BYTES = 16

/** How files begin that are MP4 or QuickTime, and WebM. */
const isVideo = (head: Uint8Array) => {
  const hex = Buffer.from(head).toString('hex')
  return hex.startsWith('66747970', 8) || hex.startsWith('1a45dfa3')
}

/** All that was ever to be posted. */
export class Publications {
  readonly #kit: PlatformKit
  readonly #all = new Map<string, Publication>()

  constructor(kit: PlatformKit) {
    this.#kit = kit
  }

  /** A video whose bytes are still to come. */
  announce(
    person: Person,
    wanted: Wanted,
    cut: Cut,
  ): Publication & { upload: NonNullable<Publication['upload']> } {
    const { random } = this.#kit
    const upload = {
      ...cut,
      token: random.text(40),
      file: new IncomingFile(),
      head: new Uint8Array(),
      mimeType: '',
    }
    const publication = {
      ...this.#begin(person, wanted, wanted.privacyLevel === null ? 'v_inbox_file' : 'v_pub_file'),
      upload,
    }
    this.#all.set(publication.id, publication)
    return publication
  }

  /** Files that are fetched. */
  pull(person: Person, wanted: Wanted, addresses: readonly string[]): Publication {
    const publication = this.#begin(person, wanted, wanted.kind === 'photo' ? 'p_pub_url' : 'v_pub_url')
    this.#all.set(publication.id, publication)
    void this.#fetchAll(publication, addresses)
    return publication
  }

  #begin(person: Person, wanted: Wanted, prefix: string): Publication {
    const { random, now } = this.#kit
    return {
      ...wanted,
      id: `${prefix}~v2-1.${random.digits(19)}`,
      person,
      createdAt: now(),
      upload: null,
      downloadedBytes: 0,
      readyAt: null,
      failReason: null,
      media: [],
      postId: null,
    }
  }

  async #fetchAll(publication: Publication, addresses: readonly string[]): Promise<void> {
    const media: Media[] = []
    for (const address of addresses) {
      const pulled = await pullFile(this.#kit.reach(address))
      if (!pulled) return this.#fail(publication, `${publication.kind}_pull_failed`)
      publication.downloadedBytes += pulled.file.bytes
      if (!PHOTO_TYPES.includes(pulled.mimeType)) return this.#fail(publication, 'file_format_check_failed')
      if (pulled.file.bytes > MAX_PHOTO_BYTES) return this.#fail(publication, 'picture_size_check_failed')
      const personId = publication.person.id
      media.push(pulled.file.finish(this.#kit.world, { personId, mimeType: pulled.mimeType, altText: null }))
    }
    publication.media = media
    this.#work(publication)
  }

  find(id: string, personId: string): Publication | undefined {
    const publication = this.#all.get(id)
    return publication?.person.id === personId ? publication : undefined
  }

  findByToken(token: string): Publication | undefined {
    return [...this.#all.values()].find(({ upload }) => upload?.token === token)
  }

  /** Of a person, begun in the last so many seconds. */
  begunBy(personId: string, seconds: number): Publication[] {
    const from = this.#kit.now().getTime() - seconds * 1000
    return [...this.#all.values()].filter(
      ({ person, createdAt }) => person.id === personId && createdAt.getTime() > from,
    )
  }

  /** Takes a whole chunk; at the last one the work begins. */
  append(publication: Publication, chunk: Uint8Array, mimeType: string): void {
    const { upload } = publication
    if (!upload) return
    if (upload.head.byteLength < HEAD_BYTES)
      upload.head = Buffer.concat([upload.head, chunk]).subarray(0, HEAD_BYTES)
    upload.file.append(chunk)
    upload.mimeType = mimeType
    if (upload.file.bytes < upload.total) return
    const { world } = this.#kit
    publication.media = [
      upload.file.finish(world, { personId: publication.person.id, mimeType, altText: null }),
    ]
    if (!isVideo(upload.head)) this.#fail(publication, 'file_format_check_failed')
    this.#work(publication)
  }

  cancel(publication: Publication): boolean {
    if (publication.readyAt !== null || publication.upload !== null) return false
    this.#fail(publication, 'publish_cancelled')
    return true
  }

  #work(publication: Publication): void {
    if (publication.failReason !== null) return
    const { now, badDays, world } = this.#kit
    publication.readyAt = new Date(now().getTime() + badDays.mediaSeconds() * 1000)
    const { condition } = world.person(publication.person.id) ?? publication.person
    if (condition === 'posts_fail') publication.failReason = 'spam_risk'
    this.settle(publication)
  }

  #fail(publication: Publication, reason: string): void {
    publication.failReason ??= reason
  }

  /** Publishes what is ready. */
  settle(publication: Publication): void {
    const { readyAt, failReason, postId, privacyLevel } = publication
    const { world, now, random } = this.#kit
    if (readyAt === null || readyAt > now() || failReason !== null || postId !== null) return
    const isPublic = privacyLevel === 'PUBLIC_TO_EVERYONE'
    const post = world.addPost({
      // Only public posts get an id of their own.
      id: isPublic ? `7${random.digits(18)}` : publication.id,
      personId: publication.person.id,
      text: publication.text,
      media: publication.media,
      isPublic,
      body: publication.body,
      facts: {
        kind: publication.kind,
        privacyLevel,
        isDraft: privacyLevel === null,
        publishId: publication.id,
      },
    })
    publication.postId = post.id
  }
}
