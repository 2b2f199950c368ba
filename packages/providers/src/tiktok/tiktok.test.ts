import { PlatformError, readTokenAnswer, readTokenError } from '@postmcp/core'
import { describe, expect, it } from 'vitest'
import {
  accessWith,
  allScopes,
  cannedContext,
  clientKey,
  creatorInfo,
  errorOf,
  now,
  openId,
  userInfo,
} from './fixtures/context.js'
import { tiktok } from './index.js'
import { manifest, scope } from './manifest.js'
import { identify } from './profile.js'

const target = { targetId: openId, handle: 'anna.workshop', settings: {}, secrets: {} }
const failure = (status: number, platformCode: string | null) =>
  new PlatformError({ status, platformCode, message: '' })

/** @see https://developers.tiktok.com/doc/oauth-user-access-token-management (2026-11-22) */
const tokenAnswer = {
  open_id: openId,
  scope: 'user.info.basic,video.publish',
  access_token: 'act.1',
  expires_in: 7200,
  refresh_token: 'rft.1',
  refresh_expires_in: 15_552_000,
  token_type: 'Bearer',
}

describe('the token answer', () => {
  const identified = (answer: Record<string, string | number>) =>
    identify(cannedContext().ctx, {
      tokens: readTokenAnswer(answer, now),
      answer,
      requestedScopes: allScopes,
      fields: {},
      server: null,
      redirectUri: 'https://postmcp.example.org/accounts/oauth/callback',
    })

  it('without an open id is none', async () => {
    const { open_id: _, ...answer } = tokenAnswer
    await expect(identified(answer)).rejects.toMatchObject({
      name: 'MalformedResponseError',
      message: 'TikTok did not say whose authorization this is.',
    })
  })

  it('names who granted, dashes and all, what is left of the scopes, and when all ends', async () => {
    expect(await identified(tokenAnswer)).toEqual({
      subject: '-000abcdefGHIJ',
      tokens: {
        accessToken: 'act.1',
        refreshToken: 'rft.1',
        accessTokenExpiresAt: new Date('2026-11-22T14:00:00Z'),
        refreshTokenExpiresAt: new Date('2027-05-21T12:00:00Z'),
        grantedScopes: [scope.basic, scope.publish],
      },
      grantedScopes: [scope.basic, scope.publish],
      settings: {},
      secrets: {},
    })
  })

  it('with status 200 may be an error, in either form', () => {
    const standard = { error: 'invalid_grant', error_description: 'It is expired.', log_id: '1' }
    expect(readTokenError(standard)).toEqual({ platformCode: 'invalid_grant', message: 'It is expired.' })
    expect(tiktok.readTokenError({ json: errorOf('internal_error', 'Oh.') })).toEqual({
      platformCode: 'internal_error',
      message: 'Oh.',
    })
    for (const json of [standard, tokenAnswer, userInfo(), undefined])
      expect(tiktok.readTokenError({ json })).toBeNull()
  })
})

describe('targets', () => {
  it('are asked for by fields that need no further scope, and have no picture that ends', async () => {
    const { ctx, requests } = cannedContext({ body: userInfo() }, { body: creatorInfo })
    expect(await tiktok.listTargets(ctx, accessWith())).toEqual([
      {
        targetId: openId,
        handle: 'anna.workshop',
        displayName: 'Anna',
        avatarUrl: null,
        profileUrl: 'https://www.example.org/@anna.workshop',
        kind: 'profile',
        settings: {
          unionId: 'u-1',
          privacyLevels: ['PUBLIC_TO_EVERYONE', 'MUTUAL_FOLLOW_FRIENDS', 'SELF_ONLY'],
          maxVideoSeconds: 300,
        },
      },
    ])
    expect(requests).toEqual([
      {
        method: 'GET',
        url: 'https://open.example.org/v2/user/info/?fields=open_id%2Cunion_id%2Cdisplay_name',
        headers: { authorization: 'Bearer act.1' },
      },
      {
        method: 'POST',
        url: 'https://open.example.org/v2/post/publish/creator_info/query/',
        headers: { authorization: 'Bearer act.1', 'content-type': 'application/json; charset=UTF-8' },
      },
    ])
  })

  it.each(['spam_risk_too_many_posts', 'reached_active_user_cap'])(
    'are listed on a day on which nothing more may be posted (%s)',
    async (code) => {
      const { ctx } = cannedContext({ body: userInfo() }, { body: errorOf(code) })
      expect(await tiktok.listTargets(ctx, accessWith())).toMatchObject([
        { targetId: openId, handle: 'Anna', profileUrl: null },
      ])
    },
  )

  it('are not asked for where scopes are missing: core says which', async () => {
    const { ctx, requests } = cannedContext()
    expect(await tiktok.listTargets(ctx, accessWith([scope.basic]))).toEqual([])
    expect(requests).toEqual([])
  })
})

describe('status', () => {
  const verify = (access = accessWith(), ...canned: Parameters<typeof cannedContext>) =>
    tiktok.verify(cannedContext(...canned).ctx, access, target)
  const user = { body: userInfo() }

  it('is active, with the name of today', async () => {
    expect(await verify(accessWith(), user, { body: creatorInfo })).toEqual({
      status: 'active',
      reason: null,
      platformCode: null,
      target: {
        handle: 'anna.workshop',
        displayName: 'Anna',
        avatarUrl: null,
        profileUrl: 'https://www.example.org/@anna.workshop',
        settings: {
          unionId: 'u-1',
          privacyLevels: ['PUBLIC_TO_EVERYONE', 'MUTUAL_FOLLOW_FRIENDS', 'SELF_ONLY'],
          maxVideoSeconds: 300,
        },
      },
    })
  })

  it.each([
    'spam_risk_too_many_posts',
    'spam_risk_too_many_pending_share',
    'reached_active_user_cap',
    'unaudited_client_can_only_post_to_private_accounts',
  ])('is active although today %s, and leaves the handle alone', async (code) => {
    const found = await verify(accessWith(), user, { body: errorOf(code) })
    expect(found).toMatchObject({ status: 'active' })
    expect(found.target).not.toHaveProperty('handle')
  })

  it.each([
    ['by what was granted', [scope.basic], [], null, [scope.publish, scope.upload]],
    ['without asking', [scope.publish, scope.upload], [], null, [scope.basic]],
    [
      'by what the platform says',
      allScopes,
      [{ status: 401, body: errorOf('scope_not_authorized') }],
      'scope_not_authorized',
      [scope.publish],
    ],
  ])('is missing permission, %s', async (_, scopes, more, platformCode, missing) => {
    expect(await verify(accessWith(scopes), user, ...more)).toMatchObject({
      status: 'missing_permission',
      reason: 'scope_missing',
      platformCode,
      missingScopes: missing,
    })
  })

  it('is not that of another account', async () => {
    const other = { body: userInfo({ open_id: '-000other' }) }
    expect(await verify(accessWith(), other)).toMatchObject({ reason: 'target_not_granted' })
  })

  it('of somebody who may not post at all is thrown as the platform words it', async () => {
    const banned = { body: errorOf('spam_risk_user_banned_from_posting', 'Banned.') }
    await expect(verify(accessWith(), user, banned)).rejects.toMatchObject({
      status: 200,
      platformCode: 'spam_risk_user_banned_from_posting',
      requestId: '20261122120000ABCDEF',
      message: 'Banned.',
    })
  })
})

describe('an error', () => {
  const ask = (...canned: Parameters<typeof cannedContext>) =>
    tiktok.listTargets(cannedContext(...canned).ctx, accessWith()).catch((thrown: unknown) => thrown)

  it('with status 200 is an error', async () => {
    expect(await ask({ body: errorOf('access_token_invalid') })).toMatchObject({
      name: 'PlatformError',
      status: 200,
      platformCode: 'access_token_invalid',
    })
  })

  it('of too many calls ends with the minute, unless it says when', async () => {
    const limited = { status: 429, body: errorOf('rate_limit_exceeded') }
    expect(await ask(limited)).toMatchObject({ retryAfter: new Date('2026-11-22T12:01:00Z') })
    expect(await ask({ ...limited, headers: { 'retry-after': '5' } })).toMatchObject({
      retryAfter: new Date('2026-11-22T12:00:05Z'),
    })
    expect(await ask({ status: 500, body: errorOf('internal_error') })).toMatchObject({
      retryAfter: undefined,
    })
  })

  it('without an envelope is passing trouble of a proxy, or no answer of TikTok', async () => {
    expect(await ask({ status: 502, body: '<html>' })).toMatchObject({ status: 502, platformCode: null })
    for (const canned of [
      { status: 403, body: '<html>' },
      { body: '<html>' },
      { body: userInfo({ open_id: 1 }) },
    ])
      expect(await ask(canned)).toMatchObject({ name: 'MalformedResponseError' })
  })

  it('does not repeat the token', async () => {
    const told = await ask({ status: 400, body: errorOf('invalid_params', 'What is act.1?') })
    expect(told).toMatchObject({ message: 'What is [hidden]?' })
  })

  const scopeMissing = {
    kind: 'account_unusable',
    status: 'missing_permission',
    reason: 'scope_missing',
  } as const
  it.each([
    ['verify', 401, 'access_token_invalid', { kind: 'access_token_expired' }],
    ['verify', 401, 'something_new', { kind: 'access_token_expired' }],
    ['verify', 401, 'scope_not_authorized', { ...scopeMissing, missingScopes: [scope.basic] }],
    ['publish', 400, 'scope_permission_missed', { ...scopeMissing, missingScopes: [scope.publish] }],
    [
      'verify',
      200,
      'spam_risk_user_banned_from_posting',
      { kind: 'account_unusable', status: 'verification_failed', reason: 'account_suspended' },
    ],
    ['verify', 429, 'rate_limit_exceeded', { kind: 'rate_limited' }],
    ['verify', 500, 'internal_error', { kind: 'unavailable' }],
    ['verify', 400, 'something_new', { kind: 'unavailable' }],
    ['publish', 200, 'reached_active_user_cap', { kind: 'rate_limited' }],
    ['publish', 200, 'spam_risk_too_many_posts', { kind: 'rate_limited' }],
    ['publish', 403, 'unaudited_client_can_only_post_to_private_accounts', { kind: 'client_invalid' }],
    ['publish', 200, 'auth_removed', { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' }],
    ['publish', 400, 'invalid_params', { kind: 'refused' }],
    ['refresh', 200, 'invalid_grant', { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' }],
    ['refresh', 200, 'invalid_client', { kind: 'client_invalid' }],
    ['refresh', 200, 'something_new', { kind: 'unavailable' }],
    ['refresh', 401, null, { kind: 'unavailable' }],
    ['callback', 200, 'invalid_grant', { kind: 'refused' }],
    ['callback', 200, 'invalid_scope', { kind: 'client_invalid' }],
    ['callback', 200, 'unauthorized_client', { kind: 'client_invalid' }],
  ] as const)('on %s %s %s is %j', (occasion, status, code, classification) => {
    expect(tiktok.classifyError(failure(status, code), occasion)).toEqual(classification)
  })
})

describe('revoking', () => {
  const ended = { accessTokenExpiresAt: now }
  const revoke = (access = accessWith(), ...canned: Parameters<typeof cannedContext>) => {
    const { ctx, requests } = cannedContext(...canned)
    return { requests, result: tiktok.revoke(ctx, access) }
  }
  const client = `client_key=${clientKey}&client_secret=new-secret`

  it('sends the access token', async () => {
    const { requests, result } = revoke(accessWith(), { body: '' })
    await result
    expect(requests).toMatchObject([
      {
        method: 'POST',
        url: 'https://open.example.org/v2/oauth/revoke/',
        body: `${client}&token=act.1`,
      },
    ])
  })

  it('renews an access token that has ended, for it takes a living one', async () => {
    const renewed = { body: { ...tokenAnswer, access_token: 'act.2' } }
    const { requests, result } = revoke(accessWith(allScopes, ended), renewed, {})
    await result
    expect(requests).toMatchObject([
      {
        url: 'https://open.example.org/v2/oauth/token/',
        body: `${client}&grant_type=refresh_token&refresh_token=rft.1`,
      },
      { url: 'https://open.example.org/v2/oauth/revoke/', body: `${client}&token=act.2` },
    ])
  })

  it('is done when the token is dead already, whatever the status', async () => {
    const dead = { body: { error: 'invalid_grant', error_description: '', log_id: '1' } }
    await expect(revoke(accessWith(), dead).result).resolves.toBeUndefined()
    await expect(revoke(accessWith(allScopes, ended), dead).result).resolves.toBeUndefined()
    const other = { status: 401, body: errorOf('access_token_invalid') }
    await expect(revoke(accessWith(), other).result).resolves.toBeUndefined()
  })

  it('fails when TikTok says anything else', async () => {
    const refused = { body: { error: 'invalid_client', error_description: '', log_id: '1' } }
    await expect(revoke(accessWith(), refused).result).rejects.toMatchObject({
      platformCode: 'invalid_client',
    })
    await expect(revoke(accessWith(), { status: 503 }).result).rejects.toMatchObject({ status: 503 })
    await expect(revoke(accessWith(), { body: '<html>' }).result).rejects.toMatchObject({
      name: 'MalformedResponseError',
    })
  })
})

describe('the manifest', () => {
  it('has the names of TikTok’s own, and asks anew on a reconnect', () => {
    const { oauth2 } = manifest.connect
    expect(oauth2).toMatchObject({
      parameterNames: { clientId: 'client_key' },
      scopeSeparator: ',',
      pkce: 'none',
      redirect: 'https_only',
      reconnectParameters: { disable_auto_auth: '1' },
    })
  })
})
