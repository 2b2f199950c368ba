import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** First byte of every sealed value; a change of layout or algorithm gets a new one. */
const formatVersion = 1
const nonceBytes = 12
const tagBytes = 16

/** Parts joined so that no two different lists give the same bytes: each is preceded by its length in four bytes. */
function lengthPrefixed(parts: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    }),
  )
}

/**
 * Encrypts with AES-256-GCM. Layout: version (1 byte), length of the key id (1 byte), key id, nonce (12), ciphertext, tag (16).
 * @param key 32 bytes
 * @param keyId names the key in the result, so that it is found again; at most 255 bytes
 * @param context what the value belongs to; it opens only with the same context
 */
export function sealBytes(key: Buffer, keyId: string, context: readonly string[], plaintext: Buffer): Buffer {
  const nonce = randomBytes(nonceBytes)
  const header = Buffer.concat([Buffer.from([formatVersion, Buffer.byteLength(keyId)]), Buffer.from(keyId)])
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(lengthPrefixed([Buffer.from([formatVersion]), ...context]))
  return Buffer.concat([header, nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** The id of the key a value was sealed with; null when the value has not the layout of one. */
export function sealedWith(sealed: Buffer): string | null {
  const idLength = sealed[1]
  if (sealed[0] !== formatVersion || idLength === undefined) return null
  if (sealed.length < 2 + idLength + nonceBytes + tagBytes) return null
  return sealed.subarray(2, 2 + idLength).toString('utf8')
}

/** The plaintext, or null when key, context or bytes are not those of sealing. */
export function openBytes(key: Buffer, context: readonly string[], sealed: Buffer): Buffer | null {
  const keyId = sealedWith(sealed)
  if (keyId === null) return null
  const start = 2 + Buffer.byteLength(keyId)
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(start, start + nonceBytes), {
    authTagLength: tagBytes,
  })
  decipher.setAAD(lengthPrefixed([Buffer.from([formatVersion]), ...context]))
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
  try {
    return Buffer.concat([
      decipher.update(sealed.subarray(start + nonceBytes, sealed.length - tagBytes)),
      decipher.final(),
    ])
  } catch {
    return null
  }
}
