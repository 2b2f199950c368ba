import { createHash, randomBytes } from 'node:crypto'
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { PostMcpError } from '../model/errors.js'
import type { KeyProvider } from './key-provider.js'
import { openBytes, sealBytes } from './sealed-value.js'

const keyBytes = 32

const keyRingSchema = z.strictObject({
  version: z.literal(1),
  /** Newest first. */
  keys: z
    .array(
      z.strictObject({
        id: z.string().regex(/^kek_[0-9a-f]{16}$/),
        key: z.base64().refine((key) => Buffer.from(key, 'base64').length === keyBytes, 'is not 32 bytes'),
      }),
    )
    .min(1),
})

/** Key-encryption keys as they are kept in a file or variable: secret. */
export type KeyRing = z.infer<typeof keyRingSchema>

/** A key ring with one new random key. */
export const newKeyRing = (): KeyRing => ({
  version: 1,
  keys: [{ id: `kek_${randomBytes(8).toString('hex')}`, key: randomBytes(keyBytes).toString('base64') }],
})

/** @throws PostMcpError `config_invalid`, without a trace of the content. */
export function parseKeyRing(text: string, source: string): KeyRing {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  const parsed = keyRingSchema.safeParse(json)
  if (parsed.success) return parsed.data
  throw new PostMcpError(
    'config_invalid',
    `${source} is not a key ring. It must be the JSON that \`postmcp keys backup\` prints.`,
  )
}

/** @returns undefined when there is no such file */
export async function readKeyRingFile(path: string): Promise<KeyRing | undefined> {
  try {
    return parseKeyRing(await readFile(path, 'utf8'), `The file ${path}`)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes a key ring beside the path where it is to be, for this user only. */
async function writeDraft(path: string, ring: KeyRing): Promise<string> {
  const draft = join(dirname(path), `.keyring-${randomBytes(6).toString('hex')}`)
  await writeFile(draft, `${JSON.stringify(ring, null, 2)}\n`, { mode: 0o600, flag: 'wx', flush: true })
  return draft
}

/**
 * Writes a new key ring to a 0600 file, whole or not at all. When another process was quicker, its key ring is kept.
 * @returns what is in the file afterwards
 */
export async function createKeyRingFile(path: string): Promise<KeyRing> {
  const draft = await writeDraft(path, newKeyRing())
  try {
    await link(draft, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    await unlink(draft)
  }
  const ring = await readKeyRingFile(path)
  if (!ring) throw new PostMcpError('keyring_missing', `The key ring ${path} vanished while it was made.`)
  return ring
}

/**
 * Adds a new key to the key ring in a file, as its first; the file is replaced whole or not at all.
 * @returns the new key's id
 */
export async function addKeyToFile(path: string): Promise<string> {
  const ring = await readKeyRingFile(path)
  if (!ring) throw new PostMcpError('keyring_missing', `There is no key ring at ${path}.`)
  const [added] = newKeyRing().keys
  if (!added) throw new PostMcpError('internal_error', 'No key was made.')
  const draft = await writeDraft(path, { ...ring, keys: [added, ...ring.keys] })
  await rename(draft, path)
  return added.id
}

/**
 * Uses the keys of a key ring that is in memory.
 * @param reload reads the key ring again, for one that can grow while the process runs
 */
export function localKeyProvider(
  ring: KeyRing,
  reload: () => Promise<KeyRing> = async () => ring,
): KeyProvider {
  const bytesOf = ({ keys }: KeyRing) => new Map(keys.map(({ id, key }) => [id, Buffer.from(key, 'base64')]))
  let keys = bytesOf(ring)
  return {
    async listKeys() {
      keys = bytesOf(await reload())
      return [...keys].map(([id, key]) => ({
        id,
        // A digest of 256 random bits tells keys apart and cannot be turned back.
        fingerprint: createHash('sha256').update('postmcp key ring fingerprint\0').update(key).digest('hex'),
      }))
    },
    async wrap(kekId, dataKey, context) {
      const key = keys.get(kekId)
      if (!key) throw new PostMcpError('keyring_wrong', `The key ring has no key ${kekId}.`)
      return sealBytes(key, kekId, context, dataKey)
    },
    async unwrap(kekId, wrapped, context) {
      const key = keys.get(kekId)
      return key ? openBytes(key, context, wrapped) : null
    },
  }
}
