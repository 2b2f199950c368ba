import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import type { StoreOperations, Workspace } from '../store/store.js'

/** How many accounts each plan has room for; null: no limit. */
export type Plans = Readonly<Record<string, number | null>>

/** The plans there are unless the operator declares others. */
export const defaultPlans: Plans = { creator: 15, pro: null }

/**
 * The most accounts a workspace may hold: its own number, or that of its plan; null: no limit.
 * @throws PostMcpError `config_invalid` for a plan nobody declared: an unknown plan must not be an unlimited one
 */
function accountLimit(core: Pick<CoreContext, 'plans'>, workspace: Workspace): number | null {
  if (workspace.maxAccounts !== null) return workspace.maxAccounts
  const limit = core.plans[workspace.plan]
  if (limit !== undefined) return limit
  throw new PostMcpError('config_invalid', `The plan ${workspace.plan} of this workspace is not declared.`, {
    nextAction: 'Declare it in POSTMCP_PLANS.',
  })
}

/** How many more accounts a workspace has room for; null: any number. */
export async function accountsLeft(
  core: Pick<CoreContext, 'plans'>,
  { accounts }: Pick<StoreOperations, 'accounts'>,
  workspace: Workspace,
): Promise<number | null> {
  const limit = accountLimit(core, workspace)
  return limit === null ? null : Math.max(0, limit - (await accounts.countConnected(workspace.id)))
}

/**
 * Holds the plan; only with the workspace's row locked, so that two who count at once do not both find room.
 * @throws PostMcpError `plan_limit_reached` that says how many are left
 */
export async function refuseOverPlan(
  core: Pick<CoreContext, 'plans'>,
  tx: StoreOperations,
  workspace: Workspace,
  added: number,
): Promise<void> {
  const left = await accountsLeft(core, tx, workspace)
  if (left === null || added <= left) return
  throw new PostMcpError(
    'plan_limit_reached',
    `Your plan has room for ${left} more of ${accountLimit(core, workspace)} accounts; ${added} were to be added.`,
  )
}
