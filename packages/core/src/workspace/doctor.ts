import { configuredClients } from '../connect/configured-clients.js'
import { chooseRedirectUri, redirectUriOfClient } from '../connect/redirect-uri.js'
import type { CoreContext } from '../core-context.js'
import { TransportError } from '../http/http-client.js'
import { isPostMcpError, PostMcpError } from '../model/errors.js'
import type { Scope } from '../model/scope.js'
import { expandAddress } from '../oauth/address.js'
import { ownClientOf, providerContext } from '../oauth/provider-context.js'
import { missingScopes } from '../oauth/scopes.js'
import { askTokenEndpoint } from '../oauth/token-endpoint.js'
import { clientNotConfigured, type ProviderContext } from '../provider/context.js'
import { readHookFailure } from '../provider/hook-failure.js'
import type { Provider } from '../provider/provider.js'
import { applicationId, waysOf } from '../provider/ways.js'
import { listAccounts } from './accounts.js'

/** One thing that was looked at. */
export interface Finding {
  platform: string
  /** The way through the browser it is about, where the platform has several. */
  way: string | null
  check: 'application' | 'redirect_address' | 'reachable' | 'clock' | 'account'
  status: 'ok' | 'warning' | 'error'
  /** What was found. */
  message: string
  /** What to do about it; null when there is nothing to do. */
  fix: string | null
}

/** Our clock may differ by so much before signatures and life times suffer. */
const tolerableSkewSeconds = 30
/** How long one platform is given. */
const seconds = 15
/** Accounts looked at, by what is stored of them. */
const accountLimit = 200

/**
 * Looks at what connecting needs: the application and whether the platform accepts it, the redirect address, whether the platform
 * can be reached, our clock, and what the connected accounts were granted. Changes nothing, and throws for no finding.
 * @throws PostMcpError `unknown_platform`
 */
export async function diagnose(core: CoreContext, scope: Scope, platform?: string): Promise<Finding[]> {
  const wanted = platform === undefined ? null : core.providers.get(platform).manifest.id
  const isWanted = (id: string) => wanted === null || id === wanted
  const providers = core.providers.listWays().filter(({ manifest }) => isWanted(manifest.id))
  const accounts = await findingsOfAccounts(core, scope)
  const found = await Promise.all(providers.map((provider) => findingsOf(core, scope, provider)))
  return [...found.flat(), ...accounts.filter((finding) => isWanted(finding.platform))]
}

/** The context of a hook, or why there is none. */
async function contextOf(core: CoreContext, { workspaceId }: Scope, provider: Provider) {
  const deadline = new Date(Date.now() + seconds * 1000)
  try {
    return { context: await providerContext(core, provider, { workspaceId, deadline }), error: null }
  } catch (error) {
    const unknown = new PostMcpError('internal_error', 'It could not be looked at.', { cause: error })
    return { context: null, error: isPostMcpError(error) ? error : unknown }
  }
}

/** Whether some way of a platform has an application; then nobody misses that of another one. */
async function hasOtherWay(core: CoreContext, scope: Scope, { manifest }: Provider): Promise<boolean> {
  const ids = core.providers
    .listWays()
    .filter((other) => other.manifest.id === manifest.id)
    .map((other) => applicationId(other.manifest))
  const configured = await configuredClients(core, scope)
  return ids.some((id) => configured.has(id))
}

async function findingsOf(core: CoreContext, scope: Scope, provider: Provider): Promise<Finding[]> {
  const { id: platform, name, connect, app } = provider.manifest
  const { oauth2 } = connect
  const way = (waysOf(provider.manifest).length > 0 && oauth2?.way) || null
  const finding = (
    check: Finding['check'],
    status: Finding['status'],
    message: string,
    fix: string | null = null,
  ): Finding => ({ platform, way: way?.id ?? null, check, status, message, fix })
  const findings: Finding[] = []
  const { context, error } = await contextOf(core, scope, provider)
  if (!context) return [finding('application', 'error', error.message, error.nextAction)]
  if (app && !context.client) {
    if (way && (await hasOtherWay(core, scope, provider))) {
      return [finding('application', 'ok', `${way.name}, another way to ${name}, has no application.`)]
    }
    const { message, nextAction } = clientNotConfigured(provider.manifest)
    return [finding('application', 'warning', message, nextAction)]
  }
  if (oauth2) {
    try {
      const workspace = await core.store.workspaces.get(scope.workspaceId)
      const chosen = chooseRedirectUri(core, provider.manifest, workspace?.mode ?? 'live', undefined)
      const [own = null] = await core.store.oauthClients.list(
        scope.workspaceId,
        ownClientOf(provider.manifest),
      )
      const uri = redirectUriOfClient(chosen, own)
      const words = app
        ? `Register exactly this address at ${name}: ${uri}`
        : `${name} sends people back to ${uri}`
      findings.push(finding('redirect_address', 'ok', words))
    } catch (error) {
      if (!isPostMcpError(error)) throw error
      findings.push(finding('redirect_address', 'error', error.message, error.nextAction))
    }
  }
  const probed = await probe(core, provider, context)
  return [
    ...findings,
    ...probed.map((each) => finding(each.check, each.status, each.message, each.fix ?? null)),
  ]
}

type Probed = Omit<Finding, 'platform' | 'way' | 'fix'> & { fix?: string }

/** Asks the token endpoint for something it has to refuse: how it refuses tells what it thinks of the application. */
async function probe(core: CoreContext, provider: Provider, ctx: ProviderContext): Promise<Probed[]> {
  const { name, connect } = provider.manifest
  const tokenUrl = connect.oauth2?.tokenUrl
  if (!ctx.client || tokenUrl === undefined) return []
  let answeredAt: Date | null = null
  const listening: ProviderContext = {
    ...ctx,
    http: {
      ...ctx.http,
      async request(request) {
        const response = await ctx.http.request(request)
        const date = response.headers.get('date')
        answeredAt = date === null ? null : new Date(date)
        return response
      },
    },
  }
  const parameters = {
    grant_type: 'authorization_code',
    code: 'postmcp-doctor',
    redirect_uri: core.redirectUris[0] ?? core.publicUrl,
  }
  const request = { address: expandAddress(tokenUrl, ctx.endpoints), client: ctx.client, parameters }
  const failure = await askTokenEndpoint(listening, provider, request, 'callback').then(
    () => null,
    (error: unknown) => readOrNull(provider, error),
  )
  const clock = clockFinding(name, answeredAt, core.clock.now())
  if (failure?.classification.kind === 'client_invalid') {
    const fix = 'Compare client id and client secret with those of the application there.'
    return [
      { check: 'reachable', status: 'ok', message: `${name} answers.` },
      { check: 'application', status: 'error', message: `${name} does not accept the application.`, fix },
      ...clock,
    ]
  }
  if (failure?.error.code === 'address_not_allowed') {
    const { message, nextAction } = failure.error
    return [{ check: 'reachable', status: 'error', message, fix: nextAction }]
  }
  if (
    failure &&
    (failure.classification.kind === 'unavailable' || failure.classification.kind === 'rate_limited')
  ) {
    const fix = 'Try again later; look at the network of this machine if other platforms fail too.'
    return [{ check: 'reachable', status: 'error', message: failure.error.message, fix }, ...clock]
  }
  return [
    { check: 'reachable', status: 'ok', message: `${name} answers.` },
    { check: 'application', status: 'ok', message: `${name} did not object to the application.` },
    ...clock,
  ]
}

function readOrNull(provider: Provider, error: unknown) {
  if (error instanceof TransportError || error instanceof Error) {
    try {
      return readHookFailure(provider, error, 'callback')
    } catch {
      return null
    }
  }
  return null
}

function clockFinding(name: string, answeredAt: Date | null, now: Date): Probed[] {
  if (!answeredAt || Number.isNaN(answeredAt.getTime())) return []
  const skew = Math.round((now.getTime() - answeredAt.getTime()) / 1000)
  if (Math.abs(skew) <= tolerableSkewSeconds)
    return [{ check: 'clock', status: 'ok', message: 'The clock is right.' }]
  const message = `The clock of this machine is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} that of ${name}.`
  return [{ check: 'clock', status: 'warning', message, fix: 'Let the clock be set over the network (NTP).' }]
}

async function findingsOfAccounts(core: CoreContext, scope: Scope): Promise<Finding[]> {
  const reports = await listAccounts(core, scope, { limit: accountLimit })
  const living = reports.filter(({ health }) => health.status !== 'disconnected')
  return Promise.all(
    living.map(async ({ account, health, nextAction }): Promise<Finding> => {
      const { platform, handle, grantId } = account
      const common = { platform, way: null, check: 'account' as const }
      if (health.status !== 'active') {
        const why = health.reason === null ? health.status : `${health.status}, ${health.reason}`
        return { ...common, status: 'error', message: `@${handle} is ${why}.`, fix: nextAction.message }
      }
      const grant = grantId ? await core.store.grants.get(scope.workspaceId, grantId) : undefined
      const { manifest } = core.providers.get(platform, grant?.way)
      const missing = grant ? missingScopes(manifest, grant.grantedScopes, grant.authMethod) : []
      if (missing.length === 0) return { ...common, status: 'ok', message: `@${handle} is fine.`, fix: null }
      const fix = `Reconnect it and grant ${missing.join(', ')}.`
      return { ...common, status: 'warning', message: `@${handle} lacks ${missing.join(', ')}.`, fix }
    }),
  )
}
