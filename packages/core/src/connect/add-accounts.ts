import type { CoreContext } from '../core-context.js'
import { type Complete, runOnce } from '../idempotency/run-once.js'
import type { Account } from '../model/account.js'
import type { Connection, ConnectStep } from '../model/connection.js'
import { PostMcpError } from '../model/errors.js'
import { type AccountId, type ConnectionId, newId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import { saveAdded, toOffer } from './add-targets.js'
import { beginReconnect } from './connect-account.js'
import { getConnectStep, stepOf } from './connection-steps.js'
import { listGrantTargets } from './grant-targets.js'
import { fail } from './settle.js'

/** What is to be added. */
export interface AddRequest {
  /** Targets of the account's authorization, by their ids; undefined: they are listed to be chosen from. */
  targetIds?: string[] | undefined
}

/**
 * Makes further accounts of what the authorization of an account can publish to, without a new consent: lists what there is, or
 * adds what was chosen. The authorization is used as it is. Where it has ended, the step is that of a reconnect.
 * @throws PostMcpError `not_found`, `invalid_request`, `conflict` for what is an account already, `plan_limit_reached`,
 *   `platform_unavailable`, `rate_limited`; for an authorization that has ended those of `reconnectAccount`
 */
export async function addAccounts(
  core: CoreContext,
  scope: Scope,
  accountId: AccountId,
  { targetIds }: AddRequest,
  idempotencyKey?: string,
): Promise<ConnectStep> {
  const account = await core.store.accounts.get(scope.workspaceId, accountId)
  if (!account) throw new PostMcpError('not_found', `There is no account ${accountId}.`)
  return runOnce(
    core,
    scope,
    { key: idempotencyKey, verb: 'accounts.add', request: { accountId, targetIds } },
    (complete) => begin(core, scope, account, targetIds, complete),
    (id) => getConnectStep(core, scope, id as ConnectionId),
  )
}

async function begin(
  core: CoreContext,
  scope: Scope,
  account: Account,
  targetIds: string[] | undefined,
  complete: Complete,
): Promise<ConnectStep> {
  const { grantId, platform } = account
  const listed = grantId && (await listGrantTargets(core, scope.workspaceId, grantId))
  if (!listed) return beginReconnect(core, scope, account, { fields: {} }, complete)
  const { authMethod, way, id } = listed.open.grant
  const now = core.clock.now()
  const connection: Connection = {
    id: newId('connection', now),
    workspaceId: scope.workspaceId,
    platform,
    state: 'selecting_targets',
    actor: scope.actor,
    method: authMethod,
    way,
    oauth: null,
    consumedAt: null,
    reconnectAccountId: null,
    grantId: id,
    ...toOffer(core, platform, listed.targets),
    accountIds: [],
    failureReason: null,
    createdAt: now,
  }
  await core.store.transaction(async (tx) => {
    await tx.connections.insert(connection)
    if (targetIds === undefined) await complete(tx, connection.id)
  })
  if (targetIds === undefined) return stepOf(core, connection)
  try {
    return await saveAdded(core, scope, connection, listed, targetIds, complete)
  } catch (error) {
    await fail(core, connection, error)
    throw error
  }
}
