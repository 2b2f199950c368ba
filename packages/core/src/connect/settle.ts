import type { CoreContext } from '../core-context.js'
import type { Complete } from '../idempotency/run-once.js'
import type { Account } from '../model/account.js'
import type { Connection, ConnectStep, TargetSummary } from '../model/connection.js'
import { isPostMcpError, PostMcpError } from '../model/errors.js'
import type { Scope } from '../model/scope.js'
import { providerContext } from '../oauth/provider-context.js'
import { missingScopes } from '../oauth/scopes.js'
import type { ProviderContext } from '../provider/context.js'
import { readHookFailure } from '../provider/hook-failure.js'
import type { GrantAccess, Provider, Target } from '../provider/provider.js'
import { accessOf } from '../refresh/grant-access.js'
import { takeBack } from '../refresh/take-back.js'
import { obtainedOf, stepOf } from './connection-steps.js'
import { readObtained, writeObtained } from './obtained.js'
import { type Obtained, saveConnection } from './save-connection.js'

/** A choice or a confirmation may take longer than a consent. */
export const choiceMinutes = 30

/** Nothing that needs to be remembered. */
export const noComplete: Complete = async () => {}

/** How a connection ends that something went wrong with. */
export const failedFor = (error: unknown) => ({
  state: 'failed' as const,
  failureReason: isPostMcpError(error) ? error.code : 'internal_error',
})

/**
 * Ends a connection that something went wrong with, and destroys what it kept. Never throws: it is the failure that the caller
 * must hear of.
 */
export async function fail(
  core: CoreContext,
  { workspaceId, id }: Connection,
  error: unknown,
): Promise<void> {
  const open = ['pending', 'awaiting_confirmation', 'selecting_targets'] as const
  await core.store
    .transaction(async (tx) => {
      await tx.connections.advance(workspaceId, id, [...open], failedFor(error))
      await tx.credentials.deleteAllOf(workspaceId, 'connection', id)
    })
    .catch(() => {})
}

/** What is not kept must not live on at the platform. */
export const giveBack = (
  core: CoreContext,
  provider: Provider,
  { workspaceId }: Scope,
  { authorization, method, way, client }: Omit<Obtained, 'targets'>,
) =>
  takeBack(
    core,
    { ...authorization, workspaceId, platform: provider.manifest.id, client, authMethod: method, way },
    authorization.tokens,
    null,
  )

const accessOfObtained = ({ authorization, method, way }: Omit<Obtained, 'targets'>): GrantAccess =>
  accessOf({ ...authorization, authMethod: method, way }, authorization.tokens)

/** Adds the targets to an authorization, or gives it back. Throws what the hook throws. */
export async function withTargets(
  core: CoreContext,
  provider: Provider,
  scope: Scope,
  ctx: ProviderContext,
  obtained: Omit<Obtained, 'targets'>,
): Promise<Obtained> {
  try {
    return { ...obtained, targets: await provider.listTargets(ctx, accessOfObtained(obtained)) }
  } catch (error) {
    await giveBack(core, provider, scope, obtained)
    throw error
  }
}

/** @throws PostMcpError `missing_permission` that names what was not granted and why it is needed */
export function refuseMissingScopes({ manifest }: Provider, { authorization, method }: Obtained): void {
  const missing = missingScopes(manifest, authorization.grantedScopes, method)
  if (missing.length === 0) return
  const why = manifest.scopes
    .filter(({ name }) => missing.includes(name))
    .map(({ name, why }) => `${name}: ${why}`)
  throw new PostMcpError(
    'missing_permission',
    `Not everything that is needed was granted. ${why.join(' ')}`,
    {
      platform: manifest.id,
      nextAction: `Connect again and grant ${missing.join(', ')}.`,
    },
  )
}

/** Goes from an authorization to accounts, or to the choice among its targets. */
export async function settle(
  core: CoreContext,
  scope: Scope,
  provider: Provider,
  connection: Connection,
  obtained: Obtained,
  complete: Complete = noComplete,
): Promise<ConnectStep> {
  const { targets } = obtained
  const { connect, name } = provider.manifest
  if (connection.reconnectAccountId) {
    const account = await core.store.accounts.get(scope.workspaceId, connection.reconnectAccountId)
    if (!account) throw new PostMcpError('not_found', `There is no account ${connection.reconnectAccountId}.`)
    return connected(core, scope, provider, connection, obtained, [sameTarget(account, targets)], complete)
  }
  const [only] = targets
  if (!only && connect.targetsAppearLater === undefined) {
    throw new PostMcpError(
      'identity_not_found',
      `${name} names nothing that this authorization can publish to.`,
    )
  }
  if (only && targets.length === 1) {
    return connected(core, scope, provider, connection, obtained, [only], complete)
  }
  return offer(core, connection, obtained, complete)
}

/** @throws PostMcpError `identity_mismatch` */
function sameTarget(account: Account, targets: Target[]): Target {
  const same = targets.find(({ targetId }) => targetId === account.targetId)
  if (same) return same
  const names = targets.map(({ handle }) => `@${handle}`).join(', ') || 'no account'
  throw new PostMcpError(
    'identity_mismatch',
    `This authorization is for ${names}, not for @${account.handle}.`,
    {
      accountId: account.id,
      platform: account.platform,
    },
  )
}

/** Keeps what was obtained until somebody has chosen. */
async function offer(
  core: CoreContext,
  connection: Connection,
  obtained: Obtained,
  complete: Complete,
): Promise<ConnectStep> {
  const { workspaceId, id } = connection
  const { manifest } = core.providers.get(connection.platform, connection.way)
  const targets = obtained.targets.map((target) => summaryOf(target, manifest.connect.targetKinds[0] ?? ''))
  const expiresAt = new Date(core.clock.now().getTime() + choiceMinutes * 60_000)
  await keepObtained(core, connection, obtained, { state: 'selecting_targets', targets, expiresAt }, complete)
  return stepOf(core, { ...connection, workspaceId, id, state: 'selecting_targets', targets, expiresAt })
}

/** A target as it is offered. */
export const summaryOf = ({ targetId, handle, displayName, kind }: Target, usual: string): TargetSummary => ({
  targetId,
  handle,
  displayName,
  kind: kind ?? usual,
})

/** Seals what was obtained on the connection; what brought it there is no longer needed. */
export async function keepObtained(
  core: CoreContext,
  { workspaceId, id, state }: Connection,
  obtained: Obtained,
  update: Parameters<CoreContext['store']['connections']['advance']>[3],
  complete: Complete,
): Promise<void> {
  const box = await core.vault.unlock(workspaceId)
  const owner = obtainedOf(id)
  await core.store.transaction(async (tx) => {
    await tx.credentials.deleteAllOf(workspaceId, owner.type, id)
    await tx.credentials.put(workspaceId, owner, box.seal(owner, writeObtained(obtained)))
    if (!(await tx.connections.advance(workspaceId, id, [state], update))) {
      throw new PostMcpError('connection_not_open', `Connection ${id} was completed meanwhile.`)
    }
    await complete(tx, id)
  })
}

/** @throws PostMcpError `connection_not_open`, `sealed_value_corrupt` */
export async function openObtained(core: CoreContext, { workspaceId, id }: Connection): Promise<Obtained> {
  const sealed = await core.store.credentials.get(workspaceId, obtainedOf(id))
  if (!sealed) throw new PostMcpError('connection_not_open', `Connection ${id} was completed meanwhile.`)
  const box = await core.vault.unlock(workspaceId)
  return readObtained(box.open(obtainedOf(id), sealed))
}

async function connected(
  core: CoreContext,
  scope: Scope,
  provider: Provider,
  connection: Connection,
  obtained: Obtained,
  chosen: Target[],
  complete: Complete,
): Promise<ConnectStep> {
  const accounts = await saveConnection(
    core,
    scope,
    provider,
    connection,
    obtained,
    chosen,
    async (tx, id) => {
      await tx.credentials.deleteAllOf(scope.workspaceId, 'connection', connection.id)
      await complete(tx, id)
    },
  )
  return { type: 'connected', connectionId: connection.id, accounts }
}

/**
 * Makes accounts of the chosen targets: all of them, or none.
 * @throws PostMcpError `invalid_request`, `plan_limit_reached`; then the choice stays open
 */
export async function choose(
  core: CoreContext,
  scope: Scope,
  provider: Provider,
  connection: Connection,
  targetIds: string[],
): Promise<ConnectStep> {
  const obtained = await openObtained(core, connection)
  const chosen = [...new Set(targetIds)].map((targetId): Target => {
    const target = obtained.targets.find((each) => each.targetId === targetId)
    if (target) return target
    throw new PostMcpError('invalid_request', `There is no target ${targetId} to choose.`)
  })
  if (chosen.length === 0) throw new PostMcpError('invalid_request', 'Choose at least one target.')
  return connected(core, scope, provider, connection, obtained, chosen, noComplete)
}

/** Asks the platform again what can be chosen, for targets that appear only after something was done there. */
export async function relist(
  core: CoreContext,
  scope: Scope,
  provider: Provider,
  connection: Connection,
): Promise<ConnectStep> {
  const obtained = await openObtained(core, connection)
  const { client } = obtained
  const ctx = await providerContext(core, provider, { workspaceId: scope.workspaceId, client })
  try {
    const targets = await provider.listTargets(ctx, accessOfObtained(obtained))
    return await offer(core, connection, { ...obtained, targets }, noComplete)
  } catch (error) {
    throw readHookFailure(provider, error, 'connect').error
  }
}
