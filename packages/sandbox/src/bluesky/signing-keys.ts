import { createECDH, createPrivateKey, createPublicKey, type JsonWebKey, sign, verify } from 'node:crypto'
import type { PlatformKit } from '../platform.js'

const CURVE = 'secp256k1'
/** The order of the curve. @see https://www.secg.org/sec2-v2.pdf section 2.4.1 */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
/** Marks a key of this curve. @see https://github.com/multiformats/multicodec/blob/master/table.csv */
const CODEC = [0xe7, 0x01]
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** The key of an account, which its server keeps for it: the same again for the same seed. */
export class SigningKey {
  readonly #private: JsonWebKey
  readonly #compressed: Uint8Array

  constructor(kit: PlatformKit, did: string) {
    const pair = createECDH(CURVE)
    const secret = kit.random.fork(`signing-key/${did}`).bytes(32)
    pair.setPrivateKey(secret)
    const point = pair.getPublicKey()
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
    const [x, y] = [text(point.subarray(1, 33)), text(point.subarray(33))]
    this.#private = { kty: 'EC', crv: CURVE, x, y, d: text(secret) }
    this.#compressed = pair.getPublicKey(null, 'compressed')
  }

  /** Its public half, as documents of accounts name it. @see https://atproto.com/specs/cryptography */
  get multibase(): string {
    return `z${toBase58(Uint8Array.of(...CODEC, ...this.#compressed))}`
  }

  /** A signature of ES256K, the lower one of the two that are good. */
  sign(text: string): Uint8Array {
    const key = createPrivateKey({ key: this.#private, format: 'jwk' })
    const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
    const s = BigInt(`0x${signature.toString('hex', 32)}`)
    if (s <= ORDER / 2n) return signature
    const lower = (ORDER - s).toString(16).padStart(64, '0')
    return Buffer.concat([signature.subarray(0, 32), Buffer.from(lower, 'hex')])
  }

  verifies(text: string, signature: Uint8Array): boolean {
    const { d: _, ...jwk } = this.#private
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    return verify('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }, signature)
  }
}

/** Of bytes that do not begin with zero. */
function toBase58(bytes: Uint8Array): string {
  let rest = BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  let text = ''
  while (rest > 0n) {
    text = `${BASE58[Number(rest % 58n)]}${text}`
    rest /= 58n
  }
  return text
}
