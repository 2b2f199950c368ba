import type { PlatformKit } from '../platform.js'
import type { Media } from '../world.js'
import { cidOfBytes } from './cid.js'
import { invalidRequest } from './errors.js'

/** A file as records refer to it. */
export interface BlobRef {
  $type: 'blob'
  ref: { $link: string }
  mimeType: string
  size: number
}

/** Beginnings of files that say what they are. */
const SIGNATURES: readonly [mimeType: string, offset: number, hex: string][] = [
  ['image/png', 0, '89504e470d0a1a0a'],
  ['image/jpeg', 0, 'ffd8ff'],
  ['image/gif', 0, '47494638'],
  ['image/webp', 8, '57454250'],
  ['video/mp4', 4, '66747970'],
]

const sniff = (bytes: Uint8Array): string | undefined =>
  SIGNATURES.find(([, offset, hex]) =>
    Buffer.from(bytes.subarray(offset, offset + hex.length / 2)).equals(Buffer.from(hex, 'hex')),
  )?.[0]

const idOf = (did: string, cid: string) => `${did}/${cid}`

/** Keeps a file for a repository; the type is what the bytes say, else what the client says. */
export function keepBlob(
  { world }: PlatformKit,
  did: string,
  bytes: Uint8Array,
  type: string,
  more: Record<string, unknown> = {},
): BlobRef {
  const cid = cidOfBytes(bytes)
  const [told = ''] = type.split(';')
  const mimeType = sniff(bytes) ?? told.trim()
  const id = idOf(did, cid)
  const kept =
    world.media(id) ??
    world.addMedia({ id, personId: did, mimeType, altText: null, facts: { cid, ...more } }, bytes)
  return { $type: 'blob', ref: { $link: cid }, mimeType: kept.mimeType, size: kept.byteLength }
}

/** The file under this CID in a repository. */
export const findBlob = ({ world }: PlatformKit, did: string, cid: string): Media | undefined =>
  world.media(idOf(did, cid))

/** All references to files in a record, in their order. */
export function blobsIn(value: unknown): BlobRef[] {
  if (typeof value !== 'object' || value === null) return []
  if (isBlobRef(value)) return [value]
  return Object.values(value).flatMap(blobsIn)
}

/** Whether a value refers to a file in the form of today. */
export function isBlobRef(value: unknown): value is BlobRef {
  if (typeof value !== 'object' || value === null) return false
  const { $type, ref, mimeType, size } = value as Partial<BlobRef>
  return (
    $type === 'blob' &&
    typeof ref?.$link === 'string' &&
    typeof mimeType === 'string' &&
    typeof size === 'number'
  )
}

/**
 * The files of a record, each of which must have been uploaded to the same repository.
 * @throws XrpcError `BlobNotFound`, `InvalidMimeType`, `InvalidSize`
 */
export const requireBlobs = (kit: PlatformKit, did: string, record: unknown): Media[] =>
  blobsIn(record).map((blob) => {
    const kept = findBlob(kit, did, blob.ref.$link)
    if (!kept) throw invalidRequest(`Could not find blob: ${blob.ref.$link}`, 'BlobNotFound')
    if (kept.mimeType !== blob.mimeType)
      throw invalidRequest(
        `Referenced Mimetype does not match stored blob. Expected: ${kept.mimeType}, Got: ${blob.mimeType}`,
        'InvalidMimeType',
      )
    if (kept.byteLength !== blob.size)
      throw invalidRequest(
        `Referenced Size does not match stored blob. Expected: ${kept.byteLength}, Got: ${blob.size}`,
        'InvalidSize',
      )
    return kept
  })
