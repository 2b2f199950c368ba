import type { PlatformKit } from '../platform.js'
import { blobsIn, requireBlobs } from './blobs.js'
import { cidOfRecord } from './cid.js'
import { invalidRequest, XrpcError } from './errors.js'
import { POSTS, validatePost } from './post-record.js'
import { createTids, isTid } from './tid.js'

/** What is to be written. */
export interface Write {
  did: string
  collection: string
  rkey: string
  record: Record<string, unknown>
  /** Not checked when false. */
  validate?: boolean
}

/** A record as it stands. */
export interface StoredRecord {
  uri: string
  cid: string
  value: Record<string, unknown>
}

/** What came of a write. */
export interface Written {
  uri: string
  cid: string
  /** Absent where nothing changed. */
  commit?: { cid: string; rev: string }
  validationStatus?: 'valid' | 'unknown'
}

/** The records of all accounts. Posts are also what the public sees of them. Nothing here waits, so writes cannot cross. */
export class Repositories {
  readonly #kit: PlatformKit
  readonly #records = new Map<string, StoredRecord>()
  readonly #revisions = new Map<string, string>()
  readonly nextTid: () => string

  constructor(kit: PlatformKit) {
    this.#kit = kit
    this.nextTid = createTids(() => kit.now())
  }

  get(uri: string): StoredRecord | undefined {
    return this.#records.get(uri)
  }

  /** In the order of their keys. */
  list(did: string, collection: string): StoredRecord[] {
    const prefix = uriOf(did, collection, '')
    return [...this.#records.values()]
      .filter(({ uri }) => uri.startsWith(prefix))
      .toSorted((one, other) => (one.uri < other.uri ? -1 : 1))
  }

  collections(did: string): string[] {
    const all = [...this.#records.values()].filter(({ uri }) => uri.startsWith(`at://${did}/`))
    return [...new Set(all.map(({ uri }) => uri.split('/')[3] ?? ''))]
  }

  /** The newest revision; that of an empty repository counts from now. */
  revision(did: string): string {
    const known = this.#revisions.get(did) ?? this.nextTid()
    this.#revisions.set(did, known)
    return known
  }

  /**
   * Makes a record. One that exists under the same key ends in an error that says nothing: so does the real server.
   * @see https://github.com/bluesky-social/atproto/issues/3718
   */
  create(write: Write): Written {
    const prepared = prepare(write)
    if (this.#records.has(prepared.uri))
      throw new XrpcError(500, 'InternalServerError', 'Internal Server Error')
    return this.#commit(write, prepared)
  }

  /**
   * Makes or replaces a record; an equal one is left alone, whatever was to be swapped.
   * @param swap the CID that it must have now; null: there must be none; undefined: any
   */
  put(write: Write, swap: string | null | undefined): Written {
    const prepared = prepare(write)
    const current = this.#records.get(prepared.uri)
    if (current?.cid === prepared.cid) return prepared
    checkSwap(current, swap)
    return this.#commit(write, prepared)
  }

  /** The commit; undefined when there was no such record. */
  delete(uri: string, swap: string | undefined): Written['commit'] | undefined {
    const current = this.#records.get(uri)
    if (!current) return undefined
    checkSwap(current, swap)
    this.#records.delete(uri)
    this.#kit.world.deletePost(uri)
    return this.#newCommit(uri.split('/')[2] ?? '')
  }

  #commit({ did, collection, record }: Write, prepared: Omit<Written, 'commit'>): Written {
    const media = requireBlobs(this.#kit, did, record)
    const { uri, cid } = prepared
    this.#records.set(uri, { uri, cid, value: record })
    if (collection === POSTS) this.#show(did, uri, record, media)
    const { validationStatus, ...rest } = prepared
    return { ...rest, commit: this.#newCommit(did), ...(validationStatus && { validationStatus }) }
  }

  #show(
    did: string,
    uri: string,
    record: Record<string, unknown>,
    media: ReturnType<typeof requireBlobs>,
  ): void {
    const { world } = this.#kit
    const text = String(record.text ?? '')
    if (world.post(uri)) {
      world.updatePost(uri, { text, body: record })
      return
    }
    const alts = altTextsOf(record)
    const shown = media.map((one, index) =>
      alts[index] === undefined ? one : world.updateMedia(one.id, { altText: alts[index] }),
    )
    const inReplyTo = rootOf(record)
    world.addPost({ id: uri, personId: did, text, media: shown, body: record, inReplyTo })
  }

  #newCommit(did: string): { cid: string; rev: string } {
    const rev = this.nextTid()
    this.#revisions.set(did, rev)
    return { cid: cidOfRecord({ did, rev, version: 3 }), rev }
  }
}

/** The first post of the thread a post continues; null: it begins one. */
function rootOf({ reply }: Record<string, unknown>): string | null {
  const root = isObject(reply) && isObject(reply.root) ? reply.root : {}
  return typeof root.uri === 'string' ? root.uri : null
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** The address of a record. */
export const uriOf = (did: string, collection: string, rkey: string): string =>
  `at://${did}/${collection}/${rkey}`

function prepare({ did, collection, rkey, record, validate }: Write): Omit<Written, 'commit'> {
  const isPost = collection === POSTS
  if (isPost && !isTid(rkey))
    throw invalidRequest(`Invalid record key for ${POSTS}: Invalid TID string (got "${rkey}") at $`)
  if (validate !== false && isPost) validatePost(record)
  if (validate === true && !isPost) throw invalidRequest(`Unknown lexicon type: ${collection}`)
  const validationStatus = validate === false ? undefined : isPost ? 'valid' : 'unknown'
  return {
    uri: uriOf(did, collection, rkey),
    cid: cidOfRecord(record),
    ...(validationStatus && { validationStatus }),
  }
}

function checkSwap(current: StoredRecord | undefined, swap: string | null | undefined): void {
  if (swap === undefined || (current?.cid ?? null) === swap) return
  throw invalidRequest(`Record was at ${current?.cid ?? null}`, 'InvalidSwap')
}

/** Of images and videos, in the order of their files. */
function altTextsOf({ embed }: Record<string, unknown>): string[] {
  const { $type, images, alt } = (embed ?? {}) as { $type?: unknown; images?: unknown; alt?: unknown }
  if ($type === 'app.bsky.embed.video') return [String(alt ?? '')]
  if ($type !== 'app.bsky.embed.images' || !Array.isArray(images)) return []
  return images.filter((image) => blobsIn(image).length > 0).map((image) => String(image.alt ?? ''))
}
