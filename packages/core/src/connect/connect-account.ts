import { type CoreContext, providerContext } from '../core-context.js'
import { type Complete, runOnce } from '../idempotency/run-once.js'
import type { Account } from '../model/account.js'
import type { Connection, ConnectStep } from '../model/connection.js'
import { isPostMcpError, PostMcpError } from '../model/errors.js'
import { type AccountId, type ConnectionId, newId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import { readHookFailure } from '../provider/hook-failure.js'
import type { Authorization, Provider, Target } from '../provider/provider.js'
import { takeBack } from '../refresh/take-back.js'
import type { SealedOwner } from '../store/store.js'
import { readFields } from './connection-fields.js'
import { readObtained, writeObtained } from './obtained.js'
import { type Obtained, saveConnection } from './save-connection.js'

/** How long a connection waits for its next step. */
const connectionMinutes = 10
/** How long obtaining an authorization may take in all. */
const authenticateSeconds = 90

export interface ConnectRequest {
  platform: string
  /** The platform's credential fields by name; those that are missing are asked for. */
  fields: Record<string, string>
}

const obtainedOf = (id: ConnectionId): SealedOwner => ({ type: 'connection', id, field: 'obtained' })

/**
 * Begins to connect an account and goes as far as what was given carries: to `connected`, or to the next thing that is needed.
 * @param idempotencyKey a repetition with the same key gives the step the first call led to
 * @throws PostMcpError `unknown_platform`, `invalid_request`, `credentials_rejected`, `credentials_unsuitable`,
 *   `identity_not_found`, `plan_limit_reached`, `platform_unavailable`, `rate_limited`, `address_not_allowed`; nothing is kept then
 */
export async function connectAccount(
  core: CoreContext,
  scope: Scope,
  request: ConnectRequest,
  idempotencyKey?: string,
): Promise<ConnectStep> {
  const provider = core.providers.get(request.platform)
  return runOnce(
    core,
    scope,
    { key: idempotencyKey, verb: 'accounts.connect', request },
    (complete) => begin(core, scope, provider, request.fields, null, complete),
    (id) => getConnectStep(core, scope, id as ConnectionId),
  )
}

/**
 * Gives an account a new authorization; its id, posts and history stay. It must be the same account at the platform. What is not
 * given and not secret is taken from the present connection.
 * @throws PostMcpError `not_found`, `identity_mismatch`, and those of `connectAccount`
 */
export async function reconnectAccount(
  core: CoreContext,
  scope: Scope,
  accountId: AccountId,
  fields: Record<string, string>,
  idempotencyKey?: string,
): Promise<ConnectStep> {
  const account = await core.store.accounts.get(scope.workspaceId, accountId)
  if (!account) throw new PostMcpError('not_found', `There is no account ${accountId}.`)
  const provider = core.providers.get(account.platform)
  return runOnce(
    core,
    scope,
    { key: idempotencyKey, verb: 'accounts.reconnect', request: { accountId, fields } },
    (complete) => begin(core, scope, provider, fields, account, complete),
    (id) => getConnectStep(core, scope, id as ConnectionId),
  )
}

/**
 * Goes on with a connection that asked for input.
 * @throws PostMcpError `not_found`, `connection_not_open`, `connection_expired`, and those of `connectAccount`
 */
export async function continueConnection(
  core: CoreContext,
  scope: Scope,
  id: ConnectionId,
  input: { fields?: Record<string, string>; targetIds?: string[] },
): Promise<ConnectStep> {
  const connection = await openConnection(core, scope, id)
  const provider = core.providers.get(connection.platform)
  if (connection.state === 'selecting_targets') {
    if (!input.targetIds)
      throw new PostMcpError('invalid_request', 'This connection waits for a choice: send targetIds.')
    return choose(core, scope, provider, connection, input.targetIds)
  }
  if (!input.fields)
    throw new PostMcpError('invalid_request', 'This connection waits for credentials: send fields.')
  const account = connection.reconnectAccountId
    ? await core.store.accounts.get(scope.workspaceId, connection.reconnectAccountId)
    : undefined
  return goOn(core, scope, provider, connection, input.fields, account ?? null, async () => {})
}

/** Where a connection stands, as the step that comes next. @throws PostMcpError `not_found`, `connection_not_open`, `connection_expired` */
export async function getConnectStep(
  core: CoreContext,
  scope: Scope,
  id: ConnectionId,
): Promise<ConnectStep> {
  const connection = await getConnection(core, scope, id)
  if (connection.state === 'connected') {
    const accounts = await Promise.all(
      connection.accountIds.map((accountId) => core.store.accounts.get(scope.workspaceId, accountId)),
    )
    return {
      type: 'connected',
      connectionId: id,
      accounts: accounts.filter((account) => account !== undefined),
    }
  }
  await openConnection(core, scope, id)
  if (connection.state === 'selecting_targets') {
    return {
      type: 'select_targets',
      connectionId: id,
      targets: connection.targets,
      expiresAt: connection.expiresAt,
    }
  }
  return inputRequired(core.providers.get(connection.platform), connection)
}

/** @throws PostMcpError `not_found` */
export async function getConnection(core: CoreContext, scope: Scope, id: ConnectionId): Promise<Connection> {
  const connection = await core.store.connections.get(scope.workspaceId, id)
  if (!connection) throw new PostMcpError('not_found', `There is no connection ${id}.`)
  const open = connection.state === 'pending' || connection.state === 'selecting_targets'
  return open && connection.expiresAt <= core.clock.now() ? { ...connection, state: 'expired' } : connection
}

async function openConnection(core: CoreContext, scope: Scope, id: ConnectionId): Promise<Connection> {
  const connection = await getConnection(core, scope, id)
  if (connection.state === 'expired')
    throw new PostMcpError('connection_expired', `Connection ${id} has expired.`)
  if (connection.state === 'pending' || connection.state === 'selecting_targets') return connection
  throw new PostMcpError('connection_not_open', `Connection ${id} is ${connection.state}.`)
}

const inputRequired = (provider: Provider, connection: Connection): ConnectStep => {
  const { asked } = readFields(provider, {})
  const { instructions = '', helpUrl = '' } = provider.manifest.connect.credentials ?? {}
  return {
    type: 'input_required',
    connectionId: connection.id,
    fields: asked,
    instructions,
    helpUrl,
    expiresAt: connection.expiresAt,
  }
}

async function begin(
  core: CoreContext,
  scope: Scope,
  provider: Provider,
  given: Record<string, string>,
  reconnect: Account | null,
  complete: Complete,
): Promise<ConnectStep> {
  readFields(provider, given) // refuses unknown fields before anything is written
  const now = core.clock.now()
  const connection: Connection = {
    id: newId('connection', now),
    workspaceId: scope.workspaceId,
    platform: provider.manifest.id,
    state: 'pending',
    actor: scope.actor,
    reconnectAccountId: reconnect?.id ?? null,
    targets: [],
    accountIds: [],
    failureReason: null,
    expiresAt: new Date(now.getTime() + connectionMinutes * 60_000),
    createdAt: now,
  }
  await core.store.connections.insert(connection)
  return goOn(core, scope, provider, connection, given, reconnect, complete)
}

async function goOn(
  core: CoreContext,
  scope: Scope,
  provider: Provider,
  connection: Connection,
  given: Record<string, string>,
  reconnect: Account | null,
  complete: Complete,
): Promise<ConnectStep> {
  const { fields, missing } = readFields(provider, {
    ...(await presentFields(core, provider, reconnect)),
    ...given,
  })
  if (missing.length > 0) {
    await core.store.transaction((tx) => complete(tx, connection.id))
    return inputRequired(provider, connection)
  }
  let obtained: Obtained
  try {
    obtained = await obtain(core, provider, fields)
  } catch (error) {
    await fail(core, connection, error)
    throw error
  }
  try {
    return await settle(core, scope, provider, connection, obtained, reconnect, complete)
  } catch (error) {
    // What is not kept must not live on at the platform.
    await takeBack(core, provider, obtained.authorization, null)
    await fail(core, connection, error)
    throw error
  }
}

/** What a reconnect need not ask again: the account's name and whatever the grant remembers under a field's name. */
async function presentFields(
  core: CoreContext,
  provider: Provider,
  account: Account | null,
): Promise<Record<string, string>> {
  if (!account) return {}
  const grant = account.grantId
    ? await core.store.grants.get(account.workspaceId, account.grantId)
    : undefined
  const remembered: Record<string, unknown> = { ...grant?.settings, identifier: account.targetId }
  const asked = provider.manifest.connect.credentials?.fields ?? []
  return Object.fromEntries(
    asked.flatMap(({ name, secret }) => {
      const value = remembered[name]
      return secret || typeof value !== 'string' ? [] : [[name, value]]
    }),
  )
}

async function obtain(
  core: CoreContext,
  provider: Provider,
  fields: Record<string, string>,
): Promise<Obtained> {
  if (!provider.authenticate) {
    throw new PostMcpError('invalid_request', `${provider.manifest.name} is not connected with credentials.`)
  }
  const ctx = providerContext(core, provider, { deadline: new Date(Date.now() + authenticateSeconds * 1000) })
  let authorization: Authorization | undefined
  try {
    authorization = await provider.authenticate(ctx, fields)
    return { authorization, targets: await provider.listTargets(ctx, authorization) }
  } catch (error) {
    // What is not kept must not live on at the platform.
    if (authorization) await takeBack(core, provider, authorization, null)
    throw readHookFailure(provider, error, 'connect').error
  }
}

async function fail(core: CoreContext, connection: Connection, error: unknown): Promise<void> {
  const failureReason = isPostMcpError(error) ? error.code : 'internal_error'
  const states = ['pending', 'selecting_targets'] as const
  await core.store.connections
    .advance(connection.workspaceId, connection.id, [...states], { state: 'failed', failureReason })
    .catch(() => {})
}

async function settle(
  core: CoreContext,
  scope: Scope,
  provider: Provider,
  connection: Connection,
  obtained: Obtained,
  reconnect: Account | null,
  complete: Complete,
): Promise<ConnectStep> {
  const { targets } = obtained
  if (reconnect) {
    const same = targets.filter((target) => target.targetId === reconnect.targetId)
    if (same.length === 0) {
      throw new PostMcpError(
        'identity_mismatch',
        `These credentials belong to ${targets.map((target) => `@${target.handle}`).join(', ')}, not to @${reconnect.handle}.`,
        { accountId: reconnect.id, platform: reconnect.platform },
      )
    }
    return connected(core, scope, provider, connection, { ...obtained, targets: same }, complete)
  }
  if (targets.length === 0) {
    throw new PostMcpError(
      'identity_not_found',
      `${provider.manifest.name} names nothing that these credentials can publish to.`,
    )
  }
  if (targets.length === 1) return connected(core, scope, provider, connection, obtained, complete)

  const box = await core.vault.unlock(scope.workspaceId)
  const owner = obtainedOf(connection.id)
  const summaries = targets.map(({ targetId, handle, displayName }) => ({ targetId, handle, displayName }))
  await core.store.transaction(async (tx) => {
    await tx.credentials.put(scope.workspaceId, owner, box.seal(owner, writeObtained(obtained)))
    await tx.connections.advance(scope.workspaceId, connection.id, ['pending'], {
      state: 'selecting_targets',
      targets: summaries,
    })
    await complete(tx, connection.id)
  })
  return {
    type: 'select_targets',
    connectionId: connection.id,
    targets: summaries,
    expiresAt: connection.expiresAt,
  }
}

async function connected(
  core: CoreContext,
  scope: Scope,
  provider: Provider,
  connection: Connection,
  obtained: Obtained,
  complete: Complete,
): Promise<ConnectStep> {
  const accounts = await saveConnection(core, scope, provider, connection, obtained, complete)
  return { type: 'connected', connectionId: connection.id, accounts }
}

/** Makes accounts of the chosen targets: all of them, or none. */
async function choose(
  core: CoreContext,
  scope: Scope,
  provider: Provider,
  connection: Connection,
  targetIds: string[],
): Promise<ConnectStep> {
  const owner = obtainedOf(connection.id)
  const sealed = await core.store.credentials.get(scope.workspaceId, owner)
  if (!sealed)
    throw new PostMcpError('connection_not_open', `Connection ${connection.id} was completed meanwhile.`)
  const box = await core.vault.unlock(scope.workspaceId)
  const obtained = readObtained(box.open(owner, sealed))
  const targets = [...new Set(targetIds)].map((targetId): Target => {
    const target = obtained.targets.find((each) => each.targetId === targetId)
    if (target) return target
    throw new PostMcpError('invalid_request', `There is no target ${targetId} to choose.`)
  })
  if (targets.length === 0) throw new PostMcpError('invalid_request', 'Choose at least one target.')
  const step = await connected(core, scope, provider, connection, { ...obtained, targets }, (tx) =>
    tx.credentials.deleteAllOf(scope.workspaceId, owner.type, owner.id),
  )
  return step
}
