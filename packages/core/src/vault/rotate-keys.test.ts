import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { systemClock } from '../model/ambient.js'
import type { SealedOwner, Store } from '../store/store.js'
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js'
import { type KeyRing, localKeyProvider, newKeyRing } from './local-key-ring.js'
import { reportKeys, rotateKeyEncryptionKey } from './rotate-keys.js'
import { openVault, registerKeyRing } from './vault.js'

const owner: SealedOwner = { type: 'grant', id: 'grant_1', field: 'tokens' }

let database: TestDatabase
let store: Store
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
  store = await database.sharedStore()
})
afterAll(() => database.drop())
beforeEach(() => database.query('truncate key_holders, data_keys, key_encryption_keys'))

const vaultWith = (ring: KeyRing) =>
  openVault({ keys: store.keys, provider: localKeyProvider(ring), clock: systemClock })

/** A database sealed with an old key, and a ring that holds a new one before it. */
async function sealedWithOldKey() {
  const old = newKeyRing()
  await registerKeyRing(store.keys, localKeyProvider(old))
  const sealed = (await vaultWith(old).unlock('system')).seal(owner, 'a secret')
  const [added] = newKeyRing().keys
  const both: KeyRing = { version: 1, keys: [added!, ...old.keys] }
  const onlyNew: KeyRing = { version: 1, keys: [added!] }
  return { old, both, onlyNew, newId: added!.id, sealed }
}

test('a key that the key ring does not hold is refused', async () => {
  const { old, newId } = await sealedWithOldKey()
  await expect(
    rotateKeyEncryptionKey(store, localKeyProvider(old), newId, { waitSeconds: 0 }),
  ).rejects.toMatchObject({
    code: 'keyring_wrong',
  })
})

test('nothing is wrapped with a key that a living process does not hold', async () => {
  const { old, both, newId, sealed } = await sealedWithOldKey()
  await reportKeys(store, localKeyProvider(old), 'server:1')
  const rotation = rotateKeyEncryptionKey(store, localKeyProvider(both), newId, { waitSeconds: 0 })
  await expect(rotation).rejects.toThrow('These processes do not hold the new key: server:1.')
  expect((await vaultWith(old).unlock('system')).open(owner, sealed)).toBe('a secret')
})

test('after a rotation the new key alone opens everything, and the old one alone is refused', async () => {
  const { old, both, onlyNew, newId, sealed } = await sealedWithOldKey()
  await reportKeys(store, localKeyProvider(both), 'server:1')
  const steps: string[] = []
  await rotateKeyEncryptionKey(store, localKeyProvider(both), newId, {
    waitSeconds: 0,
    onStep: (step) => steps.push(step),
  })
  expect(steps).toEqual(['added', 'held_by_all', 'promoted', 'rewrapped', 'retired'])
  await registerKeyRing(store.keys, localKeyProvider(onlyNew))
  expect((await vaultWith(onlyNew).unlock('system')).open(owner, sealed)).toBe('a secret')
  await expect(registerKeyRing(store.keys, localKeyProvider(old))).rejects.toMatchObject({
    code: 'keyring_wrong',
  })
})

test('a rotation that was interrupted after its promotion is gone on with', async () => {
  const { both, onlyNew, newId, sealed } = await sealedWithOldKey()
  const [key] = (await localKeyProvider(both).listKeys()).filter(({ id }) => id === newId)
  await store.keys.registerKeyEncryptionKey({ ...key!, active: false })
  await store.keys.promoteKeyEncryptionKey(newId)
  await rotateKeyEncryptionKey(store, localKeyProvider(both), newId, { waitSeconds: 0 })
  expect((await vaultWith(onlyNew).unlock('system')).open(owner, sealed)).toBe('a secret')
})

test('a process that has left or gone silent is not waited for', async () => {
  const { old, both, newId } = await sealedWithOldKey()
  await reportKeys(store, localKeyProvider(old), 'server:1')
  await reportKeys(store, localKeyProvider(old), 'server:2')
  await store.keys.withdrawHolder('server:1')
  await database.query(
    "update key_holders set seen_at = now() - interval '91 seconds' where process_id = 'server:2'",
  )
  await rotateKeyEncryptionKey(store, localKeyProvider(both), newId, { waitSeconds: 0 })
  expect(await store.keys.listKeyEncryptionKeys()).toMatchObject([{ id: newId, active: true }])
})

test('a data key that was first wrapped with the old key during the rotation is wrapped anew before that key is retired', async () => {
  const { old, both, onlyNew, newId } = await sealedWithOldKey()
  const slow = localKeyProvider(both)
  let late = ''
  await rotateKeyEncryptionKey(
    {
      ...store,
      keys: {
        ...store.keys,
        retireAllBut: async (id) => {
          if (late === '') {
            // Another process had read the old key as the active one and inserts only now.
            const oldProvider = localKeyProvider(old)
            const wrapped = await oldProvider.wrap(old.keys[0]!.id, Buffer.alloc(32, 7), [
              'data-key',
              'ws_late',
              'dk_late',
            ])
            await store.keys.insertFirstDataKey({
              id: 'dk_late',
              keyScope: 'ws_late',
              kekId: old.keys[0]!.id,
              wrapped,
            })
            late = 'dk_late'
          }
          return store.keys.retireAllBut(id)
        },
      },
    },
    slow,
    newId,
    { waitSeconds: 0 },
  )
  const [dataKey] = await store.keys.listDataKeys('ws_late')
  expect(dataKey).toMatchObject({ id: late, kekId: newId })
  await expect(vaultWith(onlyNew).unlock('ws_late')).resolves.toBeDefined()
})
