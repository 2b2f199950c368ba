import { createHmac, randomBytes } from 'node:crypto'
import type { HttpRequest } from '@postmcp/core'
import { approve, type PlatformHandle, type RunningSandbox, startSandbox } from '@postmcp/sandbox'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type AuthorizeStep,
  begin,
  connectAs,
  consent,
  firstAccount,
  goOn,
  intercepted,
  openSimulatedInstallation,
  publicUrl,
  type SimulatedInstallation,
  type Tenant,
} from './support/simulated.js'
import type { Visitor } from './support/visitor.js'

/** The platforms at which an application is registered by hand. */
const platforms = [
  'x',
  'youtube',
  'slack',
  'discord',
  'instagram',
  'facebook',
  'threads',
  'tiktok',
  'linkedin',
  'pinterest',
]

/** The operator's platforms are those of the installation; a workspace says that its own are at `theirs`. */
let theirs: RunningSandbox
let product: SimulatedInstallation
/** All requests as the product sent them. */
const seen: HttpRequest[] = []
let browser: Visitor

/** Only a secret differs: the workspace calls its application as the operator's is called, for the id of that is no secret. */
const ownFields = new Map<string, Record<string, string>>()
const isSecretField = ([name]: [string, string]) => name !== 'clientId'

beforeAll(async () => {
  const callback = `${publicUrl}/accounts/oauth/callback`
  theirs = await startSandbox({ seed: 'theirs', redirectUris: [callback] })
  product = await openSimulatedInstallation({
    // As if it were an address of the public Internet.
    POSTMCP_ALLOW_ORIGINS: new URL(theirs.origin).origin,
  })
  for (const id of platforms) {
    const app = Object.entries(product.platform(id).app ?? {})
    const fields = app.map((entry) => [
      entry[0],
      isSecretField(entry) ? `own-${id}-${entry[0]}-${randomBytes(12).toString('hex')}` : entry[1],
    ])
    ownFields.set(id, Object.fromEntries(fields))
  }
  const { live } = product.core.environments
  live.http = intercepted(live.http, (request, send) => {
    seen.push(request)
    return send(new URL(request.url).origin === theirs.origin ? asKnownThere(request) : request)
  })
}, 60_000)
afterAll(async () => {
  await product?.close()
  await theirs?.close()
})
beforeEach(() => {
  seen.length = 0
  browser = product.newBrowser()
  product.sandbox.sandbox.clock.advance(24 * 3600)
  theirs.sandbox.clock.advance(24 * 3600)
})

const ownSecrets = (id: string) => Object.entries(ownFields.get(id) ?? {}).filter(isSecretField)
const operatorSecrets = (id: string) => Object.entries(product.platform(id).app ?? {}).filter(isSecretField)

/** The simulation knows one application only: what is the workspace's becomes that, once it was looked at. */
function asKnownThere(request: HttpRequest): HttpRequest {
  const known = new Map(
    platforms.flatMap((id) =>
      ownSecrets(id).map(([name, value]) => [value, theirs.platform(id).app?.[name] ?? ''] as const),
    ),
  )
  const change = (text: string) =>
    [...known]
      .reduce((changed, [own, there]) => changed.replaceAll(own, there), text)
      .replace(/%3Fserver%3D[\w-]+/g, '')
  const headers = Object.fromEntries(
    Object.entries(request.headers ?? {}).map(([name, value]) => {
      const basic = /^Basic (.+)$/.exec(value)?.[1]
      return [name, basic ? `Basic ${btoa(change(atob(basic)))}` : change(value)]
    }),
  )
  const body = typeof request.body === 'string' ? { body: change(request.body) } : {}
  return withProof({ ...request, url: change(String(request.url)), headers, ...body }, request, known)
}

/** Meta wants a proof that who sends a token has the secret of the application; it must be made with the workspace's own. */
function withProof(
  request: HttpRequest,
  { url: asSent }: HttpRequest,
  known: ReadonlyMap<string, string>,
): HttpRequest {
  const url = new URL(request.url)
  const proof = url.searchParams.get('appsecret_proof')
  if (proof === null) return request
  const tokenOf = ({ searchParams }: URL) => searchParams.get('access_token') ?? ''
  const proofBy = (secret: string, token: string) => createHmac('sha256', secret).update(token).digest('hex')
  const [, there] = [...known].find(([own]) => proofBy(own, tokenOf(new URL(asSent))) === proof) ?? []
  if (there === undefined) throw new Error('The proof was made with a secret of somebody else.')
  url.searchParams.set('appsecret_proof', proofBy(there, tokenOf(url)))
  return { ...request, url }
}

/** All that is written in a request, what is encoded as it was before. */
function textOf({ url, headers = {}, body = '', json }: HttpRequest): string {
  const basic = /^Basic (.+)$/.exec(headers.authorization ?? '')?.[1]
  const all = [
    String(url),
    JSON.stringify(headers),
    basic ? atob(basic) : '',
    String(body),
    JSON.stringify(json ?? ''),
  ]
  return all
    .map((text) => `${text} ${decodeURIComponent(text.replaceAll(/%(?![0-9a-f]{2})/gi, '%25'))}`)
    .join(' ')
}

const isAt = (sandbox: RunningSandbox) => (request: HttpRequest) =>
  new URL(request.url).origin === sandbox.origin

/** Nobody was told the secrets of another. */
function expectSecretsKept(id: string) {
  const told = (sandbox: RunningSandbox, secrets: [string, string][]) =>
    seen
      .filter(isAt(sandbox))
      .flatMap((request) =>
        secrets
          .filter(([, value]) => textOf(request).includes(value))
          .map(([name]) => `${name} to ${new URL(request.url).pathname}`),
      )
  expect(told(theirs, operatorSecrets(id))).toEqual([])
  expect(told(product.sandbox, ownSecrets(id))).toEqual([])
}

/** Everything went there. */
function expectAllAt(sandbox: RunningSandbox) {
  expect(seen.length).toBeGreaterThan(0)
  expect(seen.filter((request) => !isAt(sandbox)(request)).map(({ url }) => String(url))).toEqual([])
}

/** Each of the secrets was shown where it belongs, so that the search would have found it elsewhere. */
const wasShown = (secrets: [string, string][], name: string) =>
  seen.some((request) => textOf(request).includes(secrets.find(([each]) => each === name)?.[1] ?? 'none'))

const endpointsOf = (platform: PlatformHandle) => platform.endpoints
const setOwn = (tenant: Tenant, id: string) =>
  tenant.ok('PUT', `/platforms/${id}/client`, {
    fields: ownFields.get(id),
    endpoints: endpointsOf(theirs.platform(id)),
  })

/** Consents at the workspace's own platform. @returns the address to come back to */
async function approveThere(authorizationUrl: string): Promise<string> {
  const url = new URL(authorizationUrl)
  const redirectUri = new URL(url.searchParams.get('redirect_uri') ?? '')
  const server = redirectUri.searchParams.get('server')
  redirectUri.search = ''
  url.searchParams.set('redirect_uri', redirectUri.href)
  const back = new URL(await approve(url.href))
  if (server !== null) back.searchParams.set('server', server)
  return back.href
}

async function connectThere(tenant: Tenant, id: string): Promise<string> {
  const step = await begin(tenant, theirs.platform(id))
  expect(new URL(step.authorizationUrl).origin).toBe(theirs.origin)
  await browser.open(await approveThere(await goOn(browser, step)))
  return firstAccount(tenant, step.connectionId)
}

const statusOf = (tenant: Tenant, account: string) =>
  tenant.ok('GET', `/accounts/${account}/status?freshness=live`)

/** What a grant lives through: looked at, renewed, looked at by the doctor, given back. */
async function liveOn(tenant: Tenant, account: string, id: string, sandbox: RunningSandbox) {
  expect(await statusOf(tenant, account)).toMatchObject({ status: 'active', check: { source: 'live' } })
  sandbox.platform(id).tokens.expireAccessTokens()
  const { status } = await statusOf(tenant, account)
  const { revocation } = await tenant.ok('POST', `/accounts/${account}/disconnect`)
  // Where nothing is renewed, an expired token cannot be ended either.
  const outcomes = ['revoked', 'not_supported', ...(status === 'active' ? [] : ['failed'])]
  expect(outcomes).toContain(revocation.outcome)
}

describe.each(platforms)('%s', (id) => {
  it('with an application of the workspace and its addresses: nobody there sees a secret of the operator', async () => {
    const tenant = await product.newTenant()
    const set = await setOwn(tenant, id)
    for (const [, secret] of ownSecrets(id)) expect(JSON.stringify(set)).not.toContain(secret)
    const findings = await tenant.ok('GET', `/doctor?platform=${id}`)
    expect(findings.data.length).toBeGreaterThan(0)
    // Another way to the platform has an application of its own, which is the operator's here.
    if (Object.keys(product.platform(id).furtherApps).length === 0) expectAllAt(theirs)
    expectSecretsKept(id)
    seen.length = 0
    const account = await connectThere(tenant, id)
    await liveOn(tenant, account, id, theirs)
    expectAllAt(theirs)
    expectSecretsKept(id)
    expect(wasShown(ownSecrets(id), 'clientSecret')).toBe(true)
    if (ownFields.get(id)?.botToken) expect(wasShown(ownSecrets(id), 'botToken')).toBe(true)
  })

  it("with the operator's application: what was obtained with it stays there when the workspace sets its own", async () => {
    const tenant = await product.newTenant()
    const platform = product.platform(id)
    const account = await connectAs(tenant, browser, platform)
    const begun = await begin(tenant, platform)
    await setOwn(tenant, id)
    await liveOn(tenant, account, id, product.sandbox)
    expectAllAt(product.sandbox)
    // A consent that was under way ends where it began.
    await consent(browser, begun)
    const second = await firstAccount(tenant, begun.connectionId)
    await statusOf(tenant, second)
    await tenant.ok('POST', `/accounts/${second}/disconnect`)
    expectAllAt(product.sandbox)
    expectSecretsKept(id)
    expect(wasShown(operatorSecrets(id), 'clientSecret')).toBe(true)
  })

  it('with an application that is no longer the one of the workspace: what was obtained with it stays with it', async () => {
    const tenant = await product.newTenant()
    await setOwn(tenant, id)
    const account = await connectThere(tenant, id)
    const begun: AuthorizeStep = await begin(tenant, theirs.platform(id))
    await tenant.ok('DELETE', `/platforms/${id}/client`)
    await liveOn(tenant, account, id, theirs)
    await browser.open(await approveThere(await goOn(browser, begun)))
    const second = await firstAccount(tenant, begun.connectionId)
    await tenant.ok('POST', `/accounts/${second}/disconnect`)
    expectAllAt(theirs)
    expectSecretsKept(id)
    // What is new is the operator's again.
    const step = await begin(tenant, product.platform(id))
    expect(new URL(step.authorizationUrl).origin).toBe(product.sandbox.origin)
  })
})

describe('a platform a workspace made up', () => {
  it('gets no code of the real one, to whose consent page it sends people', async () => {
    const mallory = await product.newTenant('Mallory')
    const x = product.platform('x')
    // His own connection at the real platform, with the operator's application, whose challenge he can have answered.
    const his = await begin(mallory, x)
    await setOwn(mallory, 'x')
    const bait = await begin(mallory, theirs.platform('x'))
    const mixed = new URL(his.authorizationUrl)
    mixed.searchParams.set('state', new URL(bait.authorizationUrl).searchParams.get('state') ?? '')
    const back = await approve(mixed.href)
    seen.length = 0
    const page = await product.newBrowser().open(back)
    expect(page).toMatchObject({ status: 400, words: expect.stringContaining('issuer_mismatch') })
    expect(seen).toEqual([])
    const { state, failureReason } = await mallory.ok('GET', `/connections/${bait.connectionId}`)
    expect({ state, failureReason }).toEqual({ state: 'failed', failureReason: 'issuer_mismatch' })
  })

  it('keeps nobody from ending an authorization at the real one by pretending to have the same', async () => {
    const [anna, mallory] = [await product.newTenant('Anna'), await product.newTenant('Mallory')]
    const [real, fake] = [product.platform('youtube'), theirs.platform('youtube')]
    const account = await connectAs(anna, browser, real)
    const { targetId } = await anna.ok('GET', `/accounts/${account}`)
    await setOwn(mallory, 'youtube')
    await connectThere(mallory, 'youtube')
    // He can call the person at his platform whatever he likes.
    const [victim] = await product.database.query<{ subject: string; client: { clientId: string } }>(
      `select subject, client from grants where workspace_id = $1`,
      [anna.scope.workspaceId],
    )
    await product.database.query('update grants set subject = $2 where workspace_id = $1', [
      mallory.scope.workspaceId,
      victim?.subject,
    ])
    expect(targetId).toBeTruthy()
    expect(fake.app?.clientId).toBe(victim?.client.clientId)
    const { revocation } = await anna.ok('POST', `/accounts/${account}/disconnect`)
    expect(revocation.outcome).toBe('revoked')
  })
})
