import { type Occasion, PlatformError } from '@postmcp/core'
import { describe, expect, it } from 'vitest'
import { classifyError } from './errors.js'
import { access, type Canned, cannedContext, now, scopes, tokens } from './fixtures/context.js'
import { refresh, revoke } from './oauth.js'
import { identify, listTargets, verify } from './profile.js'

const me = '/2/users/me'
const token = '/2/oauth2/token'
const ada: Canned = {
  body: {
    data: {
      id: '900000000000000001',
      name: 'Ada',
      username: 'ada',
      profile_image_url: 'https://pbs.example.org/ada.jpg',
      protected: true,
      verified_type: 'blue',
      subscription_type: 'Premium',
    },
  },
}
const problem = (
  status: number,
  type: string,
  detail: string,
  more: Record<string, unknown> = {},
): Canned => ({
  status,
  body: { title: 'Title', type, detail, ...more },
})
const failureOf = async (hook: Promise<unknown>): Promise<PlatformError> => {
  const error: unknown = await hook.catch((thrown: unknown) => thrown)
  if (!(error instanceof PlatformError)) throw new Error('The hook should have failed at the platform.')
  return error
}

describe('who granted', () => {
  const exchange = (more: Partial<typeof tokens> = {}) => ({
    tokens: { ...tokens, ...more },
    answer: {},
    requestedScopes: scopes,
    fields: {},
    server: null,
    redirectUri: 'https://postmcp.example.org/accounts/oauth/callback',
  })

  it('is the id, as text', async () => {
    const { ctx, requests } = cannedContext({ [me]: ada })
    expect(await identify(ctx, exchange())).toEqual({
      subject: '900000000000000001',
      tokens,
      grantedScopes: scopes,
      settings: {},
      secrets: {},
    })
    expect(requests[0]).toMatchObject({
      method: 'GET',
      headers: { authorization: 'Bearer access-token-1' },
    })
    expect(new URL(requests[0]?.url ?? '').searchParams.get('user.fields')).toContain('subscription_type')
  })

  it('may have granted less than was asked for', async () => {
    const { ctx } = cannedContext({ [me]: ada })
    const { grantedScopes } = await identify(ctx, exchange({ grantedScopes: ['tweet.read', 'users.read'] }))
    expect(grantedScopes).toEqual(['tweet.read', 'users.read'])
  })
})

describe('the account', () => {
  it('is listed with what decides about the length and the audience of posts', async () => {
    const { ctx } = cannedContext({ [me]: ada })
    expect(await listTargets(ctx, access())).toEqual([
      {
        targetId: '900000000000000001',
        handle: 'ada',
        displayName: 'Ada',
        avatarUrl: 'https://pbs.example.org/ada.jpg',
        profileUrl: 'https://x.example/ada',
        settings: { protected: true, verifiedType: 'blue', subscriptionType: 'Premium' },
      },
    ])
  })

  it('is active although the answer holds errors beside the data', async () => {
    const errors = [{ title: 'Not Found Error', type: 'https://api.x.com/2/problems/resource-not-found' }]
    const { ctx } = cannedContext({ [me]: { body: { ...(ada.body as object), errors } } })
    expect(await verify(ctx, access())).toMatchObject({ status: 'active', target: { handle: 'ada' } })
  })

  it('lacks what was not granted, without being asked', async () => {
    const { ctx, requests } = cannedContext({})
    const grantedScopes = scopes.filter((scope) => scope !== 'media.write')
    expect(await verify(ctx, access({ grantedScopes }))).toMatchObject({
      status: 'missing_permission',
      missingScopes: ['media.write'],
    })
    expect(requests).toEqual([])
  })

  it('is not taken for another one', async () => {
    const { ctx } = cannedContext({ [me]: ada })
    await expect(verify(ctx, access({ subject: '1' }))).rejects.toMatchObject({
      name: 'MalformedResponseError',
    })
  })
})

describe('an error', () => {
  const meet = async (answer: Canned, occasion: Occasion = 'verify') => {
    const { ctx } = cannedContext({ [me]: answer })
    return classifyError(await failureOf(verify(ctx, access())), occasion)
  }

  it('of an access token asks for a refresh, whatever is wrong with the token', async () => {
    expect(await meet(problem(401, 'about:blank', 'Unauthorized'))).toEqual({ kind: 'access_token_expired' })
    const older = { status: 401, body: { errors: [{ code: 89, message: 'Invalid or expired token.' }] } }
    expect(await meet(older)).toEqual({ kind: 'access_token_expired' })
  })

  it.each(['https://api.x.com', 'https://api.twitter.com'])(
    'goes by the end of its type, on %s',
    async (host) => {
      const enrolled = problem(403, `${host}/2/problems/client-forbidden`, 'no', {
        reason: 'client-not-enrolled',
      })
      expect(await meet(enrolled)).toEqual({ kind: 'client_invalid' })
      expect(await meet(problem(403, `${host}/2/problems/not-authorized-for-resource`, 'no'))).toMatchObject({
        kind: 'account_unusable',
        status: 'missing_permission',
      })
    },
  )

  it.each([
    ['account_suspended', 'Your account is suspended and is not permitted to access this feature.'],
    ['authorization_rejected', 'This account is temporarily locked.'],
    ['authorization_rejected', 'You are not permitted to access this feature.'],
  ])('without a type says %s by "%s"', async (reason, detail) => {
    expect(await meet(problem(403, 'about:blank', detail))).toMatchObject({
      kind: 'account_unusable',
      status: 'verification_failed',
      reason,
    })
  })

  it.each([
    [64, 'account_suspended'],
    [326, 'authorization_rejected'],
  ])('of the older kind says by %i: %s', async (code, reason) => {
    const body = { errors: [{ code, message: 'something' }] }
    expect(await meet({ status: 403, body })).toMatchObject({ kind: 'account_unusable', reason })
  })

  it('that says no more than 403 changes nothing, and refuses a post', async () => {
    const bare = problem(403, 'about:blank', 'Forbidden')
    expect(await meet(bare)).toEqual({ kind: 'unavailable' })
    expect(await meet(bare, 'publish')).toEqual({ kind: 'refused' })
  })

  it('of the operator’s bill blames no account', async () => {
    expect(await meet(problem(402, 'about:blank', 'Payment Required'))).toEqual({ kind: 'client_invalid' })
    const capped = problem(429, 'https://api.x.com/2/problems/usage-capped', 'Usage cap exceeded')
    expect(await meet(capped)).toEqual({ kind: 'rate_limited' })
  })

  it('of a limit says when to come back, and has an id to complain with', async () => {
    const reset = String(now.getTime() / 1000 + 600)
    const headers = { 'x-rate-limit-reset': reset, 'x-rate-limit-remaining': '0', 'x-transaction-id': 'abc' }
    const body = { errors: [{ code: 88, message: 'Rate limit exceeded' }] }
    const { ctx } = cannedContext({ [me]: { status: 429, headers, body } })
    expect(await failureOf(verify(ctx, access()))).toMatchObject({
      platformCode: '88',
      message: 'Rate limit exceeded',
      requestId: 'abc',
      retryAfter: new Date(now.getTime() + 600_000),
    })
  })

  it.each([
    { status: 503, body: 'upstream' },
    { status: 500, body: {} },
  ])('of X itself passes: %j', async (answer) => {
    expect(await meet(answer)).toEqual({ kind: 'unavailable' })
  })
})

describe('a refresh', () => {
  const fresh = {
    body: {
      token_type: 'bearer',
      expires_in: 7200,
      access_token: 'access-token-2',
      refresh_token: 'refresh-token-2',
      scope: scopes.join(' '),
    },
  }

  it('shows the application in the header only', async () => {
    const { ctx, requests } = cannedContext({ [token]: fresh }, ['sec:ret+1'])
    expect(await refresh(ctx, access())).toEqual({
      accessToken: 'access-token-2',
      refreshToken: 'refresh-token-2',
      accessTokenExpiresAt: new Date(now.getTime() + 7_200_000),
      grantedScopes: scopes,
    })
    expect(requests[0]?.headers?.authorization).toBe(
      `Basic ${Buffer.from('client-1:sec%3Aret%2B1').toString('base64')}`,
    )
    expect(requests[0]?.body).toBe('grant_type=refresh_token&refresh_token=refresh-token-1')
  })

  it('tries an older secret only where the newest was refused', async () => {
    const wrong = {
      status: 401,
      body: { error: 'unauthorized_client', error_description: 'Missing valid authorization header' },
    }
    const changing = cannedContext({ [token]: [wrong, fresh] }, ['newest-secret', 'older-secret'])
    expect(await refresh(changing.ctx, access())).toMatchObject({ accessToken: 'access-token-2' })
    const dead = { status: 400, body: { error: 'invalid_request', error_description: 'invalid' } }
    const replayed = cannedContext({ [token]: dead }, ['newest-secret', 'older-secret'])
    await failureOf(refresh(replayed.ctx, access()))
    expect(replayed.requests).toHaveLength(1)
    const none = cannedContext({ [token]: wrong })
    expect(classifyError(await failureOf(refresh(none.ctx, access())), 'refresh')).toEqual({
      kind: 'client_invalid',
    })
  })

  it.each(['invalid_request', 'invalid_grant'])(
    'refused as %s means that the access is gone',
    async (error) => {
      const said = { error, error_description: 'Value passed for the token refresh-token-1 was invalid.' }
      const { ctx } = cannedContext({ [token]: { status: 400, body: said } })
      const failure = await failureOf(refresh(ctx, access()))
      expect(failure.message).toBe('Value passed for the token [hidden] was invalid.')
      expect(classifyError(failure, 'refresh')).toMatchObject({ kind: 'grant_lost', status: 'revoked' })
      expect(classifyError(failure, 'callback')).toEqual({ kind: 'refused' })
    },
  )

  it('that meets a limit says when to come back', async () => {
    const headers = { 'x-rate-limit-reset': String(now.getTime() / 1000 + 60) }
    const { ctx } = cannedContext({ [token]: { status: 429, headers } })
    const failure = await failureOf(refresh(ctx, access()))
    expect(failure.retryAfter).toEqual(new Date(now.getTime() + 60_000))
    expect(classifyError(failure, 'refresh')).toEqual({ kind: 'rate_limited' })
  })

  it('that the plan of the operator does not pay for is for the operator to mend, with the id X asks for', async () => {
    const body = { type: 'https://api.x.com/2/problems/credits', title: 'CreditsDepleted', status: 402 }
    const { ctx } = cannedContext({
      [token]: { status: 402, headers: { 'x-transaction-id': 'e4b1' }, body },
    })
    const failure = await failureOf(refresh(ctx, access()))
    expect(failure).toMatchObject({ status: 402, requestId: 'e4b1' })
    expect(classifyError(failure, 'refresh')).toEqual({ kind: 'client_invalid' })
  })
})

describe('a revocation', () => {
  const path = '/2/oauth2/revoke'

  it('ends the refresh token first, then the access token', async () => {
    const { ctx, requests } = cannedContext({ [path]: { body: { revoked: true } } })
    await revoke(ctx, access())
    expect(requests.map(({ body }) => body)).toEqual(['token=refresh-token-1', 'token=access-token-1'])
  })

  it('takes a token that is not known for ended, and nothing else', async () => {
    const gone = { status: 400, body: { error: 'invalid_request', error_description: 'invalid' } }
    await revoke(cannedContext({ [path]: gone }).ctx, access())
    await expect(revoke(cannedContext({ [path]: { status: 503 } }).ctx, access())).rejects.toMatchObject({
      status: 503,
    })
  })
})
