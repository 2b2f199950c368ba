import { z } from 'zod'
import type { CoreContext } from '../core-context.js'
import type { Connection, ConnectStep } from '../model/connection.js'
import { isErrorCode, PostMcpError } from '../model/errors.js'
import type { ConnectionId, WorkspaceId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import type { SealedOwner } from '../store/store.js'
import { fieldsToAsk } from './connection-fields.js'
import { accountsLeft } from './plans.js'

/** An exchange that has not ended after this long never will. */
export const interruptedAfterSeconds = 150

/** What was obtained and waits for a choice or a confirmation. */
export const obtainedOf = (id: ConnectionId): SealedOwner => ({ type: 'connection', id, field: 'obtained' })
/** What the browser carries, and what we need when it comes back. */
export const wayOf = (id: ConnectionId): SealedOwner => ({ type: 'connection', id, field: 'way' })

const waySchema = z.object({
  authorizationUrl: z.string(),
  startToken: z.string(),
  flow: z.record(z.string(), z.string()),
})
/** The secret half of a connection that goes through a browser. */
export type Way = z.infer<typeof waySchema>
export const writeWay = (way: Way): string => JSON.stringify(way)

/** @throws PostMcpError `connection_not_open` when it has been used or destroyed; `sealed_value_corrupt` */
export async function readWay(core: CoreContext, workspaceId: WorkspaceId, id: ConnectionId): Promise<Way> {
  const sealed = await core.store.credentials.get(workspaceId, wayOf(id))
  if (!sealed) throw new PostMcpError('connection_not_open', `Connection ${id} was completed meanwhile.`)
  const box = await core.vault.unlock(workspaceId)
  const parsed = waySchema.safeParse(JSON.parse(box.open(wayOf(id), sealed)))
  if (parsed.success) return parsed.data
  throw new PostMcpError('sealed_value_corrupt', 'The stored connection has not the expected form.')
}

/** The address of our page before the platform's. */
const startUrlOf = (core: CoreContext, startToken: string): string =>
  `${core.publicUrl}/accounts/oauth/start/${startToken}`

/** States in which a connection waits for somebody. */
const open: readonly string[] = ['pending', 'awaiting_confirmation', 'selecting_targets']

/** As it is now: one that waited too long has expired, one whose exchange never ended has failed. */
export function presentState(core: CoreContext, connection: Connection): Connection {
  if (!open.includes(connection.state)) return connection
  const now = core.clock.now()
  const { consumedAt, state } = connection
  if (
    state === 'pending' &&
    consumedAt &&
    now.getTime() - consumedAt.getTime() > interruptedAfterSeconds * 1000
  ) {
    return { ...connection, state: 'failed', failureReason: 'exchange_interrupted' }
  }
  return connection.expiresAt <= now && !(state === 'pending' && consumedAt)
    ? { ...connection, state: 'expired' }
    : connection
}

/** @throws PostMcpError `not_found` */
export async function getConnection(core: CoreContext, scope: Scope, id: ConnectionId): Promise<Connection> {
  const connection = await core.store.connections.get(scope.workspaceId, id)
  if (!connection) throw new PostMcpError('not_found', `There is no connection ${id}.`)
  return presentState(core, connection)
}

/** @throws PostMcpError `connection_expired`, `connection_not_open`, or what it failed for */
export function requireOpen(connection: Connection): Connection {
  const { id, state, failureReason } = connection
  if (state === 'expired') throw new PostMcpError('connection_expired', `Connection ${id} has expired.`)
  if (state === 'failed' && isErrorCode(failureReason)) {
    throw new PostMcpError(failureReason, `Connection ${id} failed: ${failureReason}.`, {
      platform: connection.platform,
    })
  }
  if (open.includes(state)) return connection
  throw new PostMcpError('connection_not_open', `Connection ${id} is ${state}.`)
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
    const found = accounts.filter((account) => account !== undefined)
    return { type: 'connected', connectionId: id, accounts: found }
  }
  return stepOf(core, requireOpen(connection))
}

/** What an open connection waits for. */
export async function stepOf(core: CoreContext, connection: Connection): Promise<ConnectStep> {
  const { id: connectionId, expiresAt, state, oauth, workspaceId } = connection
  const { manifest } = core.providers.get(connection.platform, connection.way)
  if (state === 'awaiting_confirmation') return { type: 'awaiting_confirmation', connectionId, expiresAt }
  if (state === 'selecting_targets') {
    const instructions = manifest.connect.targetsAppearLater ?? null
    return {
      type: 'select_targets',
      connectionId,
      instructions,
      expiresAt,
      ...(await choiceOf(core, connection)),
    }
  }
  if (oauth) {
    const { authorizationUrl, startToken } = await readWay(core, workspaceId, connectionId)
    const startUrl = startUrlOf(core, startToken)
    return {
      type: 'authorize',
      connectionId,
      authorizationUrl,
      startUrl,
      userCode: oauth.userCode,
      expiresAt,
    }
  }
  const { instructions = '', helpUrl = '' } =
    (connection.method === 'oauth2' ? manifest.connect.oauth2 : manifest.connect.credentials) ?? {}
  const fields = fieldsToAsk(manifest, connection.method)
  return { type: 'input_required', connectionId, fields, instructions, helpUrl, expiresAt }
}

/** What can be chosen, and how much of it the plan has room for. */
async function choiceOf(
  { store, plans }: CoreContext,
  { workspaceId, platform, targets, grantId }: Connection,
): Promise<
  Pick<Extract<ConnectStep, { type: 'select_targets' }>, 'targets' | 'alreadyConnected' | 'accountsLeft'>
> {
  const workspace = await store.workspaces.get(workspaceId)
  if (!workspace) throw new PostMcpError('not_found', 'The workspace is gone.')
  const left = await accountsLeft({ plans }, store, workspace)
  // A new consent may take accounts over; a grant that is there already only adds.
  const ids = grantId === null ? [] : targets.map(({ targetId }) => targetId)
  const accounts = await store.accounts.listByTargets(workspaceId, platform, ids)
  const connected = new Map(
    accounts
      .filter(({ health }) => health.status !== 'disconnected')
      .map(({ targetId, id }) => [targetId, id]),
  )
  return {
    targets: targets.filter(({ targetId }) => !connected.has(targetId)),
    alreadyConnected: targets.flatMap((target) => {
      const accountId = connected.get(target.targetId)
      return accountId === undefined ? [] : [{ ...target, accountId }]
    }),
    accountsLeft: left,
  }
}
