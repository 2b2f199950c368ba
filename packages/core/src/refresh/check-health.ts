import type { CoreContext } from '../core-context.js'
import { isPostMcpError } from '../model/errors.js'
import { verifyAccount } from './verify-account.js'

/** Accounts verified at the same time; they may all belong to one slow platform. */
const batch = 5
/** Days before the end of an access on which somebody is told; the nearest first, for that one says all. */
const warningDays = [3, 14] as const
/** Grants warned of in one go. */
const warningBatch = 100

/**
 * Asks the platforms about accounts nobody has asked about for a day, so that an access taken away is found before the next post
 * needs it. Never throws for what a platform does.
 * @returns whether there may be more
 */
export async function verifyUncheckedAccounts(core: CoreContext): Promise<{ more: boolean }> {
  const due = await core.store.accounts.takeUnverified(core.clock.now(), batch)
  await Promise.all(
    due.map(async ({ workspaceId, id }) => {
      try {
        await verifyAccount(core, { workspaceId, actor: 'system' }, id)
      } catch (error) {
        const code = isPostMcpError(error) ? error.code : 'internal_error'
        core.logger.info({ accountId: id, code }, 'verification failed')
      }
    }),
  )
  return { more: due.length === batch }
}

/** Tells, 14 and 3 days ahead and once each, of accounts whose access ends unless a person does something. */
export async function warnOfEndingAccess(core: CoreContext): Promise<{ more: boolean }> {
  const now = core.clock.now()
  let more = false
  for (const days of warningDays) {
    const taken = await core.store.transaction(async (tx) => {
      const grants = await tx.grants.takeEnding(now, days, warningBatch)
      for (const { workspaceId, id, platform, endsAt } of grants) {
        for (const account of await tx.accounts.listByGrant(workspaceId, id)) {
          const payload = { accountId: account.id, platform, days, endsAt: endsAt?.toISOString() ?? null }
          await tx.events.add(workspaceId, 'account.expiring', payload, now)
        }
      }
      return grants.length
    })
    more ||= taken === warningBatch
  }
  return { more }
}
