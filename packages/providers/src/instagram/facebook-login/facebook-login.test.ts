import { onWay, type Provider } from '@postmcp/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cannedContext, graphError } from '../../meta/fixtures/context.js'
import { startPlatform } from '../../meta/fixtures/sandbox.js'
import { instagram } from '../index.js'
import { listTargets } from './accounts.js'
import { verify } from './verify.js'

const declared: Provider = instagram
const provider = onWay(declared, 'facebook_login')
const meaningOf = (thrown: unknown) =>
  provider.classifyError(thrown as Parameters<Provider['classifyError']>[0], 'verify')
const scopes = ['instagram_basic', 'instagram_content_publish', 'pages_show_list', 'pages_read_engagement']

describe('the accounts of a person', () => {
  const access = {
    authMethod: 'oauth2' as const,
    way: 'facebook_login',
    subject: '1',
    grantedScopes: scopes,
    settings: {},
    tokens: { accessToken: 'the-person-token' },
  }
  const pageWith = (more: object) => ({
    id: '555',
    tasks: ['MANAGE'],
    access_token: 'the-page-token',
    ...more,
  })
  const listed = (...data: object[]) => ({ 'me/accounts': { body: { data } } })

  it('are those that are linked to their Pages, each with the token of its Page', async () => {
    const account = { id: '17840000000000001', username: 'adas.bakery' }
    const { ctx, requests } = cannedContext(
      provider,
      listed(pageWith({ instagram_business_account: account }), pageWith({ id: '556' })),
    )
    expect(await listTargets(ctx, access)).toEqual([
      {
        targetId: '17840000000000001',
        handle: 'adas.bakery',
        displayName: null,
        avatarUrl: null,
        profileUrl: 'https://www.example.org/adas.bakery/',
        kind: 'account',
        settings: { pageId: '555' },
        secrets: { pageToken: 'the-page-token' },
      },
    ])
    const asked = new URL(requests[0]?.url ?? '')
    expect(asked.origin).toBe('https://facebookGraph.example.org'.toLowerCase())
    expect(asked.searchParams.get('appsecret_proof')).toMatch(/^[0-9a-f]{64}$/)
  })

  it.each([
    ['no Page that was chosen', listed(), 'No Page was chosen'],
    ['no account at any of the Pages', listed(pageWith({})), 'None of the Pages that were chosen'],
  ])('are missing with words of their own for %s', async (_, answers, words) => {
    const { ctx } = cannedContext(provider, answers)
    await expect(listTargets(ctx, access)).rejects.toMatchObject({
      code: 'identity_not_found',
      message: expect.stringContaining(words),
    })
  })

  it('are not even asked for when a permission is missing, which is said elsewhere', async () => {
    const { ctx, requests } = cannedContext(provider, {})
    expect(await listTargets(ctx, { ...access, grantedScopes: ['pages_show_list'] })).toEqual([])
    expect(requests).toEqual([])
  })

  it('are not gone because the platform is not well', async () => {
    const { ctx } = cannedContext(provider, { 'me/accounts': graphError(2) })
    await expect(listTargets(ctx, access)).rejects.toMatchObject({ platformCode: '2' })
  })
})

describe('at the simulated platform', () => {
  let running: Awaited<ReturnType<typeof startPlatform>>
  beforeEach(async () => {
    running = await startPlatform(declared, 'facebook_login')
  })
  afterEach(() => running.close())

  const connected = async (...consented: Parameters<typeof running.connect>) => {
    const [ada] = running.handle.world.people()
    const granted = await running.connect(...consented)
    const targets = await running.targets(granted)
    const [target] = targets
    if (!ada || !target) throw new Error('Nobody is there.')
    return { ada, granted, targets, target, check: () => verify(running.ctx, granted, target) }
  }
  const pageNamed = (name: string) => {
    const page = running.handle.world.resources('page').find((one) => one.name === name)
    if (!page) throw new Error(`There is no Page ${name}.`)
    return page
  }

  it('one consent brings all accounts of the Pages one may publish on', async () => {
    const { ada, granted, targets } = await connected()
    expect(granted).toMatchObject({ subject: ada.id, way: 'facebook_login' })
    expect(granted.tokens.accessTokenExpiresAt).toBeUndefined()
    expect(targets.map(({ handle }) => handle)).toEqual(['adas.bakery', 'corner.cafe'])
    expect(new Set(targets.map(({ secrets }) => secrets.pageToken)).size).toBe(2)
    expect(targets.map(({ targetId }) => targetId)).not.toContain(ada.id)
  })

  it('those of portfolios come with the permission for it', async () => {
    const { targets } = await connected({}, { scopes: [...scopes, 'business_management'] })
    expect(targets.map(({ handle }) => handle)).toContain('portfolio.page')
  })

  it('only Pages that were ticked bring their accounts', async () => {
    const { targets } = await connected({ resourceIds: [pageNamed('Corner Café').id] })
    expect(targets.map(({ handle }) => handle)).toEqual(['corner.cafe'])
  })

  it('accounts work on without end, after the token of the person has ended', async () => {
    const { granted, check } = await connected()
    running.clock.advance(400 * 86_400)
    await expect(listTargets(running.ctx, granted)).rejects.toMatchObject({ platformCode: '190/463' })
    expect(await check()).toMatchObject({ status: 'active', target: { handle: 'adas.bakery' } })
  })

  it('finds a permission that was taken back, and says which', async () => {
    const { ada, check } = await connected()
    running.handle.tokens.dropScopes(ada.id, ['instagram_content_publish'])
    expect(await check()).toMatchObject({
      status: 'missing_permission',
      reason: 'scope_missing',
      missingScopes: ['instagram_content_publish'],
    })
  })

  it('finds an account whose Page is no longer ticked', async () => {
    const { ada, check } = await connected()
    running.handle.tokens.dropResource(ada.id, pageNamed('Ada’s Bakery').id)
    expect(await check()).toMatchObject({ status: 'missing_permission', reason: 'target_not_granted' })
  })

  it('without a token of its Page an account is not granted', async () => {
    const { granted, target } = await connected()
    expect(await verify(running.ctx, granted, { ...target, secrets: {} })).toMatchObject({
      status: 'missing_permission',
      reason: 'target_not_granted',
    })
  })

  it.each([
    ['restricted', { kind: 'account_unusable', status: 'verification_failed', reason: 'account_suspended' }],
    ['personal', { kind: 'account_unusable', status: 'missing_permission', reason: 'target_not_granted' }],
    [
      'no_page_role',
      { kind: 'account_unusable', status: 'missing_permission', reason: 'target_not_granted' },
    ],
    ['password_changed', { kind: 'grant_lost', status: 'revoked' }],
  ])('understands %s', async (condition, meaning) => {
    const { ada, check } = await connected()
    running.handle.world.setCondition(ada.id, condition)
    expect(meaningOf(await check().catch((error: unknown) => error))).toMatchObject(meaning)
  })

  it('a revocation ends everything the person granted to this application, and nothing of Instagram Login', async () => {
    const other = running.handle.tokens.issue({
      clientId: running.handle.app?.clientId ?? '',
      personId: running.handle.world.people()[0]?.id ?? '',
      scopes: ['instagram_business_basic'],
    })
    const { granted, check } = await connected()
    await provider.revoke?.(running.ctx, granted)
    await provider.revoke?.(running.ctx, granted)
    expect(meaningOf(await check().catch((error: unknown) => error))).toMatchObject({ kind: 'grant_lost' })
    expect(running.handle.tokens.inspect(other.accessToken).state).toBe('valid')
  })

  it('knows neither the application nor the tokens of Instagram Login', async () => {
    const first = await startPlatform(declared)
    try {
      const { tokens } = await first.connect()
      const { handle } = first
      const asked = new URL(`${handle.endpoints.facebookGraph}/v26.0/me`)
      asked.searchParams.set('access_token', tokens.accessToken)
      expect(await (await fetch(asked)).json()).toMatchObject({ error: { code: 190 } })
      const dialog = new URL(`${handle.endpoints.facebook}/v26.0/dialog/oauth`)
      for (const [name, value] of Object.entries({
        client_id: handle.app?.clientId ?? '',
        response_type: 'code',
        scope: 'instagram_basic',
        redirect_uri: 'http://127.0.0.1:4477/accounts/oauth/callback',
      }))
        dialog.searchParams.set(name, value)
      expect(await (await fetch(dialog)).text()).toContain('Invalid App ID')
    } finally {
      await first.close()
    }
  })
})
