import type { CoreContext } from '../core-context.js'
import type { Complete } from '../idempotency/run-once.js'
import { type Account, type Health, healthy } from '../model/account.js'
import type { Connection, ConnectStep } from '../model/connection.js'
import { PostMcpError } from '../model/errors.js'
import type { GrantId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import type { Target } from '../provider/provider.js'
import { stepOf } from './connection-steps.js'
import { type GrantTargets, grantGone, listGrantTargets } from './grant-targets.js'
import { refuseOverPlan } from './plans.js'
import { isAdded, saveAccounts } from './save-accounts.js'
import { choiceMinutes, noComplete, summaryOf } from './settle.js'

/** What a list of targets looks like on a connection, and how long it waits for a choice. */
export function toOffer(
  { providers, clock }: CoreContext,
  platform: string,
  targets: Target[],
): Pick<Connection, 'targets' | 'expiresAt'> {
  const [usual = ''] = providers.get(platform).manifest.connect.targetKinds
  return {
    targets: targets.map((target) => summaryOf(target, usual)),
    expiresAt: new Date(clock.now().getTime() + choiceMinutes * 60_000),
  }
}

/**
 * Adds what was chosen from the list: all of it, or nothing. The platform is asked again, so that what is saved is what holds now.
 * @throws PostMcpError `account_not_publishable` when the authorization has ended meanwhile, and those of `addAccounts`; then the
 *   choice stays open
 */
export async function chooseToAdd(
  core: CoreContext,
  scope: Scope,
  connection: Connection & { grantId: GrantId },
  targetIds: string[],
): Promise<ConnectStep> {
  const listed = await listGrantTargets(core, scope.workspaceId, connection.grantId)
  if (!listed) throw grantGone(connection.platform)
  return saveAdded(core, scope, connection, listed, targetIds, noComplete)
}

/** Asks the platform again what there is to add. */
export async function relistToAdd(
  core: CoreContext,
  connection: Connection & { grantId: GrantId },
): Promise<ConnectStep> {
  const { workspaceId, id, platform, grantId } = connection
  const listed = await listGrantTargets(core, workspaceId, grantId)
  if (!listed) throw grantGone(platform)
  const update = { state: 'selecting_targets' as const, ...toOffer(core, platform, listed.targets) }
  if (!(await core.store.connections.advance(workspaceId, id, ['selecting_targets'], update))) {
    throw new PostMcpError('connection_not_open', `Connection ${id} was completed meanwhile.`)
  }
  return stepOf(core, { ...connection, ...update })
}

/** @throws PostMcpError as `chooseToAdd` */
export async function saveAdded(
  core: CoreContext,
  scope: Scope,
  connection: Connection,
  { open, targets }: GrantTargets,
  targetIds: string[],
  complete: Complete,
): Promise<ConnectStep> {
  const { workspaceId } = scope
  const { grant } = open
  const chosen = [...new Set(targetIds)].map((targetId): Target => {
    const target = targets.find((each) => each.targetId === targetId)
    if (target) return target
    throw new PostMcpError('invalid_request', `There is no target ${targetId} to choose.`)
  })
  if (chosen.length === 0) throw new PostMcpError('invalid_request', 'Choose at least one target.')
  const provider = core.providers.get(grant.platform, grant.way)
  const box = await core.vault.unlock(workspaceId)
  const health: Health = { ...healthy('connect'), since: core.clock.now() }
  const accounts = await core.store.transaction(async (tx) => {
    // A disconnect and a reconnect lock the workspace as well: from here on the grant stays what it is.
    const workspace = await tx.workspaces.lock(workspaceId)
    const now = await tx.grants.get(workspaceId, grant.id)
    const isSame = now?.authorizedAt.getTime() === grant.authorizedAt.getTime()
    if (!workspace || !isSame || now?.health.status === 'disconnected') throw grantGone(grant.platform)
    const known = await Promise.all(
      chosen.map(({ targetId }) => tx.accounts.findByTarget(workspaceId, grant.platform, targetId)),
    )
    refuseConnected(known)
    await refuseOverPlan(core, tx, workspace, chosen.length)
    const saved = await saveAccounts(tx, box, scope, provider, {
      grantId: grant.id,
      targets: chosen,
      known,
      health,
    })
    const update = { state: 'connected' as const, accountIds: saved.map(({ id }) => id) }
    if (!(await tx.connections.advance(workspaceId, connection.id, ['selecting_targets'], update))) {
      throw new PostMcpError('connection_not_open', `Connection ${connection.id} was completed meanwhile.`)
    }
    await complete(tx, connection.id)
    return saved
  })
  return { type: 'connected', connectionId: connection.id, accounts }
}

/** @throws PostMcpError `conflict` that names the account */
function refuseConnected(known: (Account | undefined)[]): void {
  const connected = known.find((account) => !isAdded(account))
  if (!connected) return
  throw new PostMcpError('conflict', `@${connected.handle} is connected already: ${connected.id}.`, {
    accountId: connected.id,
    platform: connected.platform,
    nextAction: 'Leave it out; to renew its access reconnect it.',
  })
}
