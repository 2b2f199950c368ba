import type { CoreContext } from '../core-context.js'
import type { Account } from '../model/account.js'
import type { AccountId } from '../model/ids.js'
import type { TargetAccess } from '../provider/provider.js'
import type { SealedOwner } from '../store/store.js'
import { readSecrets } from './grant-secrets.js'

/** Where the secrets of one target are sealed, such as a page's own token. */
export const targetSecretsOf = (id: AccountId): SealedOwner => ({ type: 'account', id, field: 'secrets' })

/** An account as a hook gets it. @throws PostMcpError `sealed_value_corrupt` */
export async function openTarget(core: CoreContext, account: Account): Promise<TargetAccess> {
  const { workspaceId, targetId, handle, settings } = account
  const owner = targetSecretsOf(account.id)
  const sealed = await core.store.credentials.get(workspaceId, owner)
  const box = await core.vault.unlock(workspaceId)
  return { targetId, handle, settings, secrets: sealed ? readSecrets(box.open(owner, sealed)) : {} }
}
