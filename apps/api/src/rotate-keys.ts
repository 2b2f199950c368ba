import {
  addKeyToFile,
  PostMcpError,
  type RotationStep,
  reportKeys,
  rotateKeyEncryptionKey,
} from '@postmcp/core'
import { openInstallation } from './installation.js'
import { keyRingPath } from './key-ring.js'

/** Longer than a living process needs to notice a new key. */
const waitSeconds = 120

/**
 * Gives the installation a new key-encryption key: adds one to the key ring file (with POSTMCP_KEYRING the operator adds it, as
 * the first), waits until every living process holds it, wraps all data keys with it and retires the old one. An interrupted rotation
 * is gone on with. The old key stays in the file, for back-ups of the database that were made with it.
 * @returns the new key's id
 * @throws PostMcpError `config_invalid` when POSTMCP_KEYRING holds no new key, and those of `rotateKeyEncryptionKey`
 */
export async function rotateKeys(
  env: NodeJS.ProcessEnv,
  onStep?: (step: RotationStep) => void,
): Promise<string> {
  const { core, settings, keyProvider, close } = await openInstallation(env, { logLevel: 'silent' })
  try {
    const [newest] = await keyProvider.listKeys()
    const active = (await core.store.keys.listKeyEncryptionKeys()).find((key) => key.active)
    let kekId = newest?.id
    if (kekId === undefined || kekId === active?.id) {
      if (settings.keyRing !== null) {
        throw new PostMcpError('config_invalid', 'POSTMCP_KEYRING holds no new key.', {
          nextAction:
            'Put a new key before the others in POSTMCP_KEYRING, for every process, then rotate again.',
        })
      }
      kekId = await addKeyToFile(keyRingPath(settings.dataDir))
    }
    await reportKeys(core.store, keyProvider, core.processId)
    await rotateKeyEncryptionKey(core.store, keyProvider, kekId, { waitSeconds, ...(onStep && { onStep }) })
    return kekId
  } finally {
    await close()
  }
}
