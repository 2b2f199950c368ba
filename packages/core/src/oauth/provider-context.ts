import { z } from 'zod'
import type { CoreContext, Environment } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import type { GrantClient } from '../model/grant.js'
import type { OAuthClientId, WorkspaceId } from '../model/ids.js'
import type { AppClient, ProviderContext } from '../provider/context.js'
import type { Manifest } from '../provider/manifest.js'
import type { Provider } from '../provider/provider.js'
import { applicationId, wayIdOf } from '../provider/ways.js'
import type { OAuthClient, SealedOwner } from '../store/store.js'

/** What a hook is called for. */
export interface ContextOptions {
  workspaceId: WorkspaceId
  /** The client of the grant that is used; absent: the one a new grant would be obtained with. */
  client?: GrantClient | null | undefined
  /** The workspace's own client, as the caller has read it; null: it has none. Absent: it is looked up. */
  own?: OAuthClient | null | undefined
  signal?: AbortSignal | undefined
  deadline?: Date | undefined
}

/** What names a workspace's own client for a platform, on the way on which the manifest is seen. */
export const ownClientOf = (manifest: Manifest) => ({
  platform: manifest.id,
  way: wayIdOf(manifest),
  source: 'workspace' as const,
  server: '',
})

/** Where a client's secrets are sealed. */
export const clientSecretsOf = (id: OAuthClientId): SealedOwner => ({
  type: 'app_registration',
  id,
  field: 'client',
})

const secretsSchema = z.object({ secrets: z.array(z.string()), values: z.record(z.string(), z.string()) })
export const writeClientSecrets = (client: Pick<AppClient, 'secrets' | 'values'>): string =>
  JSON.stringify({ secrets: client.secrets, values: client.values })

/** What differs from call to call. */
type CallLimits = Pick<ContextOptions, 'signal' | 'deadline'>

/**
 * What hooks of this provider are handed, for several calls: everything is read once.
 * @throws PostMcpError `config_invalid` when the client that obtained a grant is not configured any more
 */
export async function providerContexts(
  core: CoreContext,
  provider: Provider,
  options: Omit<ContextOptions, keyof CallLimits>,
): Promise<(limits: CallLimits) => ProviderContext> {
  const { workspaceId } = options
  const environment = await environmentOf(core, workspaceId)
  const found = options.client
    ? await grantedClient(core, environment, provider, workspaceId, options.client)
    : await defaultClient(core, environment, provider, workspaceId, options.own)
  return (limits) => contextIn(core, environment, provider, found, { ...limits, client: options.client })
}

/** The same for one call. @throws PostMcpError as `providerContexts` */
export async function providerContext(
  core: CoreContext,
  provider: Provider,
  { signal, deadline, ...options }: ContextOptions,
): Promise<ProviderContext> {
  return (await providerContexts(core, provider, options))({ signal, deadline })
}

/** The same for what concerns nobody's workspace, as the operator's application. */
export const operatorContext = (
  core: CoreContext,
  environment: Environment,
  provider: Provider,
): ProviderContext =>
  contextIn(
    core,
    environment,
    provider,
    { client: environment.clients[applicationId(provider.manifest)] ?? null, bases: {} },
    {},
  )

function contextIn(
  core: CoreContext,
  environment: Environment,
  provider: Provider,
  { client, bases }: Found,
  { signal, deadline, client: granted }: Omit<ContextOptions, 'workspaceId' | 'own'>,
): ProviderContext {
  const { id, endpoints } = provider.manifest
  const overrides = { ...environment.endpoints[id], ...bases }
  return {
    http: environment.http.within({ signal, deadline }),
    clock: core.clock,
    signal: signal ?? new AbortController().signal,
    logger: core.logger,
    endpoints: Object.fromEntries(
      Object.entries(endpoints).map(([name, { url }]) => [
        name,
        (overrides[name] ?? url).replace(/\/+$/, ''),
      ]),
    ),
    client,
    server: granted?.server ?? null,
    publicUrl: core.publicUrl,
  }
}

async function environmentOf(core: CoreContext, workspaceId: WorkspaceId): Promise<Environment> {
  const workspace = await core.store.workspaces.get(workspaceId)
  if (!workspace) throw new PostMcpError('not_found', `There is no workspace ${workspaceId}.`)
  const environment = core.environments[workspace.mode]
  if (environment) return environment
  // As with any platform that is away: what waits for it goes on when one runs again.
  throw new PostMcpError('platform_unavailable', 'This is a sandbox workspace, and no sandbox runs.', {
    nextAction: 'Start the server with `postmcp serve`; the sandbox runs beside it.',
  })
}

/** A client with its secrets open, and the base addresses that belong to it. */
interface Found {
  client: AppClient | null
  bases: Record<string, string>
}

/** The workspace's own client if it has one, else the operator's. A workspace's addresses come only with its own client. */
async function defaultClient(
  core: CoreContext,
  environment: Environment,
  { manifest }: Provider,
  workspaceId: WorkspaceId,
  known: OAuthClient | null | undefined,
): Promise<Found> {
  const [found] =
    known === undefined ? await core.store.oauthClients.list(workspaceId, ownClientOf(manifest)) : [known]
  if (found) return openClient(core, found)
  return { client: environment.clients[applicationId(manifest)] ?? null, bases: {} }
}

async function grantedClient(
  core: CoreContext,
  environment: Environment,
  { manifest }: Provider,
  workspaceId: WorkspaceId,
  granted: GrantClient,
): Promise<Found> {
  const { id: platform, name } = manifest
  if (granted.oauthClientId !== null) {
    const stored = await core.store.oauthClients.get(workspaceId, granted.oauthClientId)
    if (stored) return openClient(core, stored)
    throw new PostMcpError(
      'config_invalid',
      `The application with which ${name} was connected is not known here any more.`,
      { platform, nextAction: 'Reconnect the account.' },
    )
  }
  const configured = environment.clients[applicationId(manifest)] ?? null
  if (granted.source === 'document' || configured?.id === granted.clientId) {
    return { client: configured, bases: {} }
  }
  throw new PostMcpError(
    'config_invalid',
    `This account was connected with application ${granted.clientId} of ${name}, and another one or none is configured now.`,
    { platform, nextAction: 'Configure that application again, or reconnect the account.' },
  )
}

/** @throws PostMcpError `sealed_value_corrupt` */
async function openClient(core: CoreContext, stored: OAuthClient): Promise<Found> {
  const owner = clientSecretsOf(stored.id)
  const sealed = await core.store.credentials.get(stored.workspaceId, owner)
  if (!sealed) throw new PostMcpError('sealed_value_corrupt', 'The secrets of an application are not there.')
  const box = await core.vault.unlock(stored.workspaceId)
  const parsed = secretsSchema.safeParse(JSON.parse(box.open(owner, sealed)))
  if (!parsed.success) {
    throw new PostMcpError(
      'sealed_value_corrupt',
      'The secrets of an application have not the expected form.',
    )
  }
  return { client: { id: stored.clientId, optionalScopes: [], ...parsed.data }, bases: stored.endpoints }
}
