import type { CodeExchange, GrantAccess, Provider } from '@postmcp/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cannedContext, graphError, now } from '../meta/fixtures/context.js'
import { startPlatform } from '../meta/fixtures/sandbox.js'
import { instagram } from './index.js'

const provider: Provider = instagram
const { identify, listTargets, verify, refresh, readTokenAnswer, readTokenError, classifyError } = instagram
const scopes = ['instagram_business_basic', 'instagram_business_content_publish']
const meaningOf = (thrown: unknown) => classifyError(thrown as Parameters<typeof classifyError>[0], 'verify')

const item = { access_token: 'short-token', user_id: '17841405793187218', permissions: scopes.join(',') }

describe('the answer to a code', () => {
  it.each([
    ['flat', item],
    ['in a list', { data: [item] }],
    ['with permissions as a list', { ...item, permissions: scopes }],
  ])('is understood %s', (_, answer) => {
    expect(readTokenAnswer(answer)).toEqual({ accessToken: 'short-token', grantedScopes: scopes })
  })

  it.each([{}, { data: [] }, { access_token: 'short-token' }])('is none in %j', (answer) => {
    expect(() => readTokenAnswer(answer)).toThrow('without a token and a user')
  })

  it('may be an error in a form of its own', () => {
    const json = { error_type: 'OAuthException', code: 400, error_message: 'Invalid platform app' }
    expect(readTokenError({ json })).toEqual({ platformCode: '400', message: 'Invalid platform app' })
    expect(readTokenError({ json: graphError(190).body })).toMatchObject({ platformCode: '190' })
    expect(readTokenError({ json: item })).toBeNull()
  })
})

describe('connecting', () => {
  const exchangeOf = (answer: CodeExchange['answer']): CodeExchange => ({
    tokens: readTokenAnswer(answer),
    answer,
    requestedScopes: ['instagram_business_basic'],
    fields: {},
    server: null,
    redirectUri: 'https://postmcp.example.org/accounts/oauth/callback',
  })
  const long = { body: { access_token: 'long-token', token_type: 'bearer', expires_in: 5_183_944 } }

  it('changes the token of an hour for one of 60 days, and keeps all digits of who granted', async () => {
    const { ctx, requests } = cannedContext(provider, { access_token: long })
    expect(await identify(ctx, exchangeOf({ data: [item] }))).toEqual({
      subject: '17841405793187218',
      tokens: {
        accessToken: 'long-token',
        accessTokenExpiresAt: new Date(now.getTime() + 5_183_944_000),
        grantedScopes: scopes,
      },
      grantedScopes: scopes,
      settings: {},
      secrets: {},
    })
    expect(requests).toHaveLength(1)
    const asked = new URL(requests[0]?.url ?? '')
    expect(`${asked.host}${asked.pathname}`).toBe('graph.example.org/access_token')
    expect(Object.fromEntries(asked.searchParams)).toEqual({
      grant_type: 'ig_exchange_token',
      client_secret: 'the-app-secret',
      access_token: 'short-token',
    })
  })

  it('takes what was asked for granted where the answer does not say', async () => {
    const { ctx } = cannedContext(provider, { access_token: long })
    const { permissions: _, ...silent } = item
    expect((await identify(ctx, exchangeOf(silent))).grantedScopes).toEqual(['instagram_business_basic'])
  })

  it('does not go on with the token of an hour when it cannot be changed', async () => {
    const { ctx } = cannedContext(provider, { access_token: graphError(2) })
    await expect(identify(ctx, exchangeOf(item))).rejects.toMatchObject({ platformCode: '2' })
  })
})

describe('at the simulated platform', () => {
  let running: Awaited<ReturnType<typeof startPlatform>>
  beforeEach(async () => {
    running = await startPlatform(provider)
  })
  afterEach(() => running.close())

  const one = async (...consented: Parameters<typeof running.connect>) => {
    const [ada] = running.handle.world.people()
    const granted = await running.connect(...consented)
    const [target] = await running.targets(granted)
    if (!ada || !target) throw new Error('Nobody is there.')
    const check = (access: GrantAccess = granted) => verify(running.ctx, access, target)
    return { ada, granted, target, check }
  }

  it('sends people back with a code that nothing hangs on', async () => {
    const back = await running.consent()
    expect(back).toMatch(/#_$/)
    expect((await running.exchange(new URL(back).searchParams.get('code') ?? '')).status).toBe(200)
  })

  it('lists the one account by the id that is used to publish', async () => {
    const { ada, granted } = await one()
    expect(granted.subject).toBe(ada.id)
    expect(Number.isSafeInteger(Number(ada.id))).toBe(false)
    expect(await listTargets(running.ctx, granted)).toEqual([
      {
        targetId: ada.id,
        handle: 'ada.sandbox',
        displayName: 'Ada Sandbox',
        avatarUrl: expect.stringContaining(ada.id),
        profileUrl: expect.stringMatching(/\/ada\.sandbox\/$/),
        kind: 'account',
      },
    ])
  })

  it('extends the token from its second day on, and the old one is no longer needed', async () => {
    const { granted, check } = await one()
    expect(await refresh(running.ctx, granted)).toBe(granted.tokens)
    running.clock.advance(2 * 86_400)
    const tokens = await refresh(running.ctx, granted)
    expect(tokens.accessToken).not.toBe(granted.tokens.accessToken)
    running.clock.advance(58 * 86_400 + 3600)
    expect(await check({ ...granted, tokens })).toMatchObject({ status: 'active' })
    const thrown: unknown = await refresh(running.ctx, granted).catch((error: unknown) => error)
    expect(meaningOf(thrown)).toEqual({ kind: 'grant_lost', status: 'expired', reason: 'token_expired' })
  })

  it('notices on the first day too that access was taken away', async () => {
    const { ada, granted } = await one()
    running.handle.tokens.revokePerson(ada.id)
    const thrown: unknown = await refresh(running.ctx, granted).catch((error: unknown) => error)
    expect(meaningOf(thrown)).toEqual({ kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' })
  })

  it('finds the permission to publish missing, and says which', async () => {
    const { check, granted } = await one({ scopes: ['instagram_business_basic'] })
    expect(granted.grantedScopes).toEqual(['instagram_business_basic'])
    expect(await check()).toMatchObject({
      target: { handle: 'ada.sandbox' },
      status: 'missing_permission',
      reason: 'scope_missing',
      missingScopes: ['instagram_business_content_publish'],
    })
  })

  it('finds an account that is no longer a professional one', async () => {
    const { ada, check } = await one()
    running.handle.world.setCondition(ada.id, 'personal')
    expect(await check()).toMatchObject({ status: 'verification_failed', reason: 'authorization_rejected' })
  })

  it.each([
    ['restricted', { kind: 'account_unusable', status: 'verification_failed', reason: 'account_suspended' }],
    ['checkpoint', { kind: 'account_unusable', status: 'verification_failed' }],
    ['password_changed', { kind: 'grant_lost', status: 'revoked' }],
  ])('understands %s', async (condition, meaning) => {
    const { ada, check } = await one()
    running.handle.world.setCondition(ada.id, condition)
    const thrown: unknown = await check().catch((error: unknown) => error)
    expect(meaningOf(thrown)).toMatchObject(meaning)
  })
})
