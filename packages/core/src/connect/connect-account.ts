import type { CoreContext } from '../core-context.js'
import { type Complete, runOnce } from '../idempotency/run-once.js'
import type { Account } from '../model/account.js'
import type { Connection, ConnectStep } from '../model/connection.js'
import { PostMcpError } from '../model/errors.js'
import type { AuthMethod } from '../model/grant.js'
import { type AccountId, type ConnectionId, newId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import { providerContext } from '../oauth/provider-context.js'
import { readHookFailure } from '../provider/hook-failure.js'
import type { Provider } from '../provider/provider.js'
import { wayIdOf } from '../provider/ways.js'
import { chooseToAdd, relistToAdd } from './add-targets.js'
import { chooseWay } from './choose-way.js'
import { chooseMethod, fieldsToAsk, readFields } from './connection-fields.js'
import { getConnection, getConnectStep, requireOpen, stepOf } from './connection-steps.js'
import { leadToPlatform } from './oauth-connection.js'
import type { Obtained } from './save-connection.js'
import {
  choose,
  fail,
  giveBack,
  noComplete,
  refuseMissingScopes,
  relist,
  settle,
  withTargets,
} from './settle.js'

/** How long a connection waits for its next step. */
const connectionMinutes = 10
/** How long obtaining an authorization may take in all. */
const authenticateSeconds = 90

/** What begins a connection. */
export interface ConnectRequest {
  platform: string
  /** The platform's fields by name; those that are missing are asked for. */
  fields: Record<string, string>
  /** Default: the way the given fields belong to, else credentials where the platform takes them. */
  method?: AuthMethod | undefined
  /** Which way through the browser, by its id, where a platform has several. Default: its first; for a reconnect that of the grant. */
  way?: string | undefined
  /** Where the platform sends the browser back to; one of those the operator allows. Default: the first of them. */
  redirectUri?: string | undefined
}

/** What begins a reconnect. */
export type ReconnectRequest = Omit<ConnectRequest, 'platform'>

/** One connect or reconnect, from its beginning. */
interface Attempt {
  provider: Provider
  method: AuthMethod
  given: Record<string, string>
  redirectUri: string | undefined
  reconnect: Account | null
  complete: Complete
}

/**
 * Begins to connect an account and goes as far as what was given carries: to `connected`, or to the next thing that is needed.
 * @param idempotencyKey a repetition with the same key gives the step the first call led to
 * @throws PostMcpError `unknown_platform`, `invalid_request`, `credentials_rejected`, `credentials_unsuitable`,
 *   `identity_not_found`, `plan_limit_reached`, `platform_unavailable`, `rate_limited`, `address_not_allowed`,
 *   `client_not_configured`, `redirect_uri_not_allowed`, `public_url_required`; nothing is kept then
 */
export async function connectAccount(
  core: CoreContext,
  scope: Scope,
  request: ConnectRequest,
  idempotencyKey?: string,
): Promise<ConnectStep> {
  const { fields: given, redirectUri, way } = request
  const provider = chooseWay(core, request.platform, way)
  const method = chooseMethod(provider.manifest, { method: request.method, way }, given)
  return runOnce(
    core,
    scope,
    { key: idempotencyKey, verb: 'accounts.connect', request },
    (complete) => begin(core, scope, { provider, method, given, redirectUri, reconnect: null, complete }),
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
  request: ReconnectRequest,
  idempotencyKey?: string,
): Promise<ConnectStep> {
  const account = await core.store.accounts.get(scope.workspaceId, accountId)
  if (!account) throw new PostMcpError('not_found', `There is no account ${accountId}.`)
  return runOnce(
    core,
    scope,
    { key: idempotencyKey, verb: 'accounts.reconnect', request: { accountId, ...request } },
    (complete) => beginReconnect(core, scope, account, request, complete),
    (id) => getConnectStep(core, scope, id as ConnectionId),
  )
}

/** Begins a reconnect; `complete` is called in the transaction that brings it to its first step. */
export async function beginReconnect(
  core: CoreContext,
  scope: Scope,
  account: Account,
  request: ReconnectRequest,
  complete: Complete,
): Promise<ConnectStep> {
  const grant = account.grantId ? await core.store.grants.get(scope.workspaceId, account.grantId) : undefined
  const { fields: given, redirectUri, way } = request
  const provider =
    way === undefined
      ? core.providers.get(account.platform, grant?.way)
      : chooseWay(core, account.platform, way)
  const isTold = Object.keys(given).length > 0 || way !== undefined
  const method = chooseMethod(
    provider.manifest,
    { method: request.method ?? (isTold ? undefined : grant?.authMethod), way },
    given,
  )
  return begin(core, scope, { provider, method, given, redirectUri, reconnect: account, complete })
}

/**
 * Goes on with a connection: gives the fields it asked for, or the targets that are to become accounts, or has the platform
 * asked again which there are.
 * @throws PostMcpError `not_found`, `connection_not_open`, `connection_expired`, and those of `connectAccount`
 */
export async function continueConnection(
  core: CoreContext,
  scope: Scope,
  id: ConnectionId,
  input: {
    fields?: Record<string, string> | undefined
    targetIds?: string[] | undefined
    refreshTargets?: boolean | undefined
  },
): Promise<ConnectStep> {
  const connection = requireOpen(await getConnection(core, scope, id))
  const provider = core.providers.get(connection.platform, connection.way)
  if (connection.state === 'awaiting_confirmation') {
    throw new PostMcpError('conflict', 'This connection waits for a confirmation in the browser.')
  }
  if (connection.state === 'selecting_targets') {
    const { grantId } = connection
    const adding = grantId === null ? null : { ...connection, grantId }
    if (input.refreshTargets) {
      return adding ? relistToAdd(core, adding) : relist(core, scope, provider, connection)
    }
    if (!input.targetIds)
      throw new PostMcpError('invalid_request', 'This connection waits for a choice: send targetIds.')
    return adding
      ? chooseToAdd(core, scope, adding, input.targetIds)
      : choose(core, scope, provider, connection, input.targetIds)
  }
  if (connection.oauth)
    throw new PostMcpError('conflict', 'This connection waits for the browser to come back.')
  if (!input.fields)
    throw new PostMcpError('invalid_request', 'This connection waits for credentials: send fields.')
  const reconnect = connection.reconnectAccountId
    ? ((await core.store.accounts.get(scope.workspaceId, connection.reconnectAccountId)) ?? null)
    : null
  const { method } = connection
  const attempt = {
    provider,
    method,
    given: input.fields,
    redirectUri: undefined,
    reconnect,
    complete: noComplete,
  }
  return goOn(core, scope, connection, attempt)
}

async function begin(core: CoreContext, scope: Scope, attempt: Attempt): Promise<ConnectStep> {
  const { provider, method, given, reconnect } = attempt
  readFields(provider.manifest, method, given) // refuses unknown fields before anything is written
  const now = core.clock.now()
  const connection: Connection = {
    id: newId('connection', now),
    workspaceId: scope.workspaceId,
    platform: provider.manifest.id,
    state: 'pending',
    actor: scope.actor,
    method,
    way: method === 'oauth2' ? wayIdOf(provider.manifest) : null,
    oauth: null,
    consumedAt: null,
    reconnectAccountId: reconnect?.id ?? null,
    grantId: null,
    targets: [],
    accountIds: [],
    failureReason: null,
    expiresAt: new Date(now.getTime() + connectionMinutes * 60_000),
    createdAt: now,
  }
  await core.store.connections.insert(connection)
  return goOn(core, scope, connection, attempt)
}

async function goOn(
  core: CoreContext,
  scope: Scope,
  connection: Connection,
  attempt: Attempt,
): Promise<ConnectStep> {
  const { provider, method, given, redirectUri, reconnect, complete } = attempt
  const known = await presentFields(core, provider, method, reconnect)
  const { fields, missing } = readFields(provider.manifest, method, { ...known, ...given })
  if (missing.length > 0) {
    await core.store.transaction((tx) => complete(tx, connection.id))
    return stepOf(core, connection)
  }
  let obtained: Obtained | undefined
  try {
    if (method === 'oauth2') {
      return await leadToPlatform(core, scope, provider, connection, { fields, redirectUri, complete })
    }
    obtained = await authenticate(core, scope, provider, fields)
    refuseMissingScopes(provider, obtained)
    return await settle(core, scope, provider, connection, obtained, complete)
  } catch (error) {
    if (obtained) await giveBack(core, provider, scope, obtained)
    await fail(core, connection, error)
    throw error
  }
}

/** What a reconnect need not ask again: the account's name and whatever the grant remembers under a field's name. */
async function presentFields(
  core: CoreContext,
  provider: Provider,
  method: AuthMethod,
  account: Account | null,
): Promise<Record<string, string>> {
  if (!account) return {}
  const grant = account.grantId
    ? await core.store.grants.get(account.workspaceId, account.grantId)
    : undefined
  const remembered: Record<string, unknown> = {
    ...grant?.settings,
    ...account.settings,
    identifier: account.targetId,
  }
  return Object.fromEntries(
    fieldsToAsk(provider.manifest, method).flatMap(({ name, secret }) => {
      const value = remembered[name]
      return secret || typeof value !== 'string' ? [] : [[name, value]]
    }),
  )
}

async function authenticate(
  core: CoreContext,
  scope: Scope,
  provider: Provider,
  fields: Record<string, string>,
): Promise<Obtained> {
  if (!provider.authenticate) {
    throw new PostMcpError('invalid_request', `${provider.manifest.name} is not connected with credentials.`)
  }
  const deadline = new Date(Date.now() + authenticateSeconds * 1000)
  const ctx = await providerContext(core, provider, { workspaceId: scope.workspaceId, deadline })
  try {
    const authorization = await provider.authenticate(ctx, fields)
    return await withTargets(core, provider, scope, ctx, {
      method: 'credentials',
      way: null,
      client: null,
      authorization,
    })
  } catch (error) {
    throw readHookFailure(provider, error, 'connect').error
  }
}
