import { createHash } from 'node:crypto'
import type { Random } from './random.js'

/** Someone who has an account at the platform. */
export interface Person {
  id: string
  name: string
  /** Without an at sign. */
  handle: string
  /** How the platform sees them: `active`, or one of the platform's own `conditions`, such as `suspended`. */
  condition: string
  /** What else the platform knows. */
  facts: Readonly<Record<string, unknown>>
}

/** What people own or may post to at a platform: a page, a channel, a board, a guild. */
export interface Resource {
  /** Such as `page`. */
  kind: string
  id: string
  name: string
  /** Who may choose it on the consent page. */
  ownerIds: readonly string[]
  facts: Readonly<Record<string, unknown>>
}

/** An uploaded file. */
export interface Media {
  id: string
  personId: string | null
  mimeType: string
  byteLength: number
  /** SHA-256 of the bytes, in hexadecimal. */
  sha256: string
  altText: string | null
  createdAt: Date
  facts: Readonly<Record<string, unknown>>
}

/** Something published, or left as a draft. */
export interface Post {
  id: string
  /** Who wrote it; null where only the resource is known. */
  personId: string | null
  /** Where it stands; null: on the person's own profile. */
  resourceId: string | null
  text: string
  media: readonly Media[]
  createdAt: Date
  deletedAt: Date | null
  /** The post below which it stands, as a reply or comment; null: it stands for itself. */
  inReplyTo: string | null
  /** False for drafts and for what only some may see. */
  isPublic: boolean
  /** The request that made it, as the platform read it. */
  body: unknown
  facts: Readonly<Record<string, unknown>>
}

type New<T, Optional extends keyof T> = Omit<T, Optional> & Partial<Pick<T, Optional>>

/** Bytes of uploads kept for looking at; older ones are forgotten, their hashes are not. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024

/** Everything that exists at one simulated platform. In memory, and the same again for the same seed and the same calls. */
export class World {
  readonly #random: Random
  readonly #now: () => Date
  readonly #people = new Map<string, Person>()
  readonly #resources = new Map<string, Resource>()
  readonly #media = new Map<string, Media>()
  readonly #bytes = new Map<string, Uint8Array>()
  readonly #posts = new Map<string, Post>()
  readonly #conditionListeners: ((person: Person) => void)[] = []
  #keptBytes = 0
  #snowflakes = 0n

  constructor(random: Random, now: () => Date) {
    this.#random = random
    this.#now = now
  }

  /** For ids in a platform's own form. */
  get random(): Random {
    return this.#random
  }

  /** An id of 18 decimal digits, as a string, greater than all before it. */
  snowflake(): string {
    this.#snowflakes += 1n
    return String(
      112_000_000_000_000_000n + this.#snowflakes * 65_536n + BigInt(this.#random.integer(65_536)),
    )
  }

  addPerson(person: New<Person, 'id' | 'condition' | 'facts'>): Person {
    const added = { id: this.snowflake(), condition: 'active', facts: {}, ...person }
    this.#people.set(added.id, added)
    return added
  }

  person(id: string): Person | undefined {
    return this.#people.get(id)
  }

  people(): Person[] {
    return [...this.#people.values()]
  }

  /** Changes how the platform sees a person. @throws Error when nobody has this id. */
  setCondition(personId: string, condition: string): void {
    const person = this.#people.get(personId)
    if (!person) throw new Error(`Nobody has the id ${personId}.`)
    const changed = { ...person, condition }
    this.#people.set(personId, changed)
    for (const listener of this.#conditionListeners) listener(changed)
  }

  /** Calls this after each change of a condition, where something ends with it for good. */
  onCondition(listener: (person: Person) => void): void {
    this.#conditionListeners.push(listener)
  }

  addResource(resource: New<Resource, 'id' | 'facts'>): Resource {
    const added = { id: this.snowflake(), facts: {}, ...resource }
    this.#resources.set(added.id, added)
    return added
  }

  resource(id: string): Resource | undefined {
    return this.#resources.get(id)
  }

  resources(kind?: string): Resource[] {
    return [...this.#resources.values()].filter((one) => kind === undefined || one.kind === kind)
  }

  /** What a person may choose, of one kind or of all. */
  resourcesOf(personId: string, kind?: string): Resource[] {
    return this.resources(kind).filter(({ ownerIds }) => ownerIds.includes(personId))
  }

  /** The resource is gone, as when its owner deletes a channel; its posts stay in the list. */
  removeResource(id: string): void {
    this.#resources.delete(id)
  }

  /** Keeps an uploaded file. */
  addMedia(
    media: New<Omit<Media, 'byteLength' | 'sha256' | 'createdAt'>, 'id' | 'facts'>,
    bytes: Uint8Array,
  ): Media {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return this.addHashedMedia({ ...media, byteLength: bytes.byteLength, sha256 }, bytes)
  }

  /** The same for a file whose length and hash are known; null: its bytes were too many to keep. */
  addHashedMedia(media: New<Omit<Media, 'createdAt'>, 'id' | 'facts'>, bytes: Uint8Array | null): Media {
    const added = { id: this.snowflake(), facts: {}, ...media, createdAt: this.#now() }
    this.#media.set(added.id, added)
    if (bytes) this.#keep(added.id, bytes)
    return added
  }

  media(id: string): Media | undefined {
    return this.#media.get(id)
  }

  /** The bytes of an upload; undefined when unknown or forgotten. */
  mediaBytes(id: string): Uint8Array | undefined {
    return this.#bytes.get(id)
  }

  /** Changes an upload, such as its alt text. @throws Error when there is none with this id. */
  updateMedia(id: string, change: Partial<Pick<Media, 'altText' | 'facts'>>): Media {
    const media = this.#media.get(id)
    if (!media) throw new Error(`No upload has the id ${id}.`)
    const changed = { ...media, ...change }
    this.#media.set(id, changed)
    return changed
  }

  addPost(
    post: New<
      Omit<Post, 'createdAt' | 'deletedAt'>,
      'id' | 'resourceId' | 'media' | 'inReplyTo' | 'isPublic' | 'facts'
    >,
  ): Post {
    const added = {
      id: this.snowflake(),
      resourceId: null,
      media: [],
      inReplyTo: null,
      isPublic: true,
      facts: {},
      ...post,
      createdAt: this.#now(),
      deletedAt: null,
    }
    this.#posts.set(added.id, added)
    return added
  }

  /** A post that exists; undefined when it never did or was deleted. */
  post(id: string): Post | undefined {
    const post = this.#posts.get(id)
    return post?.deletedAt === null ? post : undefined
  }

  /** All posts that exist, oldest first; those of a person or of a resource where one is given. */
  posts(of: { personId?: string; resourceId?: string } = {}): Post[] {
    return this.postsWithDeleted().filter(
      (post) =>
        post.deletedAt === null &&
        (of.personId === undefined || post.personId === of.personId) &&
        (of.resourceId === undefined || post.resourceId === of.resourceId),
    )
  }

  /** All posts that ever were, oldest first. */
  postsWithDeleted(): Post[] {
    return [...this.#posts.values()]
  }

  /** Changes a post that exists, such as a draft that becomes public. @throws Error when there is none with this id. */
  updatePost(id: string, change: Partial<Pick<Post, 'text' | 'isPublic' | 'body' | 'facts'>>): Post {
    const post = this.post(id)
    if (!post) throw new Error(`No post has the id ${id}.`)
    const changed = { ...post, ...change }
    this.#posts.set(id, changed)
    return changed
  }

  /** Deletes a post. False when there was none. */
  deletePost(id: string): boolean {
    const post = this.post(id)
    if (!post) return false
    this.#posts.set(id, { ...post, deletedAt: this.#now() })
    return true
  }

  #keep(id: string, bytes: Uint8Array): void {
    this.#bytes.set(id, bytes)
    this.#keptBytes += bytes.byteLength
    for (const [oldId, old] of this.#bytes) {
      if (this.#keptBytes <= MAX_KEPT_BYTES) return
      this.#bytes.delete(oldId)
      this.#keptBytes -= old.byteLength
    }
  }
}
