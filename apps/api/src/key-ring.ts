import { join } from 'node:path'
import {
  createKeyRingFile,
  type KeyProvider,
  type KeyRing,
  localKeyProvider,
  PostMcpError,
  parseKeyRing,
  readKeyRingFile,
  type Store,
} from '@postmcp/core'
import type { Settings } from './env.js'

/** Where the key ring is kept unless POSTMCP_KEYRING holds it. */
export const keyRingPath = (dataDir: string): string => join(dataDir, 'keyring.json')

/** The key ring of this installation, from the variable or the file. @returns undefined when there is neither */
export async function findKeyRing(
  settings: Pick<Settings, 'keyRing' | 'dataDir'>,
): Promise<KeyRing | undefined> {
  return settings.keyRing === null
    ? readKeyRingFile(keyRingPath(settings.dataDir))
    : parseKeyRing(settings.keyRing, 'POSTMCP_KEYRING')
}

/**
 * The key provider for this database. A key ring is made only for a database that has never been sealed with one.
 * @returns `created` when one was made, so that the user can be told to back it up
 * @throws PostMcpError `keyring_missing`, `config_invalid`
 */
export async function openKeyRing(
  settings: Pick<Settings, 'keyRing' | 'dataDir'>,
  store: Store,
): Promise<{ provider: KeyProvider; created: boolean }> {
  const found = await findKeyRing(settings)
  if (found) {
    const reload = async () => (await findKeyRing(settings)) ?? found
    return { provider: localKeyProvider(found, reload), created: false }
  }
  const path = keyRingPath(settings.dataDir)
  if ((await store.keys.listKeyEncryptionKeys()).length > 0) {
    throw new PostMcpError(
      'keyring_missing',
      `This database is sealed, and its key ring is not at ${path}. Nothing was changed.`,
    )
  }
  const made = await createKeyRingFile(path)
  return {
    provider: localKeyProvider(made, async () => (await findKeyRing(settings)) ?? made),
    created: true,
  }
}
