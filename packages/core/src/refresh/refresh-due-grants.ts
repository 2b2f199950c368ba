import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import { useGrant } from './use-grant.js'

/** How far ahead of expiry the sweep renews access tokens, and how many in one go. */
const aheadSeconds = 10 * 60
const batch = 50

/**
 * Refreshes grants whose access token is about to end, so that posts need not wait for it. Failures leave their trace in the
 * grant's health or pass; this never throws for them.
 */
export async function refreshDueGrants(core: CoreContext): Promise<void> {
  const before = new Date(core.clock.now().getTime() + aheadSeconds * 1000)
  for (const { workspaceId, grantId } of await core.store.grants.listDue(before, batch)) {
    try {
      await useGrant(core, workspaceId, grantId)
    } catch (error) {
      if (!(error instanceof PostMcpError)) throw error
      core.logger.info({ grantId, code: error.code }, 'refresh failed')
    }
  }
}
