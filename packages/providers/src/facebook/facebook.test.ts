import { createHmac } from 'node:crypto'
import type { CodeExchange, GrantAccess, Provider } from '@postmcp/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cannedContext, client, graphError } from '../meta/fixtures/context.js'
import { startPlatform } from '../meta/fixtures/sandbox.js'
import { facebook } from './index.js'

const provider: Provider = facebook
const { identify, listTargets, verify, revoke, classifyError } = facebook
const scopes = ['pages_show_list', 'pages_read_engagement', 'pages_manage_posts']
const meaningOf = (thrown: unknown) => classifyError(thrown as Parameters<typeof classifyError>[0], 'verify')

const exchange: CodeExchange = {
  tokens: { accessToken: 'short-token' },
  answer: {},
  requestedScopes: scopes,
  fields: {},
  server: null,
  redirectUri: 'https://postmcp.example.org/accounts/oauth/callback',
}
const long = { body: { access_token: 'long-token', token_type: 'bearer', expires_in: 5_183_944 } }
const access: GrantAccess = {
  authMethod: 'oauth2',
  subject: '9',
  grantedScopes: [...scopes, 'business_management'],
  settings: {},
  tokens: { accessToken: 'long-token' },
}

describe('connecting', () => {
  it('changes the short-lived token first, and asks what was granted with the long-lived one', async () => {
    const { ctx, requests } = cannedContext(provider, {
      'oauth/access_token': long,
      me: { body: { id: '9' } },
      'me/permissions': {
        body: {
          data: [
            { permission: 'pages_show_list', status: 'granted' },
            { permission: 'pages_manage_posts', status: 'declined' },
            { permission: 'email', status: 'expired' },
          ],
        },
      },
    })
    expect(await identify(ctx, exchange)).toEqual({
      subject: '9',
      tokens: { accessToken: 'long-token', grantedScopes: ['pages_show_list'] },
      grantedScopes: ['pages_show_list'],
      settings: {},
      secrets: {},
    })
    const [changed, ...others] = requests
    expect(Object.fromEntries(new URL(changed?.url ?? '').searchParams)).toEqual({
      grant_type: 'fb_exchange_token',
      client_id: client.id,
      client_secret: 'the-app-secret',
      fb_exchange_token: 'short-token',
    })
    const proof = createHmac('sha256', 'the-app-secret').update('long-token').digest('hex')
    for (const { url } of others) expect(new URL(url).searchParams.get('appsecret_proof')).toBe(proof)
    expect(requests.every(({ url }) => new URL(url).pathname.startsWith('/v26.0/'))).toBe(true)
  })

  it('does not go on with the short-lived token when it cannot be changed', async () => {
    const { ctx, requests } = cannedContext(provider, {
      'oauth/access_token': graphError(1, undefined, { message: 'Error validating client secret.' }),
    })
    const thrown: unknown = await identify(ctx, exchange).catch((error: unknown) => error)
    expect(meaningOf(thrown)).toEqual({ kind: 'client_invalid' })
    expect(requests).toHaveLength(1)
  })

  it('reads errors of the token endpoint, which are not those of OAuth', () => {
    const body = graphError(100, 36009, { message: 'This authorization code has been used.' }).body
    expect(facebook.readTokenError({ status: 400, json: body })).toMatchObject({
      platformCode: '100/36009',
      message: 'This authorization code has been used.',
    })
    expect(facebook.readTokenError({ status: 200, json: long.body })).toBeNull()
  })
})

describe('listing Pages', () => {
  const page = (id: string, more: Record<string, unknown> = {}) => ({
    id,
    name: `Page ${id}`,
    access_token: `token-of-${id}`,
    tasks: ['ANALYZE', 'CREATE_CONTENT'],
    ...more,
  })

  it('follows cursors and never the address it is given, and leaves out Pages one cannot publish on', async () => {
    const { ctx, requests } = cannedContext(provider, {
      'me/accounts': ({ url }) =>
        new URL(url).searchParams.has('after')
          ? { body: { data: [page('4', { tasks: ['MANAGE'] })], paging: { cursors: { after: 'z' } } } }
          : {
              body: {
                data: [
                  page('1', { username: 'one' }),
                  page('2', { tasks: ['ANALYZE'] }),
                  page('3', { access_token: null }),
                ],
                paging: {
                  cursors: { after: 'x' },
                  next: 'https://elsewhere.example.org/?access_token=long-token',
                },
              },
            },
      'me/businesses': { body: { data: [] } },
    })
    expect(await listTargets(ctx, access)).toEqual([
      {
        targetId: '1',
        handle: 'one',
        displayName: 'Page 1',
        avatarUrl: null,
        profileUrl: 'https://www.example.org/1',
        kind: 'page',
        secrets: { pageToken: 'token-of-1' },
      },
      expect.objectContaining({ targetId: '4', handle: '4' }),
    ])
    expect(requests.map(({ url }) => new URL(url).host)).toEqual(Array(3).fill('graph.example.org'))
  })

  // https://github.com/getopenpost/openpost/issues/216
  it('adds Pages of portfolios, once each, and passes over a portfolio that may not be read', async () => {
    const { ctx } = cannedContext(provider, {
      'me/accounts': { body: { data: [page('1')] } },
      'me/businesses': { body: { data: [{ id: '70' }, { id: '71' }] } },
      '70/owned_pages': { body: { data: [page('1'), page('5', { tasks: undefined })] } },
      '70/client_pages': graphError(200),
      '71/owned_pages': graphError(10),
      '71/client_pages': { body: { data: [] } },
    })
    expect((await listTargets(ctx, access)).map(({ targetId }) => targetId)).toEqual(['1', '5'])
  })

  it('does not take a portfolio that cannot be asked now for one without Pages', async () => {
    const { ctx } = cannedContext(provider, {
      'me/accounts': { body: { data: [page('1')] } },
      'me/businesses': { body: { data: [{ id: '70' }] } },
      '70/owned_pages': graphError(2),
    })
    await expect(listTargets(ctx, access)).rejects.toMatchObject({ platformCode: '2' })
  })

  // https://github.com/gitroomhq/postiz-app/issues/1126
  it('reads the error of an answer without data', async () => {
    const { ctx } = cannedContext(provider, { 'me/accounts': { ...graphError(190, 458), status: 200 } })
    await expect(listTargets(ctx, access)).rejects.toMatchObject({ platformCode: '190/458' })
  })
})

describe('at the simulated platform', () => {
  let running: Awaited<ReturnType<typeof startPlatform>>
  beforeEach(async () => {
    running = await startPlatform(provider)
  })
  afterEach(() => running.close())

  const one = async () => {
    const [ada] = running.handle.world.people()
    const granted = await running.connect()
    const [target] = await running.targets(granted)
    if (!ada || !target) throw new Error('Nobody is there.')
    const check = () => verify(running.ctx, granted, target)
    return { ada, granted, target, check }
  }

  it('finds the Pages one may publish on; those of portfolios with the permission for it', async () => {
    const names = async (asked: string[]) => {
      const granted = await running.connect({}, { scopes: asked })
      return (await listTargets(running.ctx, granted)).map(({ displayName }) => displayName)
    }
    expect(await names(scopes)).toEqual(['Ada’s Bakery', 'Corner Café'])
    expect(await names([...scopes, 'business_management'])).toEqual([
      'Ada’s Bakery',
      'Corner Café',
      'Portfolio Page',
    ])
  })

  it('tells a permission that was left out; only rerequest asks for it again', async () => {
    const refusing = { scopes: ['pages_show_list', 'pages_read_engagement'] }
    expect((await running.connect(refusing)).grantedScopes).toEqual(refusing.scopes)
    expect((await running.connect()).grantedScopes).toEqual(refusing.scopes)
    const parameters = facebook.manifest.connect.oauth2.reconnectParameters
    expect((await running.connect({}, { parameters })).grantedScopes).toEqual(scopes)
  })

  it('keeps a Page beyond the life of the person’s token', async () => {
    const { granted, check } = await one()
    running.clock.advance(61 * 86_400)
    expect(await check()).toMatchObject({ status: 'active' })
    const lost: unknown = await listTargets(running.ctx, granted).catch((error: unknown) => error)
    expect(meaningOf(lost)).toEqual({ kind: 'grant_lost', status: 'expired', reason: 'token_expired' })
  })

  it('says of a Page that was not ticked the next time that it is not granted', async () => {
    const { check, target } = await one()
    const others = running.handle.world.resources('page').filter(({ id }) => id !== target.targetId)
    await running.connect({ resourceIds: others.map(({ id }) => id) })
    expect(await check()).toMatchObject({ status: 'missing_permission', reason: 'target_not_granted' })
  })

  it('names scopes that were taken back', async () => {
    const { ada, check } = await one()
    running.handle.tokens.dropScopes(ada.id, ['pages_manage_posts'])
    expect(await check()).toMatchObject({
      status: 'missing_permission',
      reason: 'scope_missing',
      missingScopes: ['pages_manage_posts'],
    })
  })

  it('says that a Page is no longer public', async () => {
    const { check, target } = await one()
    const page = running.handle.world.resource(target.targetId)
    if (!page) throw new Error('There is no Page.')
    running.handle.world.addResource({ ...page, facts: { ...page.facts, isPublished: false } })
    expect(await check()).toMatchObject({ status: 'verification_failed', reason: 'account_deactivated' })
  })

  it.each([
    ['password_changed', { kind: 'grant_lost', status: 'revoked' }],
    ['logged_out', { kind: 'grant_lost', status: 'revoked' }],
    ['checkpoint', { kind: 'account_unusable', status: 'verification_failed' }],
    ['no_page_role', { kind: 'account_unusable', status: 'missing_permission' }],
  ])('understands %s', async (condition, meaning) => {
    const { ada, check } = await one()
    running.handle.world.setCondition(ada.id, condition)
    const thrown: unknown = await check().catch((error: unknown) => error)
    expect(meaningOf(thrown)).toMatchObject(meaning)
  })

  it('understands that a Page is gone', async () => {
    const { check, target } = await one()
    running.handle.world.removeResource(target.targetId)
    const thrown: unknown = await check().catch((error: unknown) => error)
    expect(meaningOf(thrown)).toMatchObject({ kind: 'account_unusable', reason: 'target_not_granted' })
  })

  it('takes back everything of a person, and leaves others alone', async () => {
    const { granted, check } = await one()
    const [, ben] = running.handle.world.people()
    const other = await running.connect({ personId: ben?.id ?? '' })
    await revoke(running.ctx, granted)
    await revoke(running.ctx, granted)
    const thrown: unknown = await check().catch((error: unknown) => error)
    expect(meaningOf(thrown)).toMatchObject({ kind: 'grant_lost', status: 'revoked' })
    expect(await listTargets(running.ctx, other)).toHaveLength(1)
  })

  it('does not call it revoked when the token only ran out: the permissions are still there', async () => {
    const { granted } = await one()
    running.clock.advance(61 * 86_400)
    await expect(revoke(running.ctx, granted)).rejects.toMatchObject({ platformCode: '190/463' })
  })

  it('calls a wrong secret the operator’s matter', async () => {
    const { granted, target } = await one()
    const ctx = { ...running.ctx, client: { ...client, id: running.ctx.client?.id ?? '' } }
    const thrown: unknown = await verify(ctx, granted, target).catch((error: unknown) => error)
    expect(meaningOf(thrown)).toEqual({ kind: 'client_invalid' })
  })
})
