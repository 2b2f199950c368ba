import { generateKeyPairSync } from 'node:crypto'
import { PostMcpError } from '../model/errors.js'
import type { AppClient } from '../provider/context.js'
import type { SealedOwner, Store } from '../store/store.js'
import type { Vault } from '../vault/vault.js'

/**
 * The client of a platform that knows us by a document we serve: it signs with a key of this installation, made once and sealed.
 * @returns a client whose one secret is the private key, a JWK of P-256 as JSON
 */
export async function loadSigningClient(
  { store, vault }: { store: Pick<Store, 'systemSecrets'>; vault: Vault },
  platform: string,
): Promise<AppClient> {
  const name = `signing-key:${platform}`
  const owner: SealedOwner = { type: 'system', id: name, field: 'private_jwk' }
  const box = await vault.unlock('system')
  if (!(await store.systemSecrets.get(name))) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = JSON.stringify(privateKey.export({ format: 'jwk' }))
    await store.systemSecrets.putFirst(name, box.seal(owner, jwk))
  }
  // Another process may have been quicker.
  const sealed = await store.systemSecrets.get(name)
  if (!sealed) throw new PostMcpError('internal_error', `There is no signing key for ${platform}.`)
  return { id: '', secrets: [box.open(owner, sealed)], optionalScopes: [], values: {} }
}
