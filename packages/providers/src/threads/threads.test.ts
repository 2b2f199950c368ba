import type { CodeExchange, GrantAccess, Provider } from '@postmcp/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cannedContext, graphError, now } from '../meta/fixtures/context.js'
import { startPlatform } from '../meta/fixtures/sandbox.js'
import { threads } from './index.js'

const provider: Provider = threads
const { identify, listTargets, verify, refresh, classifyError } = threads
const scopes = ['threads_basic', 'threads_content_publish']
const meaningOf = (thrown: unknown) => classifyError(thrown as Parameters<typeof classifyError>[0], 'verify')

const exchange: CodeExchange = {
  tokens: { accessToken: 'short-token' },
  // As the HTTP client reads a number above 2^53.
  answer: { access_token: 'short-token', user_id: '17841405793187218' },
  requestedScopes: scopes,
  fields: {},
  server: null,
  redirectUri: 'https://postmcp.example.org/accounts/oauth/callback',
}
const long = { body: { access_token: 'long-token', token_type: 'bearer', expires_in: 5_183_944 } }
const inspected = (more: Record<string, unknown> = {}) => ({
  body: { data: { is_valid: true, scopes, expires_at: 1_800_000_000, ...more } },
})
const access: GrantAccess = {
  authMethod: 'oauth2',
  subject: '17841405793187218',
  grantedScopes: scopes,
  settings: {},
  tokens: { accessToken: 'long-token' },
}
const target = { targetId: '17841405793187218', handle: 'ada', settings: {}, secrets: {} }

describe('connecting', () => {
  it('changes the token of an hour for one of 60 days, then asks for its scopes and its profile', async () => {
    const { ctx, requests } = cannedContext(provider, {
      access_token: long,
      debug_token: inspected(),
      'v1.0/me': { body: { id: '17841405793187218' } },
    })
    expect(await identify(ctx, exchange)).toEqual({
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
    expect(Object.fromEntries(new URL(requests[0]?.url ?? '').searchParams)).toEqual({
      grant_type: 'th_exchange_token',
      client_secret: 'the-app-secret',
      access_token: 'short-token',
    })
  })

  // https://github.com/huginn/huginn/issues/3667
  it('does not keep the token of an hour when it cannot be changed', async () => {
    const { ctx, requests } = cannedContext(provider, { access_token: graphError(1) })
    await expect(identify(ctx, exchange)).rejects.toMatchObject({ platformCode: '1' })
    expect(requests).toHaveLength(1)
  })
})

describe('a profile', () => {
  // https://github.com/trypostit/trypost/issues/230
  it('is not asked for with a token that has ended, for it would "not exist"', async () => {
    const { ctx, requests } = cannedContext(provider, {
      debug_token: inspected({ is_valid: false, expires_at: 1_700_000_000 }),
      'v1.0/me': graphError(24),
    })
    const thrown: unknown = await verify(ctx, access, target).catch((error: unknown) => error)
    expect(meaningOf(thrown)).toEqual({ kind: 'grant_lost', status: 'expired', reason: 'token_expired' })
    expect(requests).toHaveLength(1)
  })

  it('that does not exist although the token is good says nothing', async () => {
    const { ctx } = cannedContext(provider, { debug_token: inspected(), 'v1.0/me': graphError(24) })
    const thrown: unknown = await verify(ctx, access, target).catch((error: unknown) => error)
    expect(meaningOf(thrown)).toEqual({ kind: 'unavailable' })
  })

  it('of a token that is void before its end was revoked', async () => {
    const { ctx } = cannedContext(provider, {
      debug_token: inspected({ is_valid: false, scopes: null }),
      'v1.0/me': graphError(24),
    })
    const thrown: unknown = await verify(ctx, access, target).catch((error: unknown) => error)
    expect(meaningOf(thrown)).toEqual({ kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' })
  })

  it('is asked about with the token of the app, then with its own, and does without an answer', async () => {
    const { ctx, requests } = cannedContext(provider, {
      debug_token: graphError(10),
      'v1.0/me': { body: { id: target.targetId, username: 'ada' } },
      threads_publishing_limit: graphError(10),
    })
    expect(await verify(ctx, access, target)).toMatchObject({
      target: { handle: 'ada' },
      status: 'missing_permission',
      missingScopes: ['threads_content_publish'],
    })
    const shown = requests.slice(0, 2).map(({ url }) => new URL(url).searchParams.get('access_token'))
    expect(shown).toEqual(['TH|1234567890123456|the-app-secret', 'long-token'])
  })

  it('is not taken for unknown when the platform cannot answer now', async () => {
    const { ctx, requests } = cannedContext(provider, { debug_token: graphError(2) })
    await expect(verify(ctx, access, target)).rejects.toMatchObject({ platformCode: '2' })
    expect(requests).toHaveLength(1)
  })

  it('whose own token is refused as ended is lost', async () => {
    const { ctx } = cannedContext(provider, { debug_token: graphError(190, 463) })
    const thrown: unknown = await verify(ctx, access, target).catch((error: unknown) => error)
    expect(meaningOf(thrown)).toEqual({ kind: 'grant_lost', status: 'expired', reason: 'token_expired' })
  })

  it('of somebody else is no answer', async () => {
    const { ctx } = cannedContext(provider, {
      debug_token: inspected(),
      'v1.0/me': { body: { id: '1', username: 'eve' } },
    })
    await expect(verify(ctx, access, target)).rejects.toMatchObject({ name: 'MalformedResponseError' })
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
    const [found] = await running.targets(granted)
    if (!ada || !found) throw new Error('Nobody is there.')
    const check = (other: GrantAccess = granted) => verify(running.ctx, other, found)
    return { ada, granted, check }
  }

  it('knows the profile by all digits of its id, and what was granted', async () => {
    const { ada, granted } = await one(
      { scopes: ['threads_content_publish'] },
      { scopes: [...scopes, 'threads_delete'] },
    )
    expect(granted.subject).toBe(ada.id)
    expect(granted.grantedScopes).toEqual(scopes)
    expect(await listTargets(running.ctx, granted)).toEqual([
      {
        targetId: ada.id,
        handle: 'ada.sandbox',
        displayName: 'Ada Sandbox',
        avatarUrl: expect.stringContaining(ada.id),
        profileUrl: expect.stringMatching(/\/@ada\.sandbox$/),
        kind: 'profile',
      },
    ])
  })

  it('extends the token from its second day on', async () => {
    const { granted, check } = await one()
    expect(await refresh(running.ctx, granted)).toBe(granted.tokens)
    running.clock.advance(2 * 86_400)
    const tokens = await refresh(running.ctx, granted)
    running.clock.advance(58 * 86_400 + 3600)
    expect(await check({ ...granted, tokens })).toMatchObject({ status: 'active' })
    const thrown: unknown = await refresh(running.ctx, granted).catch((error: unknown) => error)
    expect(meaningOf(thrown)).toEqual({ kind: 'grant_lost', status: 'expired', reason: 'token_expired' })
  })

  it('names a permission that was taken back', async () => {
    const { ada, check } = await one()
    running.handle.tokens.dropScopes(ada.id, ['threads_content_publish'])
    expect(await check()).toMatchObject({
      status: 'missing_permission',
      reason: 'scope_missing',
      missingScopes: ['threads_content_publish'],
    })
  })

  it.each([
    ['restricted', { kind: 'account_unusable', status: 'verification_failed', reason: 'account_suspended' }],
    ['vanished', { kind: 'unavailable' }],
    ['password_changed', { kind: 'grant_lost', status: 'revoked' }],
    ['checkpoint', { kind: 'account_unusable', status: 'verification_failed' }],
  ])('understands %s', async (condition, meaning) => {
    const { ada, check } = await one()
    running.handle.world.setCondition(ada.id, condition)
    const thrown: unknown = await check().catch((error: unknown) => error)
    expect(meaningOf(thrown)).toMatchObject(meaning)
  })
})
