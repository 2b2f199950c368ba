import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import { useGrant } from './use-grant.js'

/** Grants refreshed at the same time; they may all belong to one slow platform. */
const batch = 5
/** How long a refresh that came to nothing waits for the next try. */
const againSeconds = 60

/**
 * Refreshes grants whose access token is about to end, so that posts need not wait for it. Failures leave their trace in the
 * grant's health or pass; this never throws for them.
 * @returns whether there may be more
 */
export async function refreshDueGrants(core: CoreContext): Promise<{ more: boolean }> {
  const due = await core.store.grants.takeDue(core.clock.now(), againSeconds, batch)
  await Promise.all(
    due.map(async ({ workspaceId, grantId }) => {
      try {
        await useGrant(core, workspaceId, grantId)
      } catch (error) {
        const code = error instanceof PostMcpError ? error.code : 'internal_error'
        core.logger.info({ grantId, code }, 'refresh failed')
      }
    }),
  )
  return { more: due.length === batch }
}
