import type { CoreContext } from '../core-context.js'
import type { PostId } from '../model/ids.js'
import type { Post } from '../model/post.js'
import { readSecrets, writeSecrets } from '../refresh/grant-secrets.js'
import type { SealedOwner, StoreOperations } from '../store/store.js'
import type { Strongbox } from '../vault/vault.js'

/** Where capabilities are sealed that a platform handed out for one post, such as the address of an upload. */
const postSecretsOf = (id: PostId): SealedOwner => ({ type: 'post', id, field: 'secrets' })

type Named = Pick<Post, 'workspaceId' | 'id'>

/** @throws PostMcpError `sealed_value_corrupt` */
export async function openPostSecrets(
  core: CoreContext,
  { workspaceId, id }: Named,
): Promise<Record<string, string>> {
  const owner = postSecretsOf(id)
  const sealed = await core.store.credentials.get(workspaceId, owner)
  if (!sealed) return {}
  return readSecrets((await core.vault.unlock(workspaceId)).open(owner, sealed))
}

export async function savePostSecrets(
  tx: StoreOperations,
  box: Strongbox,
  { workspaceId, id }: Named,
  secrets: Record<string, string>,
): Promise<void> {
  const owner = postSecretsOf(id)
  await tx.credentials.put(workspaceId, owner, box.seal(owner, writeSecrets(secrets)))
}

export const deletePostSecrets = (tx: StoreOperations, { workspaceId, id }: Named): Promise<void> =>
  tx.credentials.deleteAllOf(workspaceId, 'post', id)
