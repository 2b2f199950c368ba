import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import type { Workspace } from '../store/store.js'

/** How many accounts each plan has room for; null: no limit. */
export type Plans = Readonly<Record<string, number | null>>

/** The plans there are unless the operator declares others. */
export const defaultPlans: Plans = { creator: 15, pro: null }

/**
 * The most accounts a workspace may hold: its own number, or that of its plan; null: no limit.
 * @throws PostMcpError `config_invalid` for a plan nobody declared: an unknown plan must not be an unlimited one
 */
export function accountLimit(core: Pick<CoreContext, 'plans'>, workspace: Workspace): number | null {
  if (workspace.maxAccounts !== null) return workspace.maxAccounts
  const limit = core.plans[workspace.plan]
  if (limit !== undefined) return limit
  throw new PostMcpError('config_invalid', `The plan ${workspace.plan} of this workspace is not declared.`, {
    nextAction: 'Declare it in POSTMCP_PLANS.',
  })
}
