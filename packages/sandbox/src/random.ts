import { createHash } from 'node:crypto'

/** Random-looking values that are the same for the same seed. For simulated ids and tokens only, never for real secrets. */
export interface Random {
  /** So many bytes. */
  bytes(count: number): Uint8Array
  /** A whole number from 0 up to and without `limit`. */
  integer(limit: number): number
  /** So many hexadecimal digits, in lower case. */
  hex(digits: number): string
  /** So many characters of A-Z, a-z, 0-9, - and _. */
  text(length: number): string
  /** So many decimal digits, the first of them no zero. */
  digits(count: number): string
  /** A UUID, version 4. */
  uuid(): string
  /** Another source of the same kind, independent of how much of this one was used. */
  fork(name: string): Random
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Makes a source of values from a seed. */
export function createRandom(seed: string): Random {
  let block = new Uint8Array(0)
  let blocks = 0

  function bytes(count: number): Uint8Array {
    const result = new Uint8Array(count)
    for (let index = 0; index < count; index++) {
      if (block.length === 0) block = createHash('sha256').update(`${blocks++}:${seed}`).digest()
      result[index] = block[0] ?? 0
      block = block.subarray(1)
    }
    return result
  }
  const integer = (limit: number) => Buffer.from(bytes(6)).readUIntBE(0, 6) % limit
  const hex = (digits: number) =>
    Buffer.from(bytes(Math.ceil(digits / 2)))
      .toString('hex')
      .slice(0, digits)

  return {
    bytes,
    integer,
    hex,
    text: (length) => Array.from(bytes(length), (byte) => ALPHABET[byte % 64]).join(''),
    digits: (count) => Array.from({ length: count }, (_, at) => (at ? integer(10) : 1 + integer(9))).join(''),
    uuid() {
      const digits = hex(32)
      const variant = '89ab'[integer(4)]
      return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`
    },
    fork: (name) => createRandom(`${seed}/${name}`),
  }
}
