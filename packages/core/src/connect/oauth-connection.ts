import type { CoreContext } from '../core-context.js'
import type { Complete } from '../idempotency/run-once.js'
import type { Connection, ConnectStep } from '../model/connection.js'
import { isPostMcpError, PostMcpError } from '../model/errors.js'
import type { ConnectionId } from '../model/ids.js'
import type { JsonObject } from '../model/json.js'
import type { Scope } from '../model/scope.js'
import { beginAuthorization, finishAuthorization } from '../oauth/authorize.js'
import { providerContext } from '../oauth/provider-context.js'
import { readHookFailure } from '../provider/hook-failure.js'
import type { Way } from '../provider/manifest.js'
import type { AuthorizationServer, Provider } from '../provider/provider.js'
import { wayIdOf } from '../provider/ways.js'
import type { Workspace } from '../store/store.js'
import { chooseWay } from './choose-way.js'
import { closeConnection } from './close-connection.js'
import {
  getConnection,
  getConnectStep,
  presentState,
  readWay,
  requireOpen,
  stepOf,
  wayOf,
  writeWay,
} from './connection-steps.js'
import { findClient, forgetRegistration } from './find-client.js'
import { waysInstead } from './other-ways.js'
import { allowedOf, chooseRedirectUri } from './redirect-uri.js'
import type { Obtained } from './save-connection.js'
import { digest, newSecretToken, newUserCode } from './secret-token.js'
import {
  fail,
  failedFor,
  giveBack,
  keepObtained,
  noComplete,
  openObtained,
  refuseMissingScopes,
  settle,
  withTargets,
} from './settle.js'

/** How long the way to the consent page, or the exchange of a code, may take in all. */
const exchangeSeconds = 90
/** How long somebody may look at the page that asks for a confirmation. */
const confirmationMinutes = 10

/** Prepares the way to the platform's consent page and remembers what is needed when the browser comes back. */
export async function leadToPlatform(
  core: CoreContext,
  scope: Scope,
  provider: Provider,
  connection: Connection,
  request: {
    fields: Record<string, string>
    redirectUri: string | undefined
    /** The secret of the start page; default: a new one. */
    startToken?: string
    complete: Complete
  },
): Promise<ConnectStep> {
  const { workspaceId } = scope
  const { fields, startToken = newSecretToken(), complete } = request
  const workspace = await core.store.workspaces.get(workspaceId)
  const allowed = chooseRedirectUri(core, provider.manifest, workspace?.mode ?? 'live', request.redirectUri)
  const deadline = new Date(Date.now() + exchangeSeconds * 1000)
  try {
    const { ctx, client, server, redirectUri } = await findClient(core, provider, {
      workspaceId,
      fields,
      redirectUri: allowed,
      deadline,
    })
    const isReconnect = connection.reconnectAccountId !== null
    const pending = await beginAuthorization(ctx, provider, { fields, redirectUri, isReconnect }, server)
    const { flow, state, requestedScopes } = pending
    const { browserAddress = (address: string) => address } =
      core.environments[workspace?.mode ?? 'live'] ?? {}
    const authorizationUrl = browserAddress(pending.authorizationUrl)
    const oauth = {
      redirectUri,
      userCode: newUserCode(),
      requestedScopes,
      fields,
      client,
      server: server && (server as unknown as JsonObject),
    }
    const box = await core.vault.unlock(workspaceId)
    const owner = wayOf(connection.id)
    await core.store.transaction(async (tx) => {
      const opened = {
        oauth,
        way: wayIdOf(provider.manifest),
        stateHash: digest(state),
        startHash: digest(startToken),
      }
      if (!(await tx.connections.openForBrowser(workspaceId, connection.id, opened))) {
        throw new PostMcpError('connection_not_open', `Connection ${connection.id} was completed meanwhile.`)
      }
      await tx.credentials.put(
        workspaceId,
        owner,
        box.seal(owner, writeWay({ authorizationUrl, startToken, flow })),
      )
      await complete(tx, connection.id)
    })
    return await stepOf(core, { ...connection, oauth })
  } catch (error) {
    throw readHookFailure(provider, error, 'connect').error
  }
}

/** What the start page shows, and where it leads. */
export interface StartPage {
  connection: Connection
  workspace: Workspace
  platformName: string
  userCode: string
  authorizationUrl: string
  /** Ways that could be gone in place of the one that was chosen; see `takeOtherWay`. */
  otherWays: Way[]
}

/** @throws PostMcpError `state_invalid`, `connection_expired`, `connection_not_open` */
export async function openStartPage(core: CoreContext, startToken: string): Promise<StartPage> {
  const found = await core.store.connections.findByStart(digest(startToken))
  if (!found) throw new PostMcpError('state_invalid', 'This link leads nowhere.')
  const connection = requireOpen(presentState(core, found))
  const workspace = await core.store.workspaces.get(connection.workspaceId)
  if (!workspace || !connection.oauth || connection.state !== 'pending' || connection.consumedAt) {
    throw new PostMcpError('connection_not_open', 'This link has been used already.')
  }
  const { authorizationUrl } = await readWay(core, connection.workspaceId, connection.id)
  const { name: platformName } = core.providers.get(connection.platform, connection.way).manifest
  const { userCode } = connection.oauth
  const otherWays = await waysInstead(core, connection)
  return { connection, workspace, platformName, userCode, authorizationUrl, otherWays }
}

/**
 * The person on the start page goes another way than the one that was chosen. Where the first one led is not good for anything
 * any more.
 * @throws PostMcpError `invalid_request` for a way that was not offered, and those of `openStartPage` and `connectAccount`
 */
export async function takeOtherWay(core: CoreContext, startToken: string, way: string): Promise<StartPage> {
  const { connection, otherWays } = await openStartPage(core, startToken)
  const { workspaceId, actor, platform, oauth } = connection
  if (!oauth || !otherWays.some(({ id }) => id === way)) {
    throw new PostMcpError('invalid_request', 'This way was not offered.')
  }
  const scope: Scope = { workspaceId, actor }
  await leadToPlatform(core, scope, chooseWay(core, platform, way), connection, {
    fields: oauth.fields,
    redirectUri: allowedOf(core, oauth.redirectUri),
    startToken,
    complete: noComplete,
  })
  return openStartPage(core, startToken)
}

/** Ties a connection to the browser that opened its start page. @returns the value for its cookie */
export async function bindBrowser(core: CoreContext, { workspaceId, id }: Connection): Promise<string> {
  const token = newSecretToken()
  await core.store.connections.bind(workspaceId, id, digest(token))
  return token
}

/** Where a callback led. `csrf` opens the form of the page that comes next, and is in nobody else's hands. */
export type CallbackResult = { connection: Connection; platformName: string } & (
  | { outcome: 'connected'; handles: string[] }
  | { outcome: 'select_targets' }
  | { outcome: 'confirm'; handles: string[]; workspace: Workspace; csrf: string }
)

/**
 * The browser came back. The code is exchanged at once, for codes live shortly; an account is made only for the browser that was
 * bound by the start page, any other must confirm first.
 * @param bindings values of the cookies the browser holds
 * @throws PostMcpError `state_invalid` (unknown), `connection_not_open` (used), `connection_expired`, `authorization_denied`,
 *   `authorization_failed`, `issuer_mismatch`, `missing_permission`, `identity_mismatch`, `plan_limit_reached`, and those of the platform
 */
export async function completeAuthorization(
  core: CoreContext,
  parameters: URLSearchParams,
  bindings: readonly string[],
): Promise<CallbackResult> {
  const connection = await consumeState(core, parameters)
  const { workspaceId, id } = connection
  const bound = await Promise.all(
    bindings.map((binding) => core.store.connections.isBound(workspaceId, id, digest(binding))),
  )
  return finish(core, connection, parameters, bound.includes(true))
}

/**
 * The same with an address that somebody who may act in the workspace pasted, where no callback can reach us.
 * @throws PostMcpError `invalid_request` for an address that is not of this connection, and those of `completeAuthorization`
 */
export async function completeByPaste(
  core: CoreContext,
  scope: Scope,
  id: ConnectionId,
  address: string,
): Promise<ConnectStep> {
  const connection = requireOpen(await getConnection(core, scope, id))
  const parameters = URL.canParse(address) ? new URL(address).searchParams : new URLSearchParams()
  const known = await core.store.connections.findByState(digest(parameters.get('state') ?? ''))
  if (known?.id !== connection.id || known.workspaceId !== scope.workspaceId) {
    throw new PostMcpError(
      'invalid_request',
      'This is not the address the browser ended at for this connection.',
    )
  }
  await finish(core, await consumeState(core, parameters), parameters, true)
  return getConnectStep(core, scope, id)
}

async function consumeState(core: CoreContext, parameters: URLSearchParams): Promise<Connection> {
  const states = parameters.getAll('state')
  const [state = ''] = states
  if (states.length !== 1 || state === '') {
    throw new PostMcpError('state_invalid', 'The browser came back without the state it was sent off with.')
  }
  const connection = await core.store.connections.consume(digest(state), core.clock.now())
  if (connection) return connection
  const known = await core.store.connections.findByState(digest(state))
  if (!known) throw new PostMcpError('state_invalid', 'Nobody here was sent off with this state.')
  requireOpen(presentState(core, known))
  throw new PostMcpError(
    'connection_not_open',
    'This authorization was used already; nothing was done twice.',
  )
}

async function finish(
  core: CoreContext,
  connection: Connection,
  parameters: URLSearchParams,
  isBound: boolean,
): Promise<CallbackResult> {
  const provider = core.providers.get(connection.platform, connection.way)
  const scope: Scope = { workspaceId: connection.workspaceId, actor: connection.actor }
  let obtained: Obtained | undefined
  try {
    obtained = await exchange(core, scope, provider, connection, parameters)
    refuseMissingScopes(provider, obtained)
    if (isBound) return await settled(core, scope, provider, connection, obtained)
    return await askConfirmation(core, provider, connection, obtained)
  } catch (error) {
    if (obtained) await giveBack(core, provider, scope, obtained)
    await fail(core, connection, error)
    throw error
  }
}

async function exchange(
  core: CoreContext,
  scope: Scope,
  provider: Provider,
  connection: Connection,
  parameters: URLSearchParams,
): Promise<Obtained> {
  const { oauth, workspaceId, id } = connection
  if (!oauth) throw new PostMcpError('internal_error', `Connection ${id} never went to a browser.`)
  const { client, redirectUri, requestedScopes, fields } = oauth
  const deadline = new Date(Date.now() + exchangeSeconds * 1000)
  try {
    const { flow } = await readWay(core, workspaceId, id)
    const ctx = await providerContext(core, provider, { workspaceId, client, deadline })
    const server = oauth.server as unknown as AuthorizationServer | null
    const pending = { flow, redirectUri, requestedScopes, fields, server }
    const authorization = await finishAuthorization(ctx, provider, pending, parameters)
    return await withTargets(core, provider, scope, ctx, {
      method: 'oauth2',
      way: connection.way,
      client,
      authorization,
    })
  } catch (error) {
    const failure = readHookFailure(provider, error, 'callback')
    if (failure.classification.kind === 'client_invalid') await forgetRegistration(core, workspaceId, client)
    throw failure.error
  }
}

async function settled(
  core: CoreContext,
  scope: Scope,
  provider: Provider,
  connection: Connection,
  obtained: Obtained,
): Promise<CallbackResult> {
  const { name: platformName } = provider.manifest
  const step = await settle(core, scope, provider, connection, obtained)
  if (step.type !== 'connected') return { outcome: 'select_targets', connection, platformName }
  return {
    outcome: 'connected',
    connection,
    platformName,
    handles: step.accounts.map(({ handle }) => handle),
  }
}

async function askConfirmation(
  core: CoreContext,
  { manifest }: Provider,
  connection: Connection,
  obtained: Obtained,
): Promise<CallbackResult> {
  const csrf = newSecretToken()
  const expiresAt = new Date(core.clock.now().getTime() + confirmationMinutes * 60_000)
  const update = { state: 'awaiting_confirmation' as const, csrfHash: digest(csrf), expiresAt }
  await keepObtained(core, connection, obtained, update, noComplete)
  const workspace = await core.store.workspaces.get(connection.workspaceId)
  if (!workspace) throw new PostMcpError('not_found', 'The workspace is gone.')
  const handles = obtained.targets.map(({ handle }) => handle)
  return { outcome: 'confirm', connection, platformName: manifest.name, workspace, csrf, handles }
}

/**
 * The person at the browser said yes or no on the page that asked. A no ends the authorization at the platform.
 * @throws PostMcpError `state_invalid`, `connection_expired`, `connection_not_open`, `authorization_denied` after a no, and those of settling
 */
export async function confirmAuthorization(
  core: CoreContext,
  csrf: string,
  answer: 'confirm' | 'decline',
): Promise<CallbackResult> {
  const found = await core.store.connections.findByCsrf(digest(csrf))
  if (!found) throw new PostMcpError('state_invalid', 'This page is not valid any more.')
  const connection = requireOpen(presentState(core, found))
  if (connection.state !== 'awaiting_confirmation') {
    throw new PostMcpError('connection_not_open', 'This has been answered already.')
  }
  const provider = core.providers.get(connection.platform, connection.way)
  const scope: Scope = { workspaceId: connection.workspaceId, actor: connection.actor }
  if (answer === 'decline') {
    const declined = new PostMcpError(
      'authorization_denied',
      'The connection was declined; the authorization was ended.',
    )
    // Closed before anything is ended there: a yes that was quicker has made an account that lives by these tokens.
    if (!(await closeConnection(core, connection, failedFor(declined)))) {
      throw new PostMcpError('connection_not_open', 'This has been answered already.')
    }
    throw declined
  }
  const obtained = await openObtained(core, connection)
  try {
    return await settled(core, scope, provider, connection, obtained)
  } catch (error) {
    if (isPostMcpError(error, 'connection_not_open')) throw error // somebody else was quicker
    // What cannot be closed now is found later by whoever ends what waited too long.
    await closeConnection(core, connection, failedFor(error)).catch(() => false)
    throw error
  }
}
