import { approve, type PlatformHandle } from '@postmcp/sandbox'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  begin,
  consent,
  goOn,
  openSimulatedInstallation,
  type SimulatedInstallation,
  type Tenant,
} from './support/simulated.js'

let product: SimulatedInstallation
let instagram: PlatformHandle
let tenant: Tenant
beforeAll(async () => {
  product = await openSimulatedInstallation()
  instagram = product.platform('instagram')
})
afterAll(() => product?.close())
beforeEach(async () => {
  tenant = await product.newTenant('Ways', { maxAccounts: 3 })
})

const byFacebook = (body: object = {}) =>
  tenant.ok('POST', '/accounts/connect', { platform: 'instagram', way: 'facebook_login', ...body })

/** Goes through Facebook Login and chooses the first account of the first person. */
async function connectByFacebook() {
  const step = await byFacebook()
  await consent(product.newBrowser(), step)
  const { step: choice } = await tenant.ok('GET', `/connections/${step.connectionId}`)
  const [target] = choice.targets
  const done = await tenant.ok('POST', `/connections/${step.connectionId}`, { targetIds: [target.targetId] })
  return { choice, account: done.accounts[0] }
}
const pathOf = (address: string) => new URL(address).pathname

describe('a platform with two ways', () => {
  it('is shown with both, each with an application of its own', async () => {
    const { connect, app, scopes } = await tenant.ok('GET', '/platforms/instagram')
    expect(connect.ways).toMatchObject([
      { id: 'instagram_login', application: 'instagram', app: { isConfigured: true } },
      { id: 'facebook_login', application: 'instagram_facebook_login', app: { isConfigured: true } },
    ])
    expect(app.isConfigured).toBe(true)
    expect(scopes).toContainEqual(expect.objectContaining({ name: 'instagram_basic', way: 'facebook_login' }))
    expect((await tenant.ok('GET', '/platforms/facebook')).connect.ways).toEqual([])
  })

  it('is connected by the first without being asked', async () => {
    const step = await begin(tenant, instagram)
    expect(pathOf(step.authorizationUrl)).toBe('/instagram/www/oauth/authorize')
    await consent(product.newBrowser(), step)
    const { step: done } = await tenant.ok('GET', `/connections/${step.connectionId}`)
    expect(done.accounts).toMatchObject([{ handle: 'ada.sandbox', way: 'instagram_login' }])
  })

  it('is connected by the second, which brings several accounts and says how many the plan leaves', async () => {
    const { choice, account } = await connectByFacebook()
    expect(choice).toMatchObject({ type: 'select_targets', accountsLeft: 3, alreadyConnected: [] })
    expect(choice.targets.map(({ handle }: { handle: string }) => handle)).toEqual([
      'adas.bakery',
      'corner.cafe',
    ])
    expect(account).toMatchObject({
      handle: 'adas.bakery',
      way: 'facebook_login',
      reconsentBy: expect.any(String),
    })
    expect(await tenant.ok('GET', `/accounts/${account.id}/status?freshness=live`)).toMatchObject({
      status: 'active',
      check: { source: 'live' },
    })
  })

  it('refuses a way there is not, and a way of a platform that has only one', async () => {
    const asked = (platform: string) =>
      tenant.call('POST', '/accounts/connect', { platform, way: 'telepathy' })
    const { body } = await asked('instagram')
    expect(body).toMatchObject({
      code: 'invalid_request',
      detail: expect.stringContaining('instagram_login or facebook_login'),
    })
    expect((await asked('facebook')).body).toMatchObject({ code: 'invalid_request' })
  })

  it('is reconnected by the way it was connected', async () => {
    const { account } = await connectByFacebook()
    const again = await tenant.ok('POST', `/accounts/${account.id}/reconnect`, {})
    expect(pathOf(again.authorizationUrl)).toMatch(/^\/instagram\/facebook\/v[\d.]+\/dialog\/oauth$/)
    const other = await tenant.ok('POST', `/accounts/${account.id}/reconnect`, { way: 'instagram_login' })
    expect(pathOf(other.authorizationUrl)).toBe('/instagram/www/oauth/authorize')
  })

  it('lets go of everything the person allowed, when its last account goes', async () => {
    const somebody = instagram.platform.addAccount?.(instagram.kit, 'facebook_login')
    if (!somebody) throw new Error('Nobody can be added.')
    const { personId, targetId, resourceId = '', chosenIds = [resourceId] } = somebody
    const step = await byFacebook()
    await consent(product.newBrowser(), step, { personId, resourceIds: [...chosenIds] })
    const { step: done } = await tenant.ok('GET', `/connections/${step.connectionId}`)
    const [account] = done.accounts
    expect(account.targetId).toBe(targetId)
    product.sent.length = 0
    expect(await tenant.ok('POST', `/accounts/${account.id}/disconnect`)).toMatchObject({
      revocation: { outcome: 'revoked' },
    })
    expect(product.sent.map(({ method, url }) => `${method} ${pathOf(String(url))}`)).toEqual([
      expect.stringMatching(new RegExp(`^DELETE .*/${personId}/permissions$`)),
    ])
  })

  it('is looked at by the doctor on both ways', async () => {
    const { data } = await tenant.ok('GET', '/doctor?platform=instagram')
    const applications = data.filter(({ check }: { check: string }) => check === 'application')
    expect(applications).toMatchObject([
      { way: 'instagram_login', status: 'ok' },
      { way: 'facebook_login', status: 'ok' },
    ])
  })

  it("takes a workspace's own application for one way", async () => {
    const fields = { clientId: 'own-app', clientSecret: 'own-secret' }
    const path = '/platforms/instagram/client'
    expect(await tenant.ok('PUT', path, { fields, way: 'facebook_login' })).toMatchObject({
      way: 'facebook_login',
    })
    expect((await tenant.call('GET', path)).status).toBe(404)
    const clientOf = async (step: Promise<{ authorizationUrl: string }>) =>
      new URL((await step).authorizationUrl).searchParams.get('client_id')
    expect(await clientOf(byFacebook())).toBe('own-app')
    expect(await clientOf(begin(tenant, instagram))).toBe(instagram.app?.clientId)
    expect((await tenant.call('DELETE', `${path}?way=facebook_login`)).status).toBe(204)
    expect(await clientOf(byFacebook())).toBe(instagram.furtherApps.facebook_login?.clientId)
  })
})

describe('the start page', () => {
  it('offers the other way, and leads on by it', async () => {
    const step = await begin(tenant, instagram)
    const browser = product.newBrowser()
    const page = await browser.open(step.startUrl)
    expect(page.words).toContain('Go by Facebook Login')
    const { location } = await browser.submit(page, { way: 'facebook_login' })
    expect(pathOf(location ?? '')).toContain('/dialog/oauth')
    expect((await browser.open(await approve(location ?? ''))).words).toContain('is authorized')
    expect((await tenant.ok('GET', `/connections/${step.connectionId}`)).step.targets).toHaveLength(2)
  })

  it('leads on by the way that was chosen where nothing else is pressed', async () => {
    const step = await byFacebook()
    expect(pathOf(await goOn(product.newBrowser(), step))).toContain('/dialog/oauth')
  })

  it('offers nothing where there is one way only', async () => {
    const step = await begin(tenant, product.platform('facebook'))
    expect((await product.newBrowser().open(step.startUrl)).words).not.toContain('Go by')
  })

  it('takes no way from a form that is not its own, nor one it did not offer', async () => {
    const step = await begin(tenant, instagram)
    const browser = product.newBrowser()
    const page = await browser.open(step.startUrl)
    const forged = await product
      .newBrowser()
      .post(step.startUrl, new URLSearchParams({ way: 'facebook_login' }))
    expect(forged.status).toBe(400)
    expect((await browser.submit(page, { way: 'telepathy' })).status).toBe(400)
    expect(pathOf((await browser.submit(page)).location ?? '')).toBe('/instagram/www/oauth/authorize')
  })
})

describe('adding from the same authorization', () => {
  it('connects what was left, with no further consent', async () => {
    const { account } = await connectByFacebook()
    product.sent.length = 0
    const step = await tenant.ok('POST', `/accounts/${account.id}/add`, {})
    expect(step).toMatchObject({
      type: 'select_targets',
      accountsLeft: 2,
      targets: [{ handle: 'corner.cafe' }],
      alreadyConnected: [{ handle: 'adas.bakery', accountId: account.id }],
    })
    const [{ targetId }] = step.targets
    const done = await tenant.ok('POST', `/connections/${step.connectionId}`, { targetIds: [targetId] })
    expect(done.accounts).toMatchObject([{ handle: 'corner.cafe', way: 'facebook_login', status: 'active' }])
    expect(product.sent.some(({ url }) => new URL(url).pathname.endsWith('/oauth/access_token'))).toBe(false)
    const [added] = done.accounts
    expect(await tenant.ok('GET', `/accounts/${added.id}/status?freshness=live`)).toMatchObject({
      status: 'active',
    })
    const again = await tenant.call('POST', `/accounts/${account.id}/add`, { targetIds: [targetId] })
    expect(again.body).toMatchObject({ code: 'conflict' })
  })

  it('is answered with a reconnect when the person has to consent anew', async () => {
    const { account } = await connectByFacebook()
    instagram.tokens.expireAccessTokens()
    const step = await tenant.ok('POST', `/accounts/${account.id}/add`, {})
    expect(step).toMatchObject({ type: 'authorize' })
    expect(pathOf(step.authorizationUrl)).toContain('/dialog/oauth')
  })
})
