import type { Health } from '../model/account.js'
import type { Grant, TokenSet } from '../model/grant.js'
import type { GrantId, WorkspaceId } from '../model/ids.js'
import { readTokens, tokensOf } from '../refresh/grant-secrets.js'
import type { StoreOperations } from '../store/store.js'
import type { Strongbox } from '../vault/vault.js'

/** A grant that is no more here, with what it takes to end it at the platform as well. */
export interface EndedGrant {
  grant: Grant
  tokens: TokenSet
}

/**
 * Gives up a grant that feeds no account any more: its lease is void and its secrets are destroyed.
 * @returns what is to be taken back at the platform once this is committed; null when the grant lives on or had nothing left
 */
export async function endUnusedGrant(
  tx: StoreOperations,
  box: Strongbox,
  workspaceId: WorkspaceId,
  id: GrantId,
  health: Health,
): Promise<EndedGrant | null> {
  const grant = await tx.grants.get(workspaceId, id)
  if (!grant || (await tx.accounts.listByGrant(workspaceId, id)).length > 0) return null
  // Before its tokens are read: a refresh that is about to save others waits for the row, and then saves nothing.
  await tx.grants.end(workspaceId, id, health)
  const tokens = await openTokens(tx, box, workspaceId, id)
  await tx.credentials.deleteAllOf(workspaceId, 'grant', id)
  return tokens && { grant, tokens }
}

/** The tokens a grant lives by; null where there are none, or where they are damaged and nothing can be done with them. */
export async function openTokens(
  tx: StoreOperations,
  box: Strongbox,
  workspaceId: WorkspaceId,
  id: GrantId,
): Promise<TokenSet | null> {
  const sealed = await tx.credentials.get(workspaceId, tokensOf(id))
  if (!sealed) return null
  try {
    return readTokens(box.open(tokensOf(id), sealed))
  } catch {
    return null
  }
}
