import {
  type CoreContext,
  createApiKey,
  createWorkspace,
  type HttpClient,
  type HttpRequest,
  type HttpResponse,
  type Scope,
} from '@postmcp/core'
import { approve, type PlatformHandle, type RunningSandbox, startSandbox } from '@postmcp/sandbox'
import { type Client, clientOf } from './client.js'
import { openTestInstallation, type TestInstallation } from './installation.js'
import { operatorEnv, publicUrl } from './operator-env.js'
import { type Page, Visitor } from './visitor.js'

export { operatorEnv, publicUrl } from './operator-env.js'

/** A workspace and its key. */
export interface Tenant extends Client {
  scope: Scope
  apiKey: string
}

/** Live workspaces, for which the operator has named simulations as the platforms. */
export interface SimulatedInstallation extends TestInstallation {
  sandbox: RunningSandbox
  platform(id: string): PlatformHandle
  /** Everything that was sent to platforms since, in order. */
  sent: HttpRequest[]
  /** Answers in place of a platform, until it is set to null; null for a request: the platform answers. */
  answerWith(answer: ((request: HttpRequest) => Answered | null) | null): void
  /** By how much the product's clock is ahead. */
  setAhead(seconds: number): void
  newTenant(name?: string, workspace?: { maxAccounts?: number | null }): Promise<Tenant>
  newBrowser(): Visitor
}

export interface Answered {
  status: number
  body: unknown
  headers?: Record<string, string>
}

/** @param env what else is to be set */
export async function openSimulatedInstallation(
  env: Record<string, string> = {},
): Promise<SimulatedInstallation> {
  const sandbox = await startSandbox({ redirectUris: [`${publicUrl}/accounts/oauth/callback`] })
  const operator = operatorEnv(sandbox.platforms)
  const { POSTMCP_ALLOW_ORIGINS = '', ...rest } = env
  const product = await openTestInstallation({
    POSTMCP_PUBLIC_URL: publicUrl,
    POSTMCP_SANDBOX: 'off',
    ...operator,
    ...rest,
    POSTMCP_ALLOW_ORIGINS: [operator.POSTMCP_ALLOW_ORIGINS, POSTMCP_ALLOW_ORIGINS].filter(Boolean).join(','),
  })
  const { core, app } = product
  const sent: HttpRequest[] = []
  let answer: ((request: HttpRequest) => Answered | null) | null = null
  core.environments.live.http = intercepted(core.environments.live.http, async (request, send) => {
    sent.push(request)
    const made = answer?.(request)
    return made ? responseOf(made) : send(request)
  })
  let aheadMs = 0
  core.clock = { now: () => new Date(Date.now() + aheadMs) }
  return {
    ...product,
    sandbox,
    platform: sandbox.platform,
    sent,
    answerWith: (made) => {
      answer = made
    },
    setAhead: (seconds) => {
      aheadMs = seconds * 1000
    },
    newTenant: (name = 'Tenant', workspace = {}) => newTenant(core, app, name, workspace),
    newBrowser: () => new Visitor((url, init) => app.request(url, init)),
    async close() {
      await product.close()
      await sandbox.close()
    },
  }
}

type Send = (request: HttpRequest) => Promise<HttpResponse>

/** An HTTP client with somebody in between, who hears everything. */
export function intercepted(
  client: HttpClient,
  between: (request: HttpRequest, send: Send) => Promise<HttpResponse>,
): HttpClient {
  return {
    request: (request) => between(request, (passedOn) => client.request(passedOn)),
    within: (limits) => intercepted(client.within(limits), between),
  }
}

function responseOf({ status, body, headers = {} }: Answered): HttpResponse {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // a web page
  }
  return { status, headers: new Headers(headers), text, json }
}

/** A workspace with a key of its own. */
export async function newTenant(
  core: CoreContext,
  app: TestInstallation['app'],
  name: string,
  { maxAccounts = null, mode = 'live' }: { maxAccounts?: number | null; mode?: 'live' | 'sandbox' } = {},
): Promise<Tenant> {
  const workspace = await createWorkspace(core, { name, mode, maxAccounts })
  const scope: Scope = { workspaceId: workspace.id, actor: 'test' }
  const { secret } = await createApiKey(core, scope, 'Test')
  return { ...clientOf((path, init) => app.request(path, init), secret), scope, apiKey: secret }
}

/** The step that sends somebody to a platform. */
export interface AuthorizeStep {
  type: 'authorize'
  connectionId: string
  authorizationUrl: string
  startUrl: string
  userCode: string
}

/** Begins to connect. */
export async function begin(
  tenant: Client,
  platform: PlatformHandle,
  redirectUri?: string,
): Promise<AuthorizeStep> {
  const step = await tenant.ok('POST', '/accounts/connect', {
    platform: platform.id,
    method: 'oauth2',
    fields: platform.connectFields(),
    ...(redirectUri !== undefined && { redirectUri }),
  })
  if (step.type !== 'authorize') throw new Error(`The step is ${step.type}.`)
  return step
}

/** Opens the start page and goes on, as the person who started does. @returns the platform's address */
export async function goOn(browser: Visitor, { startUrl }: AuthorizeStep): Promise<string> {
  const { location } = await browser.submit(await browser.open(startUrl))
  if (location === null) throw new Error('The start page leads nowhere.')
  return location
}

/** From the start page through the consent to our last page. */
export async function consent(
  browser: Visitor,
  step: AuthorizeStep,
  decision?: Parameters<typeof approve>[1],
): Promise<Page> {
  return browser.open(await approve(await goOn(browser, step), decision))
}

/** Connects one account, in a browser that was bound; chooses the first target where there is a choice. */
export async function connectAs(
  tenant: Client,
  browser: Visitor,
  platform: PlatformHandle,
  personId?: string,
): Promise<string> {
  const step = await begin(tenant, platform)
  await consent(browser, step, personId === undefined ? {} : { personId })
  return firstAccount(tenant, step.connectionId)
}

/** The account a connection led to; chooses the first target where there is a choice. */
export async function firstAccount(tenant: Client, connectionId: string): Promise<string> {
  const { step, state, failureReason } = await tenant.ok('GET', `/connections/${connectionId}`)
  const done =
    step?.type === 'select_targets'
      ? await tenant.ok('POST', `/connections/${connectionId}`, { targetIds: [step.targets[0].targetId] })
      : step
  if (done?.type !== 'connected') throw new Error(`The connection is ${state}, ${failureReason}.`)
  return done.accounts[0].id
}
