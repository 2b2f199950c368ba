import { createHash } from 'node:crypto'
import { invalidRequest } from './errors.js'

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const RAW = 0x55
const DAG_CBOR = 0x71

/** The CID of a file. @see https://atproto.com/specs/data-model#link-and-cid-formats */
export const cidOfBytes = (bytes: Uint8Array): string => formCid(RAW, bytes)

/**
 * The CID of a record: the hash of its form in DAG-CBOR, so that equal records have equal CIDs whatever the order of their fields.
 * @throws XrpcError for numbers that are not whole
 */
export const cidOfRecord = (record: unknown): string => formCid(DAG_CBOR, encode(record))

function formCid(codec: number, bytes: Uint8Array): string {
  const hash = createHash('sha256').update(bytes).digest()
  return `b${toBase32(Uint8Array.of(1, codec, 0x12, hash.length, ...hash))}`
}

/** Major types of CBOR. @see https://www.rfc-editor.org/rfc/rfc8949 */
const TYPE = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6 } as const

function encode(value: unknown): Buffer {
  if (value === null || value === undefined) return Buffer.of(0xf6)
  if (typeof value === 'boolean') return Buffer.of(value ? 0xf5 : 0xf4)
  if (typeof value === 'number') return encodeInteger(value)
  if (typeof value === 'string') return encodeSized(TYPE.text, Buffer.from(value))
  if (Array.isArray(value)) return Buffer.concat([encodeHead(TYPE.array, value.length), ...value.map(encode)])
  return encodeObject(value as Record<string, unknown>)
}

function encodeInteger(value: number): Buffer {
  if (!Number.isSafeInteger(value)) throw invalidRequest('Records take whole numbers only')
  return value < 0 ? encodeHead(TYPE.negative, -1 - value) : encodeHead(TYPE.unsigned, value)
}

function encodeObject(object: Record<string, unknown>): Buffer {
  const { $link, $bytes } = object
  if (typeof $link === 'string') {
    // A CID in binary form has a zero before it, for reasons of history.
    const cid = encodeSized(TYPE.bytes, Buffer.concat([Buffer.of(0), fromBase32($link.slice(1))]))
    return Buffer.concat([encodeHead(TYPE.tag, 42), cid])
  }
  if (typeof $bytes === 'string') return encodeSized(TYPE.bytes, Buffer.from($bytes, 'base64'))
  const entries = Object.entries(object)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name: Buffer.from(name), value }))
    .toSorted((one, other) => one.name.length - other.name.length || one.name.compare(other.name))
  return Buffer.concat([
    encodeHead(TYPE.map, entries.length),
    ...entries.flatMap(({ name, value }) => [encodeSized(TYPE.text, name), encode(value)]),
  ])
}

const encodeSized = (type: number, bytes: Buffer) =>
  Buffer.concat([encodeHead(type, bytes.byteLength), bytes])

/** Type and number, in as few bytes as they take. */
function encodeHead(type: number, value: number): Buffer {
  const first = type << 5
  if (value < 24) return Buffer.of(first | value)
  const size = value < 0x100 ? 0 : value < 0x10000 ? 1 : value < 0x100000000 ? 2 : 3
  const head = Buffer.alloc(1 + (1 << size))
  head[0] = first | (24 + size)
  if (size === 3) head.writeBigUInt64BE(BigInt(value), 1)
  else head.writeUIntBE(value, 1, 1 << size)
  return head
}

function toBase32(bytes: Uint8Array): string {
  let [text, pending, bits] = ['', 0, 0]
  for (const byte of bytes) {
    pending = (pending << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += BASE32[(pending >> bits) & 31]
    }
    pending &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + BASE32[(pending << (5 - bits)) & 31]
}

function fromBase32(text: string): Buffer {
  const bytes: number[] = []
  let [pending, bits] = [0, 0]
  for (const character of text) {
    pending = (pending << 5) | Math.max(0, BASE32.indexOf(character))
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((pending >> bits) & 255)
    pending &= (1 << bits) - 1
  }
  return Buffer.from(bytes)
}
