import { type PostGroupId, publishGroupHere } from '@postmcp/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectAs, openSimulatedInstallation, type SimulatedInstallation } from './support/simulated.js'

let product: SimulatedInstallation

beforeAll(async () => {
  // As users have it: this test waits for no lease and no deadline.
  product = await openSimulatedInstallation({
    POSTMCP_POST_LEASE_SECONDS: '90',
    POSTMCP_POST_TURN_SECONDS: '60',
    POSTMCP_SEND_SECONDS: '30',
  })
})
afterAll(() => product?.close())

const platforms = ['mastodon', 'discord', 'slack', 'linkedin', 'x']
const text = 'For five, once each'

interface Shown {
  status: string
  posts: { id: string; platform: string; state: string; failure: { code: string } | null }[]
}

it('of five posts two have failed, one for an account that needs a reconnect: retrying publishes the other one, once, and says what to do', async () => {
  const tenant = await product.newTenant()
  const browser = product.newBrowser()
  const targets: { accountId: string }[] = []
  for (const id of platforms) {
    targets.push({ accountId: await connectAs(tenant, browser, product.platform(id)) })
  }
  const seenAt = () =>
    Object.fromEntries(
      platforms.map((id) => [
        id,
        product
          .platform(id)
          .world.posts()
          .filter((post) => post.text === text).length,
      ]),
    )
  const publish = (id: string) =>
    publishGroupHere(product.core, tenant.scope, id as PostGroupId, new Date(Date.now() + 60_000))
  const show = (id: string): Promise<Shown> => tenant.ok('GET', `/post-groups/${id}`)

  // Mastodon refuses the post, and at X our access was taken away.
  product.answerWith(({ url }) =>
    String(url).endsWith('/api/v1/statuses') ? { status: 422, body: { error: 'Validation failed' } } : null,
  )
  const x = product.platform('x')
  x.removeAccess(x.world.people()[0]?.id ?? '')
  const { id } = await tenant.ok('POST', '/post-groups', { content: { text }, targets })
  await publish(id)
  const first = await show(id)
  expect(first.status).toBe('partial')
  const of = (platform: string) => first.posts.find((post) => post.platform === platform)
  expect(platforms.map((platform) => [platform, of(platform)?.state, of(platform)?.failure?.code])).toEqual([
    ['mastodon', 'failed', 'refused_by_platform'],
    ['discord', 'published', undefined],
    ['slack', 'published', undefined],
    ['linkedin', 'published', undefined],
    ['x', 'failed', 'account_not_publishable'],
  ])
  const before = { mastodon: 0, discord: 1, slack: 1, linkedin: 1, x: 0 }
  expect(seenAt()).toEqual(before)

  product.answerWith(null)
  const retry = await tenant.ok('POST', `/post-groups/${id}/retry`)
  expect(retry.retried).toEqual([of('mastodon')?.id])
  expect(retry.reconciling).toEqual([])
  expect(retry.notRetried).toEqual([
    expect.objectContaining({
      postId: of('x')?.id,
      accountId: targets[4]?.accountId,
      code: 'account_not_publishable',
      nextAction: expect.stringMatching(/reconnect/i),
    }),
  ])
  await publish(id)
  expect(seenAt()).toEqual({ ...before, mastodon: 1 })
  expect((await show(id)).posts.map(({ platform, state }) => [platform, state])).toEqual(
    first.posts.map(({ platform, state }) => [platform, platform === 'mastodon' ? 'published' : state]),
  )

  const again = await tenant.ok('POST', `/post-groups/${id}/retry`)
  expect(again).toMatchObject({ retried: [], notRetried: [{ postId: of('x')?.id }] })
  await publish(id)
  expect(seenAt()).toEqual({ ...before, mastodon: 1 })
})
