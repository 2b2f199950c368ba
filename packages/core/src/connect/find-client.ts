import type { CoreContext } from '../core-context.js'
import type { GrantClient } from '../model/grant.js'
import { newId, type WorkspaceId } from '../model/ids.js'
import {
  clientSecretsOf,
  ownClientOf,
  providerContext,
  writeClientSecrets,
} from '../oauth/provider-context.js'
import { scopesToAsk } from '../oauth/scopes.js'
import { clientNotConfigured, type ProviderContext } from '../provider/context.js'
import type { AuthorizationServer, Provider } from '../provider/provider.js'
import { wayIdOf } from '../provider/ways.js'
import { redirectUriOfClient, redirectUriOfServer } from './redirect-uri.js'

/** As whom an authorization is asked for, and where. */
export interface FoundClient {
  ctx: ProviderContext
  client: GrantClient
  server: AuthorizationServer | null
  /** The address to come back to; names the server where the operator did not choose it. */
  redirectUri: string
}

interface Wanted {
  workspaceId: WorkspaceId
  fields: Record<string, string>
  redirectUri: string
  deadline: Date
}

/**
 * The client to authorize with: the configured one, the one described by our document, or the one registered at the server the
 * user named, which is registered now if it is not yet.
 * @throws PostMcpError `client_not_configured`; errors of the hooks
 */
export async function findClient(
  core: CoreContext,
  provider: Provider,
  wanted: Wanted,
): Promise<FoundClient> {
  const { workspaceId, deadline, redirectUri } = wanted
  const { manifest } = provider
  const kind = manifest.connect.oauth2?.client
  // Read once: an application that is set meanwhile must not be mixed with the addresses of the one before.
  const [own = null] = await core.store.oauthClients.list(workspaceId, ownClientOf(manifest))
  const ctx = await providerContext(core, provider, { workspaceId, deadline, own })
  if (kind === 'registered') return registeredClient(core, provider, ctx, wanted)
  if (kind === 'document') {
    const client = {
      source: 'document' as const,
      clientId: ctx.client?.id ?? '',
      oauthClientId: null,
      server: null,
    }
    return { ctx, client, server: null, redirectUri }
  }
  if (!ctx.client) throw clientNotConfigured(manifest)
  const client: GrantClient = {
    source: own ? 'workspace' : 'operator',
    clientId: ctx.client.id,
    oauthClientId: own?.id ?? null,
    server: null,
  }
  return { ctx, client, server: null, redirectUri: redirectUriOfClient(redirectUri, own) }
}

async function registeredClient(
  core: CoreContext,
  provider: Provider,
  ctx: ProviderContext,
  { workspaceId, fields, deadline, ...wanted }: Wanted,
): Promise<FoundClient> {
  const { locateServer, registerClient, manifest } = provider
  if (!locateServer || !registerClient) throw new TypeError(`${manifest.id} cannot register.`)
  const server = await locateServer(ctx, fields)
  const redirectUri = redirectUriOfServer(wanted.redirectUri, server.id)
  const scopes = server.scopes ?? scopesToAsk(manifest, null)
  const registration = {
    platform: manifest.id,
    way: wayIdOf(manifest),
    source: 'registered' as const,
    server: server.id,
  }
  const known = await core.store.oauthClients.list(workspaceId, registration)
  let stored = known.find(
    (each) => each.redirectUri === redirectUri && scopes.every((scope) => each.scopes.includes(scope)),
  )
  if (!stored) {
    const { clientId, clientSecret } = await registerClient(ctx, server, { redirectUri, scopes })
    const now = core.clock.now()
    stored = {
      id: newId('oauthClient', now),
      workspaceId,
      ...registration,
      redirectUri,
      scopes,
      clientId,
      endpoints: {},
      createdAt: now,
    }
    const { id } = stored
    const box = await core.vault.unlock(workspaceId)
    const secrets = writeClientSecrets({ secrets: clientSecret === null ? [] : [clientSecret], values: {} })
    const row = stored
    await core.store.transaction(async (tx) => {
      await tx.oauthClients.insert(row)
      await tx.credentials.put(workspaceId, clientSecretsOf(id), box.seal(clientSecretsOf(id), secrets))
    })
  }
  const { tokenUrl, revocationUrl } = server
  const client: GrantClient = {
    source: 'registered',
    clientId: stored.clientId,
    oauthClientId: stored.id,
    server: { tokenUrl, ...(revocationUrl !== undefined && { revocationUrl }) },
  }
  const own = await providerContext(core, provider, { workspaceId, client, deadline })
  return { ctx: own, client, server, redirectUri }
}

/** A server may have forgotten its registrations; the next connection makes a new one. */
export async function forgetRegistration(
  core: CoreContext,
  workspaceId: WorkspaceId,
  { source, oauthClientId }: GrantClient,
): Promise<void> {
  if (source !== 'registered' || oauthClientId === null) return
  // Its secrets stay for the grants that were obtained with it; only new ones must not use it.
  await core.store.oauthClients.retire(workspaceId, oauthClientId)
}
