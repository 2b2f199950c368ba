import { type Occasion, PlatformError, readTokenAnswer } from '@postmcp/core'
import { describe, expect, it } from 'vitest'
import { classifyError, readTokenError } from './errors.js'
import { access, board, type Canned, cannedContext, now, userAccount } from './fixtures/context.js'
import { identify, listTargets, verify } from './profile.js'

const classify = (status: number, code: string | null, occasion: Occasion) =>
  classifyError(new PlatformError({ status, platformCode: code, message: '' }), occasion)
const target = { targetId: '549755885175', handle: 'ada/Summer recipes', settings: {}, secrets: {} }

describe('tokens', () => {
  it('are read as documented, with scopes between commas', () => {
    const answer = {
      response_type: 'authorization_code',
      access_token: 'pina_1',
      refresh_token: 'pinr.1',
      expires_in: 2_592_000,
      refresh_token_expires_in: 5_184_000,
      refresh_token_expires_at: 1_800_532_800,
      scope: 'boards:read,pins:read pins:write',
      token_type: 'bearer',
    }
    expect(readTokenAnswer(answer, now)).toEqual({
      accessToken: 'pina_1',
      refreshToken: 'pinr.1',
      accessTokenExpiresAt: new Date('2026-12-22T12:00:00.000Z'),
      refreshTokenExpiresAt: new Date('2027-01-21T12:00:00.000Z'),
      grantedScopes: ['boards:read', 'pins:read', 'pins:write'],
    })
  })

  it('that are refused come with a number and a sentence', () => {
    const json = { code: 283, message: 'The authorization grant is invalid' }
    expect(readTokenError({ status: 401, json })).toEqual({
      platformCode: '283',
      message: 'The authorization grant is invalid',
    })
    expect(readTokenError({ status: 200, json })).toBeNull()
    expect(readTokenError({ status: 502, json: undefined })).toBeNull()
  })
})

describe('a grant', () => {
  it('belongs to the person, and its targets are the boards', async () => {
    const { ctx, requests } = cannedContext({
      '/v5/user_account': { body: userAccount() },
      '/v5/boards': { body: { items: [board()], bookmark: null } },
    })
    const { tokens } = access()
    const exchange = {
      tokens,
      answer: {},
      requestedScopes: ['pins:read'],
      fields: {},
      server: null,
      redirectUri: '',
    }
    expect(await identify(ctx, exchange)).toMatchObject({
      subject: '2783136121146311751',
      grantedScopes: ['pins:read'],
      settings: {},
    })
    expect(await listTargets(ctx, access())).toEqual([
      {
        targetId: '549755885175',
        handle: 'ada/Summer recipes',
        displayName: 'Summer recipes',
        avatarUrl: 'https://i.pinimg.example/ada.jpg',
        profileUrl: 'https://www.example.org/ada/',
        kind: 'board',
        settings: { privacy: 'PUBLIC' },
      },
    ])
    expect(requests.at(-1)).toMatchObject({
      url: new URL('https://api.example.org/v5/boards?page_size=250'),
      headers: { authorization: 'Bearer pina_1' },
    })
  })

  it('is followed over all pages, empty ones too; boards for advertisements are left out', async () => {
    const { ctx, requests } = cannedContext({
      '/v5/user_account': { body: userAccount() },
      '/v5/boards': [
        { body: { items: [board({ id: '1' }), board({ id: '2', is_ads_only: true })], bookmark: 'a' } },
        { body: { items: [], bookmark: 'b' } },
        {
          body: { items: [board({ id: '1' }), board({ id: '3', owner: { username: 'ben' } })], bookmark: '' },
        },
      ],
    })
    const targets = await listTargets(ctx, access())
    expect(targets.map(({ targetId, handle }) => [targetId, handle])).toEqual([
      ['1', 'ada/Summer recipes'],
      ['3', 'ben/Summer recipes'],
    ])
    expect(requests.map(({ url }) => new URL(url).searchParams.get('bookmark'))).toEqual([
      null,
      null,
      'a',
      'b',
    ])
  })

  it('whose list of boards never ends is given up', async () => {
    let page = 0
    const { ctx } = cannedContext({
      '/v5/user_account': { body: userAccount() },
      '/v5/boards': {
        get body() {
          page += 1
          return { items: [], bookmark: String(page) }
        },
      },
    })
    await expect(listTargets(ctx, access())).rejects.toMatchObject({
      name: 'MalformedResponseError',
      message: 'The list of boards does not end.',
    })
    expect(page).toBe(100)
  })
})

describe('a board', () => {
  const check = (answers: { person?: Canned; board?: Canned }) => {
    const { ctx } = cannedContext({
      '/v5/user_account': answers.person ?? { body: userAccount() },
      '/v5/boards/549755885175': answers.board ?? { body: board() },
    })
    return verify(ctx, access(), target)
  }

  it('is active as long as token, person and board are there', async () => {
    expect(await check({ board: { body: board({ name: 'Winter recipes', privacy: 'SECRET' }) } })).toEqual({
      target: {
        handle: 'ada/Winter recipes',
        displayName: 'Winter recipes',
        avatarUrl: 'https://i.pinimg.example/ada.jpg',
        profileUrl: 'https://www.example.org/ada/',
        kind: 'board',
        settings: { privacy: 'SECRET' },
      },
      status: 'active',
      reason: null,
      platformCode: null,
    })
  })

  it('is not taken for that of another person', async () => {
    await expect(check({ person: { body: userAccount({ id: '7' }) } })).rejects.toMatchObject({
      name: 'MalformedResponseError',
    })
  })

  it('that is refused: status, code and request id are kept, the token is not repeated', async () => {
    const body = { code: 7, message: 'Not authorized to access board or Pin with pina_1.' }
    const refusal = { status: 401, headers: { 'x-pinterest-rid': '123' }, body }
    await expect(check({ board: refusal })).rejects.toMatchObject({
      status: 401,
      platformCode: '7',
      requestId: '123',
      message: 'Not authorized to access board or Pin with [hidden].',
    })
  })

  it.each<[string, Canned]>([
    ['a web page', { body: '<html>' }],
    ['another object', { body: { data: {} } }],
    ['a redirect', { status: 302, body: '' }],
    ['a refusal in other words', { status: 403, body: '<html>' }],
  ])('takes %s for no answer of the API', async (_, canned) => {
    await expect(check({ board: canned })).rejects.toMatchObject({ name: 'MalformedResponseError' })
  })

  it('says when to come back, in seconds from now', async () => {
    const headers = { 'x-ratelimit-reset': '30' }
    const busy = { status: 429, headers, body: { code: 8, message: 'This request exceeded a rate limit.' } }
    await expect(check({ person: busy })).rejects.toMatchObject({
      retryAfter: new Date('2026-11-22T12:00:30.000Z'),
    })
  })
})

describe('an error', () => {
  it('of the token endpoint: wrong credentials of the app are no fault of the grant', () => {
    for (const occasion of ['refresh', 'callback'] as const) {
      expect(classify(401, '2', occasion)).toEqual({ kind: 'client_invalid' })
    }
    expect(classify(401, '283', 'refresh')).toEqual({
      kind: 'grant_lost',
      status: 'revoked',
      reason: 'token_revoked',
    })
    expect(classify(401, '283', 'callback').kind).toBe('refused')
    expect(classify(400, '1', 'refresh').kind).toBe('unavailable')
  })

  it.each([
    [401, '2'],
    [401, '1104'],
    [401, null],
  ])('%s %s asks for a refresh, which knows more', (status, code) => {
    for (const occasion of ['verify', 'publish', 'delete'] as const) {
      expect(classify(status, code, occasion).kind).toBe('access_token_expired')
    }
  })

  it.each([
    [401, '7', 'missing_permission', 'target_not_granted'],
    [403, '7', 'missing_permission', 'target_not_granted'],
    [404, '40', 'verification_failed', 'account_not_found'],
    [401, '3', 'missing_permission', 'scope_missing'],
    [403, '29', 'missing_permission', 'scope_missing'],
    [403, '403', 'missing_permission', 'scope_missing'],
    [403, '2625', 'verification_failed', 'account_suspended'],
    [403, '2626', 'verification_failed', 'authorization_rejected'],
  ])('%s %s is about the account', (status, code, verdict, reason) => {
    expect(classify(status, code, 'verify')).toEqual({ kind: 'account_unusable', status: verdict, reason })
  })

  it('the same code means something else elsewhere', () => {
    expect(classify(429, '8', 'verify').kind).toBe('rate_limited')
    expect(classify(400, '2', 'verify').kind).toBe('unavailable')
    expect(classify(403, '29', 'publish').kind).toBe('refused')
    expect(classify(400, '7', 'publish').kind).toBe('refused')
  })

  it('that nobody knows never ends a grant', () => {
    for (const code of ['99999', 'constructor', '__proto__', null]) {
      for (const occasion of ['refresh', 'verify'] as const) {
        expect(classify(403, code, occasion).kind).toBe('unavailable')
        expect(classify(500, code, occasion).kind).toBe('unavailable')
      }
    }
  })
})
