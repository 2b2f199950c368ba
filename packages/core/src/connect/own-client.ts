import type { CoreContext } from '../core-context.js'
import { PostMcpError } from '../model/errors.js'
import { newId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import { clientSecretsOf, ownClientOf, writeClientSecrets } from '../oauth/provider-context.js'
import type { OAuthClient } from '../store/store.js'
import { chooseWay } from './choose-way.js'

/** A workspace's own application at a platform. */
export interface OwnClientDraft {
  /** By the names of the platform's `app.fields`, or those of the way. */
  fields: Record<string, string>
  /** The way through the browser it is for, by its id. Default: the platform's first one. */
  way?: string | undefined
  /** Base addresses that go with it, by endpoint name; they never see the operator's secrets. */
  endpoints?: Record<string, string> | undefined
}

/**
 * Gives a workspace its own application at a platform, in place of the operator's. Grants made before keep the client that
 * obtained them.
 * @throws PostMcpError `unknown_platform`, `invalid_request` that names what is missing or unknown
 */
export async function setOwnClient(
  core: CoreContext,
  scope: Scope,
  platform: string,
  { fields, way, endpoints = {} }: OwnClientDraft,
): Promise<OAuthClient> {
  const { manifest } = chooseWay(core, platform, way)
  const known = manifest.app?.fields ?? []
  const issues = [
    ...known
      .filter(({ name, required }) => required && !fields[name]?.trim())
      .map(({ name }) => ({ field: `fields.${name}`, message: `${name} is missing.` })),
    ...Object.keys(fields)
      .filter((name) => !known.some((field) => field.name === name))
      .map((name) => ({ field: `fields.${name}`, message: `There is no field ${name}.` })),
    ...Object.entries(endpoints)
      .filter(
        ([name, url]) =>
          !Object.hasOwn(manifest.endpoints, name) || !/^https?:$/.test(URL.parse(url)?.protocol ?? ''),
      )
      .map(([name]) => ({
        field: `endpoints.${name}`,
        message: `${name} is no endpoint with a web address.`,
      })),
  ]
  if (!manifest.app) issues.push({ field: 'platform', message: `${manifest.name} needs no application.` })
  if (issues.length > 0) {
    throw new PostMcpError('invalid_request', 'This application cannot be used.', {
      issues: issues.map((issue) => ({ code: 'invalid', severity: 'error' as const, ...issue })),
    })
  }
  const { clientId = '', clientSecret, ...values } = fields
  const now = core.clock.now()
  const { workspaceId } = scope
  const client: OAuthClient = {
    id: newId('oauthClient', now),
    workspaceId,
    ...ownClientOf(manifest),
    redirectUri: '',
    scopes: [],
    clientId,
    endpoints,
    createdAt: now,
  }
  const box = await core.vault.unlock(workspaceId)
  const secrets = writeClientSecrets({ secrets: clientSecret === undefined ? [] : [clientSecret], values })
  await core.store.transaction(async (tx) => {
    for (const old of await tx.oauthClients.list(workspaceId, ownClientOf(manifest))) {
      await tx.oauthClients.retire(workspaceId, old.id)
    }
    await tx.oauthClients.insert(client)
    await tx.credentials.put(
      workspaceId,
      clientSecretsOf(client.id),
      box.seal(clientSecretsOf(client.id), secrets),
    )
    await tx.audit.add({ ...scope, action: 'client.set', subjectId: client.id, details: { platform } }, now)
  })
  return client
}

/** The workspace's own application at a platform, without its secrets; undefined: the operator's is used. */
export async function getOwnClient(
  core: CoreContext,
  { workspaceId }: Scope,
  platform: string,
  way?: string,
): Promise<OAuthClient | undefined> {
  const { manifest } = chooseWay(core, platform, way)
  const [own] = await core.store.oauthClients.list(workspaceId, ownClientOf(manifest))
  return own
}

/** Goes back to the operator's application for new connections. May be repeated. */
export async function removeOwnClient(
  core: CoreContext,
  scope: Scope,
  platform: string,
  way?: string,
): Promise<void> {
  const own = await getOwnClient(core, scope, platform, way)
  if (!own) return
  const now = core.clock.now()
  await core.store.transaction(async (tx) => {
    await tx.oauthClients.retire(scope.workspaceId, own.id)
    await tx.audit.add({ ...scope, action: 'client.removed', subjectId: own.id, details: { platform } }, now)
  })
}
