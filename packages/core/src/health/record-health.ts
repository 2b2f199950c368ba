import type { CoreContext } from '../core-context.js'
import type { Account, Health, HealthVerdict } from '../model/account.js'
import type { Grant } from '../model/grant.js'
import type { StoreOperations } from '../store/store.js'
import { effectiveHealth } from './account-report.js'

/** The verdict as it is stored: a status that stays keeps the instant since when it is so. */
const dated = (verdict: HealthVerdict, before: Health, now: Date): Health => ({
  ...verdict,
  since: verdict.status === before.status && verdict.reason === before.reason ? before.since : now,
})

/** History and event for an account whose visible health has changed. */
async function tellChange(
  tx: StoreOperations,
  account: Account,
  before: Health,
  after: Health,
  now: Date,
): Promise<void> {
  if (before.status === after.status && before.reason === after.reason) return
  await tx.accounts.addHistory(account.workspaceId, account.id, after)
  await tx.audit.add(
    {
      workspaceId: account.workspaceId,
      actor: 'system',
      action: 'account.status_changed',
      subjectId: account.id,
      details: { from: before.status, to: after.status, reason: after.reason, detectedBy: after.detectedBy },
    },
    now,
  )
  await tx.events.add(
    account.workspaceId,
    'account.status_changed',
    {
      accountId: account.id,
      platform: account.platform,
      from: before.status,
      to: after.status,
      reason: after.reason,
    },
    now,
  )
}

/**
 * Stores what a check found about a grant and, in the same transaction, the history of every account it feeds.
 * Compare-and-set on the grant's version that was checked: false when the grant has moved on, and then nothing is changed.
 */
export async function recordGrantHealth(
  core: CoreContext,
  grant: Grant,
  verdict: HealthVerdict,
): Promise<boolean> {
  const now = core.clock.now()
  return core.store.transaction(async (tx) => {
    const accounts = await tx.accounts.listByGrant(grant.workspaceId, grant.id)
    const health = dated(verdict, grant.health, now)
    if (!(await tx.grants.recordHealth(grant.workspaceId, grant.id, grant.version, health))) return false
    for (const account of accounts) {
      const after = effectiveHealth(account, { ...grant, health })
      await tellChange(tx, account, effectiveHealth(account, grant), after, now)
    }
    return true
  })
}

/** The same for one account; it applies only while the account hangs on this version of this grant. */
export async function recordAccountHealth(
  core: CoreContext,
  account: Account,
  grant: Grant,
  verdict: HealthVerdict,
): Promise<boolean> {
  const now = core.clock.now()
  return core.store.transaction(async (tx) => {
    const health = dated(verdict, account.health, now)
    if (!(await tx.accounts.recordHealth(account.workspaceId, account.id, grant, health))) return false
    const after = effectiveHealth({ ...account, health }, grant)
    await tellChange(tx, account, effectiveHealth(account, grant), after, now)
    return true
  })
}
