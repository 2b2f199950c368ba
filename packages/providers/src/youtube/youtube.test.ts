import { isPostMcpError, PlatformError, readTokenAnswer } from '@postmcp/core'
import { unsignedJwt } from '@postmcp/core/testing'
import { describe, expect, it } from 'vitest'
import { accessWith, apiError, cannedContext, channel, channelList, clientId } from './fixtures/context.js'
import { identify } from './identify.js'
import { youtube } from './index.js'
import { manifest } from './manifest.js'
import { scope } from './scopes.js'

const target = { targetId: 'UC_x5XG1OV2P6uZZ5FSM9Ttw', handle: 'annas-workshop', settings: {}, secrets: {} }
const granted = [scope.identity, scope.upload, scope.readonly]
const failure = (status: number, platformCode: string | null) =>
  new PlatformError({ status, platformCode, message: '' })

describe('identity', () => {
  const exchange = (answer: Record<string, string>) => ({
    tokens: { accessToken: 'ya29.access', refreshToken: '1//refresh' },
    answer,
    requestedScopes: granted,
    fields: {},
    server: null,
    redirectUri: 'https://postmcp.example.org/accounts/oauth/callback',
  })
  const good = { id_token: unsignedJwt({ sub: '110248495921238986420', aud: clientId }) }

  it.each([
    ['none', {}],
    ['one that is none', { id_token: 'a.b.c' }],
    ['one for another client', { id_token: unsignedJwt({ sub: '1', aud: 'other' }) }],
    ['one without a subject', { id_token: unsignedJwt({ aud: clientId }) }],
  ])('is not taken from %s', async (_, answer) => {
    await expect(identify(cannedContext().ctx, exchange(answer))).rejects.toMatchObject({
      name: 'MalformedResponseError',
      message: 'Google did not say whose authorization this is.',
    })
  })

  it('refuses an authorization that would end within the hour', async () => {
    const { refreshToken: _, ...tokens } = exchange(good).tokens
    await expect(identify(cannedContext().ctx, { ...exchange(good), tokens })).rejects.toMatchObject({
      code: 'authorization_failed',
      message: 'Google gave no lasting access.',
      helpUrl: 'https://myaccount.google.com/permissions',
    })
  })

  it('is the subject of the ID token, with the scopes that were granted', async () => {
    const tokens = { ...exchange(good).tokens, grantedScopes: [scope.identity, scope.readonly] }
    expect(await identify(cannedContext().ctx, { ...exchange(good), tokens })).toEqual({
      subject: '110248495921238986420',
      tokens,
      grantedScopes: [scope.identity, scope.readonly],
      settings: {},
      secrets: {},
    })
    expect(await identify(cannedContext().ctx, exchange(good))).toMatchObject({ grantedScopes: granted })
  })

  it('knows from the token answer that a project in testing ends the access after 7 days', () => {
    const answer = {
      access_token: 'ya29.access',
      expires_in: 3599,
      refresh_token: '1//refresh',
      refresh_token_expires_in: 604_799,
      scope: granted.join(' '),
      token_type: 'Bearer',
    }
    expect(readTokenAnswer(answer, new Date('2026-11-22T12:00:00Z'))).toMatchObject({
      refreshTokenExpiresAt: new Date('2026-11-29T11:59:59Z'),
      grantedScopes: granted,
    })
  })
})

describe('targets', () => {
  it.each([
    ['an empty list', { body: channelList() }],
    ['a refusal', { status: 401, body: apiError(401, 'youtubeSignupRequired') }],
  ])('by %s says that a Google account has no channel', async (_, canned) => {
    const error = await youtube
      .listTargets(cannedContext(canned).ctx, accessWith(granted))
      .catch((thrown: unknown) => thrown)
    expect(isPostMcpError(error, 'identity_not_found')).toBe(true)
    expect(error).toMatchObject({ message: 'The chosen Google account has no YouTube channel.' })
  })

  it('asks for the channels of the token and shows them as people know them', async () => {
    const plain = channel({ id: 'UCplain', snippet: { title: ' ' }, contentDetails: {}, status: {} })
    const { ctx, requests } = cannedContext({ body: channelList(channel(), plain) })
    expect(await youtube.listTargets(ctx, accessWith(granted))).toEqual([
      {
        targetId: 'UC_x5XG1OV2P6uZZ5FSM9Ttw',
        handle: 'annas-workshop',
        displayName: 'Anna’s Workshop',
        avatarUrl: 'https://yt3.ggpht.com/a=s240',
        profileUrl: 'https://web.example.org/channel/UC_x5XG1OV2P6uZZ5FSM9Ttw',
        kind: 'channel',
        settings: { uploadsPlaylistId: 'UU_x5XG1OV2P6uZZ5FSM9Ttw', longUploads: 'allowed' },
      },
      {
        targetId: 'UCplain',
        handle: 'UCplain',
        displayName: null,
        avatarUrl: null,
        profileUrl: 'https://web.example.org/channel/UCplain',
        kind: 'channel',
        settings: {},
      },
    ])
    expect(requests).toEqual([
      {
        method: 'GET',
        url: 'https://api.example.org/youtube/v3/channels?part=id%2Csnippet%2CcontentDetails%2Cstatus&mine=true&maxResults=50',
        headers: { authorization: 'Bearer ya29.access' },
      },
    ])
  })
})

describe('status', () => {
  const verify = (body: unknown, scopes: string[] = granted) =>
    youtube.verify(cannedContext({ body }).ctx, accessWith(scopes), target)

  it('is active, with what the channel looks like now', async () => {
    expect(await verify(channelList(channel()))).toMatchObject({
      status: 'active',
      reason: null,
      target: { handle: 'annas-workshop', settings: { longUploads: 'allowed' } },
    })
  })

  it('is missing permission where a box was left empty, but not where a wider scope was granted', async () => {
    expect(await verify(channelList(channel()), [scope.identity, scope.readonly])).toMatchObject({
      status: 'missing_permission',
      reason: 'scope_missing',
      missingScopes: [scope.upload],
    })
    expect(await verify(channelList(channel()), [scope.identity, scope.forceSsl])).toMatchObject({
      status: 'active',
    })
  })

  it('tells a channel that is gone from one that another consent was given for', async () => {
    expect(await verify(channelList())).toMatchObject({
      status: 'verification_failed',
      reason: 'account_not_found',
    })
    expect(await verify(channelList(channel({ id: 'UCother' })))).toMatchObject({
      status: 'missing_permission',
      reason: 'target_not_granted',
    })
  })
})

describe('an error', () => {
  const ask = (...canned: Parameters<typeof cannedContext>) =>
    youtube.listTargets(cannedContext(...canned).ctx, accessWith(granted)).catch((thrown: unknown) => thrown)

  it.each([
    ['its first reason', apiError(403, 'quotaExceeded', { status: 'PERMISSION_DENIED' }), 'quotaExceeded'],
    [
      'the reason of its details',
      {
        error: {
          code: 403,
          message: 'No.',
          status: 'PERMISSION_DENIED',
          details: [{}, { reason: 'SERVICE_DISABLED' }],
        },
      },
      'SERVICE_DISABLED',
    ],
    [
      'its status name',
      { error: { code: 401, message: 'No.', status: 'UNAUTHENTICATED' } },
      'UNAUTHENTICATED',
    ],
    ['no code', { error: { code: 403, message: 'No.' } }, null],
  ])('is known by %s', async (_, body, platformCode) => {
    expect(await ask({ status: 403, body })).toMatchObject({
      name: 'PlatformError',
      status: 403,
      platformCode,
    })
  })

  it('without a reason is passing trouble of a proxy, or no answer of YouTube', async () => {
    expect(await ask({ status: 502, body: '<html>' })).toMatchObject({ status: 502, platformCode: null })
    for (const canned of [{ status: 403, body: '<html>' }, { body: '<html>' }, { status: 302, body: '' }])
      expect(await ask(canned)).toMatchObject({ name: 'MalformedResponseError' })
  })

  it('of the daily quota ends at midnight Pacific Time, unless it says when', async () => {
    const body = apiError(403, 'quotaExceeded')
    expect(await ask({ status: 403, body })).toMatchObject({ retryAfter: new Date('2026-11-23T08:00:00Z') })
    expect(await ask({ status: 403, body, headers: { 'retry-after': '60' } })).toMatchObject({
      retryAfter: new Date('2026-11-22T12:01:00Z'),
    })
    expect(await ask({ status: 403, body: apiError(403, 'userRateLimitExceeded') })).toMatchObject({
      retryAfter: undefined,
    })
  })

  it('does not repeat the token', async () => {
    const body = { error: { code: 400, message: 'What is ya29.access?' } }
    expect(await ask({ status: 400, body })).toMatchObject({ message: 'What is [hidden]?' })
  })

  const unusable = (status: string, reason: string) => ({ kind: 'account_unusable', status, reason })
  it.each([
    [401, 'authError', { kind: 'access_token_expired' }],
    [401, 'UNAUTHENTICATED', { kind: 'access_token_expired' }],
    [401, 'somethingNew', { kind: 'access_token_expired' }],
    [401, 'youtubeSignupRequired', unusable('verification_failed', 'account_not_found')],
    [
      403,
      'insufficientPermissions',
      { ...unusable('missing_permission', 'scope_missing'), missingScopes: [scope.readonly] },
    ],
    [403, 'forbidden', unusable('missing_permission', 'authorization_rejected')],
    [403, 'authenticatedUserAccountClosed', unusable('revoked', 'account_not_found')],
    [403, 'authenticatedUserAccountSuspended', unusable('verification_failed', 'account_suspended')],
    [403, 'channelSuspended', unusable('verification_failed', 'account_suspended')],
    [403, 'accountDelegationForbidden', unusable('missing_permission', 'target_not_granted')],
    [400, 'failedPrecondition', unusable('verification_failed', 'authorization_rejected')],
    [403, 'accessNotConfigured', { kind: 'client_invalid' }],
    [403, 'quotaExceeded', { kind: 'rate_limited' }],
    [403, 'userRateLimitExceeded', { kind: 'rate_limited' }],
    [400, 'uploadLimitExceeded', { kind: 'rate_limited' }],
    [429, null, { kind: 'rate_limited' }],
    [503, 'backendError', { kind: 'unavailable' }],
    [500, null, { kind: 'unavailable' }],
    [403, 'somethingNew', { kind: 'unavailable' }],
  ])('on verify %s %s is %j', (status, code, classification) => {
    expect(youtube.classifyError(failure(status, code), 'verify')).toEqual(classification)
  })

  it.each([
    ['refresh', 400, 'invalid_grant', { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' }],
    ['refresh', 400, 'invalid_rapt', { kind: 'grant_lost', status: 'expired', reason: 'token_expired' }],
    ['refresh', 401, 'invalid_client', { kind: 'client_invalid' }],
    ['refresh', 400, 'deleted_client', { kind: 'client_invalid' }],
    ['refresh', 400, 'invalid_something', { kind: 'unavailable' }],
    ['refresh', 401, null, { kind: 'unavailable' }],
    ['callback', 400, 'invalid_grant', { kind: 'refused' }],
    ['callback', 400, 'redirect_uri_mismatch', { kind: 'client_invalid' }],
    ['callback', 403, 'somethingNew', { kind: 'refused' }],
    ['publish', 403, 'forbidden', { kind: 'refused' }],
    ['publish', 400, 'invalidTitle', { kind: 'refused' }],
    ['delete', 403, 'insufficientPermissions', { kind: 'refused' }],
  ] as const)('on %s %s %s is %j', (occasion, status, code, classification) => {
    expect(youtube.classifyError(failure(status, code), occasion)).toEqual(classification)
  })

  it('of publishing without the scope names the one for uploads', () => {
    expect(youtube.classifyError(failure(403, 'ACCESS_TOKEN_SCOPE_INSUFFICIENT'), 'publish')).toMatchObject({
      status: 'missing_permission',
      missingScopes: [scope.upload],
    })
  })

  it('of the token endpoint tells the session control of an organization from a revocation', () => {
    const body = { error: 'invalid_grant', error_description: 'reauth related error (invalid_rapt)' }
    expect(youtube.readTokenError({ json: { ...body, error_subtype: 'invalid_rapt' } })).toEqual({
      platformCode: 'invalid_rapt',
      message: 'reauth related error (invalid_rapt)',
    })
    for (const json of [body, { ...body, error_subtype: 'other' }, undefined])
      expect(youtube.readTokenError({ json })).toBeNull()
  })
})

describe('revoking', () => {
  const revoke = (...canned: Parameters<typeof cannedContext>) => {
    const { ctx, requests } = cannedContext(...canned)
    return { requests, result: youtube.revoke(ctx, accessWith(granted)) }
  }

  it('sends the refresh token and nothing of the client', async () => {
    const { requests, result } = revoke({ body: {} })
    await result
    expect(requests).toEqual([
      {
        method: 'POST',
        url: 'https://oauth.example.org/revoke',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'token=1%2F%2Frefresh',
      },
    ])
  })

  it('is done when the token is dead already', async () => {
    const body = { error: 'invalid_token', error_description: 'Token expired or revoked' }
    await expect(revoke({ status: 400, body }).result).resolves.toBeUndefined()
  })

  it('fails when Google says anything else', async () => {
    const failed = revoke({ status: 400, body: { error: 'invalid_request' } }).result
    await expect(failed).rejects.toMatchObject({ platformCode: 'invalid_request' })
    await expect(revoke({ status: 503 }).result).rejects.toMatchObject({ status: 503, platformCode: null })
    await expect(revoke({ body: '<html>' }).result).rejects.toMatchObject({ name: 'MalformedResponseError' })
  })
})

describe('the manifest', () => {
  it('asks for lasting access with a new consent and a choice of the channel', () => {
    expect(manifest.connect.oauth2.authorizationParameters).toEqual({
      access_type: 'offline',
      prompt: 'consent select_account',
      include_granted_scopes: 'true',
    })
  })

  it('tells people of the 7 days of a project in testing', () => {
    expect(manifest.connect.oauth2.instructions).toContain('7 days after each consent')
  })
})
