import { createApiKey, createWorkspace } from '@postmcp/core'
import { approve, type PlatformHandle } from '@postmcp/sandbox'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { clientOf } from './support/client.js'
import {
  begin,
  connectAs,
  consent,
  goOn,
  openSimulatedInstallation,
  type SimulatedInstallation,
  type Tenant,
} from './support/simulated.js'

let product: SimulatedInstallation
let mastodon: PlatformHandle
beforeAll(async () => {
  product = await openSimulatedInstallation()
  mastodon = product.platform('mastodon')
})
afterAll(() => product?.close())
beforeEach(() => product.sandbox.sandbox.clock.advance(24 * 3600))

let people = 0
const newPerson = ({ world }: PlatformHandle): string => {
  people += 1
  return world.addPerson({ name: `Person ${people}`, handle: `person${people}` }).id
}
const connectedOf = async (tenant: Tenant) =>
  (await tenant.ok('GET', '/accounts?limit=100')).data.filter(
    ({ status }: { status: string }) => status !== 'disconnected',
  )

/** A workspace on the plan with room for fifteen accounts. */
async function onCreatorPlan(): Promise<Tenant> {
  const { id } = await createWorkspace(product.core, {
    name: 'Creator',
    mode: 'live',
    maxAccounts: null,
    plan: 'creator',
  })
  const scope = { workspaceId: id, actor: 'test' }
  const { secret } = await createApiKey(product.core, scope, 'Test')
  return { ...clientOf((path, init) => product.app.request(path, init), secret), scope, apiKey: secret }
}

describe('a plan with room for fifteen', () => {
  it('has fifteen accounts after fifty were connected at once, and what was too many is given back', async () => {
    const tenant = await onCreatorPlan()
    await connectAs(tenant, product.newBrowser(), mastodon, newPerson(mastodon))
    const backs = await Promise.all(
      Array.from({ length: 49 }, async () => {
        const browser = product.newBrowser()
        const authorizationUrl = await goOn(browser, await begin(tenant, mastodon))
        return { browser, back: await approve(authorizationUrl, { personId: newPerson(mastodon) }) }
      }),
    )
    const pages = await Promise.all(backs.map(({ browser, back }) => browser.open(back)))
    const refused = pages.filter(({ status }) => status === 403)
    expect(pages.filter(({ status }) => status === 200)).toHaveLength(14)
    expect(refused).toHaveLength(35)
    for (const { words } of refused) {
      expect(words).toContain('plan_limit_reached')
      expect(words).toContain('Your plan has room for 0 more of 15 accounts; 1 were to be added.')
      expect(words).toContain('Disconnect an account or move to a larger plan.')
    }
    expect(await connectedOf(tenant)).toHaveLength(15)
    const [rows] = await product.database.query(
      `select count(*)::int as accounts, count(distinct target_id)::int as targets,
         (select count(*)::int from grants where workspace_id = $1) as grants
       from accounts where workspace_id = $1`,
      [tenant.scope.workspaceId],
    )
    expect(rows).toEqual({ accounts: 15, targets: 15, grants: 15 })
    // At the platform nothing lives on that is not kept here.
    const revocations = product.sent.filter(({ url }) => new URL(url).pathname === '/oauth/revoke')
    expect(revocations).toHaveLength(35)
    const kept = await product.database.query(`select 1 from credentials where owner_type = 'connection'`)
    expect(kept).toEqual([])
    expect(await tenant.ok('GET', '/workspace')).toMatchObject({ id: tenant.scope.workspaceId })
  })

  it('is held against pasted addresses and confirmations as well, all at once', async () => {
    const tenant = await onCreatorPlan()
    for (let index = 0; index < 13; index++) {
      await connectAs(tenant, product.newBrowser(), mastodon, newPerson(mastodon))
    }
    const ways = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const step = await begin(tenant, mastodon)
        const back = await approve(step.authorizationUrl, { personId: newPerson(mastodon) })
        if (index % 2 === 0) {
          return () => tenant.call('POST', `/connections/${step.connectionId}`, { callbackUrl: back })
        }
        const browser = product.newBrowser()
        const page = await browser.open(back)
        return () => browser.submit(page, { answer: 'confirm' })
      }),
    )
    const answers = await Promise.all(ways.map((go) => go()))
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(2)
    expect(statuses.filter((status) => status === 403)).toHaveLength(10)
    expect(await connectedOf(tenant)).toHaveLength(15)
  })
})

describe('a plan with room for two', () => {
  it('is not got past by disconnecting, connecting another, and reconnecting', async () => {
    const tenant = await product.newTenant('Two', { maxAccounts: 2 })
    const browser = product.newBrowser()
    const [ann, ben, cat] = [newPerson(mastodon), newPerson(mastodon), newPerson(mastodon)]
    const anns = await connectAs(tenant, browser, mastodon, ann)
    const bens = await connectAs(tenant, browser, mastodon, ben)
    const reconnect = async (account: string, personId: string) => {
      const step = await tenant.ok('POST', `/accounts/${account}/reconnect`, {
        fields: mastodon.connectFields(),
      })
      return consent(browser, step, { personId })
    }
    // Renewing what is there is no addition.
    expect((await reconnect(bens, ben)).status).toBe(200)
    expect(await consent(browser, await begin(tenant, mastodon), { personId: cat })).toMatchObject({
      status: 403,
    })

    await tenant.ok('POST', `/accounts/${anns}/disconnect`)
    await connectAs(tenant, browser, mastodon, cat)
    const page = await reconnect(anns, ann)
    expect(page).toMatchObject({ status: 403, words: expect.stringContaining('plan_limit_reached') })
    expect(page.words).toContain('room for 0 more of 2 accounts')
    expect(await tenant.ok('GET', `/accounts/${anns}`)).toMatchObject({ status: 'disconnected' })
    // Nor by connecting it as if it were new.
    const again = await consent(browser, await begin(tenant, mastodon), { personId: ann })
    expect(again).toMatchObject({ status: 403, words: expect.stringContaining('plan_limit_reached') })
    expect(await connectedOf(tenant)).toHaveLength(2)

    // Once there is room, it comes back with the id it had.
    await tenant.ok('POST', `/accounts/${bens}/disconnect`)
    expect((await reconnect(anns, ann)).status).toBe(200)
    expect(await tenant.ok('GET', `/accounts/${anns}`)).toMatchObject({ status: 'active' })
  })

  it('is held when accounts are revived and connected at once', async () => {
    const tenant = await product.newTenant('Two', { maxAccounts: 2 })
    const old = await Promise.all(
      Array.from({ length: 2 }, async () => {
        const personId = newPerson(mastodon)
        const account = await connectAs(tenant, product.newBrowser(), mastodon, personId)
        return { account, personId }
      }),
    )
    for (const { account } of old) await tenant.ok('POST', `/accounts/${account}/disconnect`)
    const steps = await Promise.all([
      ...old.map(async ({ account, personId }) => ({
        step: await tenant.ok('POST', `/accounts/${account}/reconnect`, { fields: mastodon.connectFields() }),
        personId,
      })),
      ...Array.from({ length: 6 }, async () => ({
        step: await begin(tenant, mastodon),
        personId: newPerson(mastodon),
      })),
    ])
    const pages = await Promise.all(
      steps.map(({ step, personId }) => consent(product.newBrowser(), step, { personId })),
    )
    expect(pages.filter(({ status }) => status === 200)).toHaveLength(2)
    expect(await connectedOf(tenant)).toHaveLength(2)
  })

  it('lets nobody choose more targets than there is room for, says how many, and keeps the choice open', async () => {
    const facebook = product.platform('facebook')
    const tenant = await product.newTenant('Two', { maxAccounts: 2 })
    const browser = product.newBrowser()
    await connectAs(tenant, browser, mastodon, newPerson(mastodon))
    const owner = facebook.world.people().find(({ id }) => facebook.world.resourcesOf(id, 'page').length > 1)
    const step = await begin(tenant, facebook)
    const page = await consent(browser, step, owner ? { personId: owner.id } : {})
    expect(page.words).toContain('choose what should be connected')
    const { step: choice } = await tenant.ok('GET', `/connections/${step.connectionId}`)
    expect(choice.type).toBe('select_targets')
    const ids: string[] = choice.targets.map(({ targetId }: { targetId: string }) => targetId)
    expect(ids.length).toBeGreaterThan(1)
    const choose = (targetIds: string[]) =>
      tenant.call('POST', `/connections/${step.connectionId}`, { targetIds })

    const refused = await choose(ids)
    expect(refused).toMatchObject({ status: 403, body: { code: 'plan_limit_reached' } })
    expect(refused.body.detail).toBe(
      `Your plan has room for 1 more of 2 accounts; ${ids.length} were to be added.`,
    )
    expect(await connectedOf(tenant)).toHaveLength(1)
    expect(await tenant.ok('GET', `/connections/${step.connectionId}`)).toMatchObject({
      state: 'selecting_targets',
      step: { type: 'select_targets', targets: choice.targets },
    })
    // The same one many times is one; what nobody offered is none.
    expect(await choose([ids[0] ?? '', 'made-up'])).toMatchObject({ status: 400 })
    expect(await choose([])).toMatchObject({ status: 400 })
    const done = await choose(Array.from({ length: 5 }, () => ids[0] ?? ''))
    expect(done).toMatchObject({ status: 200, body: { type: 'connected' } })
    expect(await connectedOf(tenant)).toHaveLength(2)
    expect(await choose([ids[1] ?? ''])).toMatchObject({ status: 409 })
  })
})
