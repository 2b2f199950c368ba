import { effectiveHealth } from '../health/account-report.js'
import type { Account, Health } from '../model/account.js'
import { type GrantId, newId, type PostId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import type { Provider, Target } from '../provider/provider.js'
import { writeSecrets } from '../refresh/grant-secrets.js'
import { targetSecretsOf } from '../refresh/target-access.js'
import type { StoreOperations } from '../store/store.js'
import type { Strongbox } from '../vault/vault.js'

/** Whether a target that is this account takes up room in the plan when it is connected now. */
export const isAdded = (known: Account | undefined): boolean =>
  known === undefined || known.health.status === 'disconnected'

/** What makes accounts of targets. */
export interface NewAccounts {
  grantId: GrantId
  targets: Target[]
  /** The accounts they are already, in the same order; these keep their ids. */
  known: (Account | undefined)[]
  health: Health
}

/** Makes accounts of targets of a grant, with the secrets they have of their own, and wakes posts that can be cleared up now. */
export async function saveAccounts(
  tx: StoreOperations,
  box: Strongbox,
  scope: Scope,
  { manifest }: Provider,
  { grantId, targets, known, health }: NewAccounts,
): Promise<Account[]> {
  const { workspaceId } = scope
  const kind = manifest.connect.targetKinds[0] ?? ''
  const accounts: Account[] = []
  const wake: PostId[] = []
  for (const [index, target] of targets.entries()) {
    const account = await saveAccount(
      tx,
      scope,
      manifest.id,
      grantId,
      { kind, ...target },
      known[index],
      health,
    )
    const owner = targetSecretsOf(account.id)
    if (target.secrets)
      await tx.credentials.put(workspaceId, owner, box.seal(owner, writeSecrets(target.secrets)))
    else await tx.credentials.deleteAllOf(workspaceId, owner.type, owner.id)
    wake.push(...(await tx.posts.wakeUnknown(workspaceId, account.id, health.since)))
    accounts.push(account)
  }
  await tx.jobs.wake(wake.map((postId) => ({ workspaceId, postId })))
  return accounts
}

async function saveAccount(
  tx: StoreOperations,
  { workspaceId, actor }: Scope,
  platform: string,
  grantId: GrantId,
  target: Target,
  known: Account | undefined,
  health: Health,
): Promise<Account> {
  const { targetId, secrets: _, kind = '', settings = {}, ...shown } = target
  const display = { ...shown, kind, settings }
  const now = health.since
  const account: Account = known
    ? { ...known, ...display, grantId, health }
    : {
        id: newId('account', now),
        workspaceId,
        platform,
        targetId,
        grantId,
        ...display,
        health,
        checkedAt: null,
        lastUsedAt: null,
        createdAt: now,
      }
  const before =
    known &&
    effectiveHealth(known, known.grantId ? await tx.grants.get(workspaceId, known.grantId) : undefined)
  if (known) {
    await tx.accounts.attach(workspaceId, known.id, grantId, health)
    await tx.accounts.update(workspaceId, known.id, display)
  } else {
    await tx.accounts.insert(account)
  }
  await tx.accounts.addHistory(workspaceId, account.id, health)
  const action = known ? 'account.reconnected' : 'account.connected'
  await tx.audit.add({ workspaceId, actor, action, subjectId: account.id, details: { platform } }, now)
  await tx.events.add(
    workspaceId,
    action,
    { accountId: account.id, platform, from: before?.status ?? null },
    now,
  )
  return account
}
