import { setTimeout as sleep } from 'node:timers/promises'
import { PostMcpError } from '../model/errors.js'
import type { Store, WrappedDataKey } from '../store/store.js'
import type { KeyProvider } from './key-provider.js'
import { dataKeyContext } from './vault.js'

/** A process that has not reported for this long is taken for gone; living ones report three times as often. */
export const holderSeconds = 90

/** The steps of a rotation, in order. */
export type RotationStep = 'added' | 'held_by_all' | 'promoted' | 'rewrapped' | 'retired'

/** A process says which key-encryption keys it holds; called every `holderSeconds / 3` while it lives. */
export async function reportKeys(
  store: Pick<Store, 'keys'>,
  provider: KeyProvider,
  processId: string,
): Promise<void> {
  const held = await provider.listKeys()
  await store.keys.reportHolder(
    processId,
    held.map((key) => key.id),
  )
}

/**
 * Makes a key of the key ring the one that wraps all data keys, and retires the others. No living process is ever left with a data
 * key it cannot open: the new key is used only once all of them hold it. May be repeated after any interruption.
 * @param kekId a key that the provider holds
 * @param waitSeconds how long to wait until every living process holds it
 * @throws PostMcpError `conflict` that names the processes which do not hold the key in time; `keyring_wrong`
 */
export async function rotateKeyEncryptionKey(
  store: Store,
  provider: KeyProvider,
  kekId: string,
  options: { waitSeconds: number; onStep?: (step: RotationStep) => void },
): Promise<void> {
  const { onStep } = options
  const key = (await provider.listKeys()).find((each) => each.id === kekId)
  if (!key) throw new PostMcpError('keyring_wrong', `The key ring does not hold ${kekId}.`)
  await store.keys.registerKeyEncryptionKey({ ...key, active: false })
  onStep?.('added')

  await untilHeldByAll(store, kekId, options.waitSeconds)
  onStep?.('held_by_all')
  await store.transaction((tx) => tx.keys.promoteKeyEncryptionKey(kekId))
  onStep?.('promoted')

  // A process that read the old key before the promotion may still wrap a first data key with it: the database refuses to
  // retire a key that is in use, and then we go round once more.
  for (;;) {
    for (const dataKey of await store.keys.listDataKeysNotWrappedBy(kekId))
      await rewrap(store, provider, dataKey, kekId)
    onStep?.('rewrapped')
    if (await store.keys.retireAllBut(kekId)) break
  }
  onStep?.('retired')
}

async function untilHeldByAll(store: Store, kekId: string, waitSeconds: number): Promise<void> {
  for (let left = waitSeconds; ; left--) {
    const lacking = (await store.keys.listHolders(holderSeconds)).filter(
      (holder) => !holder.kekIds.includes(kekId),
    )
    if (lacking.length === 0) return
    if (left <= 0) {
      throw new PostMcpError(
        'conflict',
        `These processes do not hold the new key: ${lacking.map((holder) => holder.processId).join(', ')}. Nothing is wrapped with it yet.`,
        {
          nextAction:
            'Give them the new key ring (restart those that have it in POSTMCP_KEYRING), then rotate again.',
        },
      )
    }
    await sleep(1000)
  }
}

/** Wraps a data key anew, and opens the result before it takes the old one's place. */
async function rewrap(
  store: Store,
  provider: KeyProvider,
  dataKey: WrappedDataKey,
  kekId: string,
): Promise<void> {
  const context = dataKeyContext(dataKey.keyScope, dataKey.id)
  const plain = await provider.unwrap(dataKey.kekId, dataKey.wrapped, context)
  if (!plain) throw new PostMcpError('keyring_wrong', `The key ring cannot open data key ${dataKey.id}.`)
  const wrapped = await provider.wrap(kekId, plain, context)
  if (!(await provider.unwrap(kekId, wrapped, context))?.equals(plain)) {
    throw new PostMcpError(
      'keyring_wrong',
      `Data key ${dataKey.id} does not open with its new wrapping. It was left as it was.`,
    )
  }
  await store.keys.rewrapDataKey(dataKey, { kekId, wrapped })
}
