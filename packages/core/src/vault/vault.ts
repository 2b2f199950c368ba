import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import type { Clock } from '../model/ambient.js'
import { PostMcpError } from '../model/errors.js'
import { newId, type WorkspaceId } from '../model/ids.js'
import type { SealedOwner, StoreOperations, WrappedDataKey } from '../store/store.js'
import type { KeyProvider } from './key-provider.js'
import { openBytes, sealBytes, sealedWith } from './sealed-value.js'

/** Which data key seals a value: the workspace's own, or the installation's. */
export type KeyScope = WorkspaceId | 'system'

/** The open data keys of one scope, for the length of one call: seals and opens without waiting, also inside transactions. */
export interface Strongbox {
  seal(owner: SealedOwner, plaintext: string): Buffer
  /** @throws PostMcpError `sealed_value_corrupt` when the value was damaged or belongs to another owner. */
  open(owner: SealedOwner, sealed: Buffer): string
  /** A keyed digest: equal inputs are recognised, and nobody without the key can try inputs out. Hex, 64 characters. */
  fingerprint(purpose: string, input: string): string
}

export interface Vault {
  /** @throws PostMcpError `keyring_wrong` when the key ring cannot open this scope's data keys. */
  unlock(scope: KeyScope): Promise<Strongbox>
}

/** Open data keys are forgotten after this long, so that a key taken away stops working. */
const cacheMs = 5 * 60 * 1000

/** What a wrapped data key is bound to. */
export const dataKeyContext = (scope: string, id: string): string[] => ['data-key', scope, id]

/**
 * Makes sure that the key provider holds the keys this database was sealed with, and registers the first one.
 * @throws PostMcpError `keyring_wrong`
 */
export async function registerKeyRing(keys: StoreOperations['keys'], provider: KeyProvider): Promise<void> {
  const held = await provider.listKeys()
  const [newest] = held
  if (!newest) throw new PostMcpError('keyring_missing', 'The key ring is empty.')
  if ((await keys.listKeyEncryptionKeys()).length === 0) {
    await keys.registerKeyEncryptionKey({ ...newest, active: true })
  }
  for (const known of await keys.listKeyEncryptionKeys()) {
    const match = held.find((key) => key.id === known.id)
    if (match?.fingerprint !== known.fingerprint) {
      const problem = match ? 'has another key under the id' : 'does not hold the key'
      throw new PostMcpError(
        'keyring_wrong',
        `The key ring ${problem} ${known.id}, with which this database is sealed. Nothing was changed.`,
      )
    }
  }
}

/** The vault: data keys wrapped by the key provider's keys, in the store; values sealed with data keys, anywhere. */
export function openVault(options: {
  keys: StoreOperations['keys']
  provider: KeyProvider
  clock: Clock
}): Vault {
  const { keys, provider, clock } = options
  const cache = new Map<KeyScope, { box: Promise<Strongbox>; until: number }>()

  async function makeFirstDataKey(scope: KeyScope): Promise<void> {
    const active = (await keys.listKeyEncryptionKeys()).find((key) => key.active)
    if (!active)
      throw new PostMcpError('keyring_missing', 'No key-encryption key is registered with this database.')
    const id = newId('dataKey', clock.now())
    const wrapped = await provider.wrap(active.id, randomBytes(32), dataKeyContext(scope, id))
    await keys.insertFirstDataKey({ id, keyScope: scope, kekId: active.id, wrapped })
  }

  async function openDataKey(key: WrappedDataKey): Promise<[string, Buffer]> {
    const plain = await provider.unwrap(key.kekId, key.wrapped, dataKeyContext(key.keyScope, key.id))
    if (plain) return [key.id, plain]
    throw new PostMcpError('keyring_wrong', `The key ring cannot open data key ${key.id} of ${key.keyScope}.`)
  }

  async function load(scope: KeyScope): Promise<Strongbox> {
    if ((await keys.listDataKeys(scope)).length === 0) await makeFirstDataKey(scope)
    const dataKeys = new Map(await Promise.all((await keys.listDataKeys(scope)).map(openDataKey)))
    return strongbox(scope, dataKeys)
  }

  return {
    unlock(scope) {
      const now = clock.now().getTime()
      const cached = cache.get(scope)
      if (cached && cached.until > now) return cached.box
      const box = load(scope)
      cache.set(scope, { box, until: now + cacheMs })
      box.catch(() => cache.delete(scope))
      return box
    },
  }
}

/** @param dataKeys newest first */
function strongbox(scope: KeyScope, dataKeys: Map<string, Buffer>): Strongbox {
  const [newest] = dataKeys
  if (!newest) throw new PostMcpError('internal_error', `No data key for ${scope}.`)
  const [newestId, newestKey] = newest
  const oldestKey = [...dataKeys.values()].at(-1) ?? newestKey
  const context = (owner: SealedOwner) => [scope, owner.type, owner.id, owner.field]
  return {
    seal: (owner, plaintext) =>
      sealBytes(newestKey, newestId, context(owner), Buffer.from(plaintext, 'utf8')),
    open(owner, sealed) {
      const key = dataKeys.get(sealedWith(sealed) ?? '')
      const plaintext = key && openBytes(key, context(owner), sealed)
      if (plaintext) return plaintext.toString('utf8')
      throw new PostMcpError(
        'sealed_value_corrupt',
        `The stored ${owner.field} of ${owner.id} cannot be opened: it was damaged or does not belong there.`,
      )
    },
    fingerprint(purpose, input) {
      // From the oldest key, so that digests stay comparable when a scope gets a new data key.
      const key = Buffer.from(hkdfSync('sha256', oldestKey, Buffer.alloc(0), `fingerprint ${purpose}`, 32))
      return createHmac('sha256', key).update(input, 'utf8').digest('hex')
    },
  }
}
