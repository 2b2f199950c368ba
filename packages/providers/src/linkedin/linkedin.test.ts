import { isPostMcpError, type JsonObject, type TokenSet } from '@postmcp/core'
import { unsignedJwt } from '@postmcp/core/testing'
import { describe, expect, it } from 'vitest'
import {
  access,
  type Canned,
  cannedContext,
  memberScopes,
  now,
  pageScopes,
  target,
  tokens,
  unrenewable,
} from './fixtures/context.js'
import { readIdToken } from './id-token.js'
import { linkedin } from './index.js'
import { readTokens, refresh } from './oauth.js'
import { identify } from './profile.js'
import { listTargets, verify } from './verify.js'

const introspection = '/oauth/v2/introspectToken'
const userinfo = '/v2/userinfo'
const acls = '/rest/organizationAcls'
const lookup = '/rest/organizationsLookup'

const alive = (scopes = memberScopes): Canned => ({
  body: { active: true, status: 'active', scope: scopes.join(','), auth_type: '3L' },
})
const ada: Canned = {
  body: { sub: 'Ab1', name: 'Ada Lovelace', picture: 'https://media.example.org/new.jpg', locale: 'en' },
}
const falseAlarm: Canned = {
  status: 401,
  body: {
    status: 401,
    serviceErrorCode: 65601,
    code: 'REVOKED_ACCESS_TOKEN',
    message: 'revoked by the user',
  },
}
const acl = (id: string, role: string) => ({
  role,
  organization: `urn:li:organization:${id}`,
  roleAssignee: 'urn:li:person:Ab1',
  state: 'APPROVED',
})

describe('the tokens of an answer', () => {
  it('end with the access token where no refresh token comes with them', () => {
    const answer = {
      access_token: 'AQX1',
      expires_in: 5_184_000,
      scope: 'openid,profile,w_member_social',
      token_type: 'Bearer',
    }
    const end = new Date(now.getTime() + 60 * 86_400_000)
    expect(readTokens(answer, now)).toEqual({
      accessToken: 'AQX1',
      accessTokenExpiresAt: end,
      refreshTokenExpiresAt: end,
      grantedScopes: memberScopes,
    })
  })

  it('of a partner end with the refresh token', () => {
    const answer = {
      access_token: 'AQX1',
      expires_in: 5_184_000,
      refresh_token: 'AQW1',
      refresh_token_expires_in: 26_438_400,
    }
    expect(readTokens(answer, now)).toMatchObject({
      refreshToken: 'AQW1',
      refreshTokenExpiresAt: new Date(now.getTime() + 26_438_400_000),
    })
  })
})

describe('who granted', () => {
  const exchange = (answer: JsonObject, more: Partial<TokenSet> = {}) => ({
    tokens: { ...tokens, ...more },
    answer,
    requestedScopes: memberScopes,
    fields: {},
    server: null,
    redirectUri: 'https://postmcp.example.org/accounts/oauth/callback',
  })

  it('is read from the ID token, without asking the endpoint that distrusts new tokens', async () => {
    const { ctx, requests } = cannedContext({})
    const idToken = unsignedJwt({
      sub: 'Ab1',
      aud: 'client-1',
      name: 'Ada L',
      picture: 'https://p.example.org/1',
    })
    expect(await identify(ctx, exchange({ id_token: idToken }))).toEqual({
      subject: 'urn:li:person:Ab1',
      tokens,
      grantedScopes: memberScopes,
      settings: { name: 'Ada L', picture: 'https://p.example.org/1' },
      secrets: {},
    })
    expect(requests).toEqual([])
  })

  it.each([
    ['none', {}],
    ['one that is not readable', { id_token: 'a.b.c' }],
    ['one for another application', { id_token: unsignedJwt({ sub: 'Zz9', aud: 'client-2' }) }],
  ])('is asked for where there is %s', async (_, answer) => {
    const { ctx } = cannedContext({ [userinfo]: ada })
    expect(await identify(ctx, exchange(answer))).toMatchObject({
      subject: 'urn:li:person:Ab1',
      settings: { name: 'Ada Lovelace' },
    })
  })

  it('may come with fewer scopes than were asked for', async () => {
    const { ctx } = cannedContext({ [userinfo]: ada })
    const { grantedScopes } = await identify(ctx, exchange({}, { grantedScopes: ['openid', 'profile'] }))
    expect(grantedScopes).toEqual(['openid', 'profile'])
  })

  it('is nobody where the ID token is no text', () => {
    expect(readIdToken(undefined, 'client-1')).toBeNull()
    expect(readIdToken('no-token', 'client-1')).toBeNull()
  })
})

describe('targets', () => {
  it('are the member alone where the scopes of company pages were not granted', async () => {
    const { ctx, asked } = cannedContext({ [userinfo]: ada })
    expect(await listTargets(ctx, access())).toEqual([
      {
        targetId: 'urn:li:person:Ab1',
        kind: 'member',
        handle: 'Ada Lovelace',
        displayName: 'Ada Lovelace',
        avatarUrl: 'https://media.example.org/new.jpg',
        profileUrl: null,
      },
    ])
    expect(asked()).toEqual([userinfo])
  })

  it('are found although a good token is called revoked for being new', async () => {
    const { ctx } = cannedContext({ [introspection]: alive(), [userinfo]: falseAlarm })
    expect(await listTargets(ctx, access())).toMatchObject([
      { handle: 'Ada L', avatarUrl: 'https://media.example.org/old.jpg' },
    ])
  })

  it('are the company pages too, with roles that may post, from all pages of the list', async () => {
    const { ctx, requests } = cannedContext({
      [userinfo]: ada,
      [acls]: [
        {
          body: {
            paging: { start: 0, count: 2, links: [{ rel: 'next', href: '/x', type: 'application/json' }] },
            elements: [acl('7001', 'ADMINISTRATOR'), acl('7001', 'ANALYST')],
          },
        },
        {
          body: {
            paging: { start: 2, count: 2, links: [{ rel: 'prev', href: '/x', type: 'application/json' }] },
            elements: [acl('7002', 'CONTENT_ADMINISTRATOR'), acl('7003', 'CURATOR')],
          },
        },
      ],
      [lookup]: { body: { results: { 7001: { localizedName: 'Works', vanityName: 'works' } }, errors: {} } },
    })
    const [, ...pages] = await listTargets(ctx, access({ grantedScopes: pageScopes }))
    expect(pages).toEqual([
      {
        targetId: 'urn:li:organization:7001',
        kind: 'organization',
        handle: 'works',
        displayName: 'Works',
        avatarUrl: null,
        profileUrl: 'https://www.linkedin.example/company/7001',
      },
      expect.objectContaining({ targetId: 'urn:li:organization:7002', handle: '7002', displayName: null }),
    ])
    const [, first, second, looks] = requests.map(({ url }) => String(url))
    expect(first).toMatch(/\?q=roleAssignee&state=APPROVED&start=0&count=50$/)
    expect(second).toMatch(/&start=2&count=50$/)
    expect(looks).toBe('https://api.linkedin.example/rest/organizationsLookup?ids=List(7001,7002)')
    expect(requests[1]?.headers).toMatchObject({
      'linkedin-version': '202609',
      'x-restli-protocol-version': '2.0.0',
    })
    expect(requests[0]?.headers).not.toHaveProperty('linkedin-version')
  })
})

describe('the status', () => {
  const page = target('urn:li:organization:7001')
  const classified = async (
    answers: Record<string, Canned>,
    more: Parameters<typeof access>[0] = {},
    of = target(),
  ) => {
    const { ctx } = cannedContext(answers)
    const error: unknown = await verify(ctx, access(more), of).catch((thrown: unknown) => thrown)
    return linkedin.classifyError(error as Parameters<typeof linkedin.classifyError>[0], 'verify')
  }

  it('is active with fresh display data', async () => {
    const { ctx } = cannedContext({ [introspection]: alive(), [userinfo]: ada })
    expect(await verify(ctx, access(), target())).toMatchObject({
      status: 'active',
      target: { displayName: 'Ada Lovelace' },
    })
  })

  it('stays active, and the display data as it was, when only userinfo distrusts the token', async () => {
    const { ctx } = cannedContext({ [introspection]: alive(), [userinfo]: falseAlarm })
    expect(await verify(ctx, access(), target())).toEqual({
      status: 'active',
      reason: null,
      platformCode: null,
    })
  })

  it('names the scopes that LinkedIn says are gone', async () => {
    const { ctx } = cannedContext({ [introspection]: alive(['openid', 'profile']) })
    expect(await verify(ctx, access(), target())).toMatchObject({
      status: 'missing_permission',
      reason: 'scope_missing',
      missingScopes: ['w_member_social'],
    })
  })

  it('of a company page needs its scopes and a role that may post', async () => {
    const without = cannedContext({ [introspection]: alive() })
    expect(await verify(without.ctx, access(), page)).toMatchObject({
      status: 'missing_permission',
      missingScopes: ['w_organization_social', 'rw_organization_admin'],
    })
    const demoted = cannedContext({
      [introspection]: alive(pageScopes),
      [acls]: { body: { elements: [acl('7001', 'ANALYST')], paging: { links: [] } } },
    })
    expect(await verify(demoted.ctx, access(), page)).toMatchObject({
      status: 'missing_permission',
      reason: 'target_not_granted',
    })
    const well = cannedContext({
      [introspection]: alive(pageScopes),
      [acls]: { body: { elements: [acl('7001', 'ADMINISTRATOR')] } },
      [lookup]: { body: { results: { 7001: { localizedName: 'Works' } } } },
    })
    expect(await verify(well.ctx, access(), page)).toMatchObject({
      status: 'active',
      target: { displayName: 'Works' },
    })
  })

  it('is expired where nothing renews the token, and asks for a refresh where something does', async () => {
    const expired = { [introspection]: { body: { active: false, status: 'expired' } } }
    expect(await classified(expired)).toEqual({ kind: 'access_token_expired' })
    expect(await classified(expired, { tokens: unrenewable })).toMatchObject({
      kind: 'grant_lost',
      status: 'expired',
    })
  })

  it('is revoked when the member took the access away', async () => {
    for (const body of [{ active: false, status: 'revoked' }, { active: false }]) {
      expect(await classified({ [introspection]: { body } })).toMatchObject({
        kind: 'grant_lost',
        status: 'revoked',
      })
    }
  })

  it('goes by the API where the introspection does not know the token', async () => {
    const unknown = { status: 400, body: { error: 'invalid_request', error_description: 'Invalid token' } }
    const invalid = {
      status: 401,
      body: { status: 401, serviceErrorCode: 65600, message: 'Invalid access token' },
    }
    const answers = { [introspection]: unknown, [userinfo]: invalid }
    expect(await classified(answers, { tokens: unrenewable })).toMatchObject({
      kind: 'grant_lost',
      status: 'revoked',
    })
    expect(await classified({ [introspection]: unknown, [userinfo]: falseAlarm })).toMatchObject({
      kind: 'grant_lost',
    })
  })

  it('blames the operator for a version that has ended, or for wrong credentials', async () => {
    const gone = { status: 426, body: { status: 426, code: 'NONEXISTENT_VERSION', message: 'not active' } }
    const answers = { [introspection]: alive(pageScopes), [acls]: gone }
    expect(await classified(answers, {}, page)).toEqual({ kind: 'client_invalid' })
    const wrong = { status: 401, body: { error: 'invalid_client', error_description: 'no' } }
    expect(await classified({ [introspection]: wrong })).toEqual({ kind: 'client_invalid' })
  })

  it('of a member who is refused although the scopes are there is failed', async () => {
    const denied = { status: 403, body: { status: 403, serviceErrorCode: 100, code: 'ACCESS_DENIED' } }
    expect(await classified({ [introspection]: alive(), [userinfo]: denied })).toMatchObject({
      kind: 'account_unusable',
      status: 'verification_failed',
    })
  })

  it.each([
    ['a refusal without a code', { status: 403, body: { message: 'no' } }],
    ['an answer of a proxy', { status: 502, body: '<html>' }],
  ])('does not change by %s', async (_, answer) => {
    expect(await classified({ [introspection]: alive(), [userinfo]: answer })).toEqual({
      kind: 'unavailable',
    })
  })
})

describe('a call that is refused for now', () => {
  it.each([
    [{}, '2026-11-23T00:00:00.000Z'],
    [{ 'retry-after': '60' }, '2026-11-22T15:31:00.000Z'],
  ])('with headers %j may be repeated at %s', async (headers, instant) => {
    const body = { status: 429, code: 'TOO_MANY_REQUESTS', message: 'throttled' }
    const { ctx } = cannedContext({ [introspection]: alive(), [userinfo]: { status: 429, headers, body } })
    const error = await verify(ctx, access(), target()).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ platformCode: 'TOO_MANY_REQUESTS', retryAfter: new Date(instant) })
  })

  it('keeps the id LinkedIn asks for when one complains', async () => {
    const headers = { 'x-li-uuid': 'AAYk' }
    const { ctx } = cannedContext({ [introspection]: alive(), [userinfo]: { status: 500, headers } })
    await expect(verify(ctx, access(), target())).rejects.toMatchObject({ requestId: 'AAYk' })
  })
})

describe('a refresh', () => {
  const path = '/oauth/v2/accessToken'
  const fresh = { body: { access_token: 'AQX2', expires_in: 5_184_000, refresh_token: 'AQW-refresh-token' } }

  it('sends the application in the body and keeps the refresh token', async () => {
    const { ctx, requests } = cannedContext({ [path]: fresh })
    expect(await refresh(ctx, access())).toMatchObject({
      accessToken: 'AQX2',
      refreshToken: 'AQW-refresh-token',
    })
    expect(Object.fromEntries(new URLSearchParams(String(requests[0]?.body)))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'AQW-refresh-token',
      client_id: 'client-1',
      client_secret: 'newest-secret',
    })
  })

  it('tries an older secret when the newest is refused', async () => {
    const wrong = { status: 401, body: { error: 'invalid_client', error_description: 'no' } }
    const { ctx, requests } = cannedContext({ [path]: [wrong, fresh] }, ['newest-secret', 'older-secret'])
    expect(await refresh(ctx, access())).toMatchObject({ accessToken: 'AQX2' })
    expect(String(requests[1]?.body)).toContain('client_secret=older-secret')
  })

  it('that LinkedIn refuses means that the access was taken away, and repeats no secret', async () => {
    const body = {
      error: 'invalid_request',
      error_description: 'The token AQW-refresh-token of newest-secret is invalid, expired or revoked',
    }
    const { ctx } = cannedContext({ [path]: { status: 400, body } })
    const error = await refresh(ctx, access()).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      message: 'The token [hidden] of [hidden] is invalid, expired or revoked',
    })
    expect(linkedin.classifyError(error as never, 'refresh')).toMatchObject({ kind: 'grant_lost' })
    expect(linkedin.classifyError(error as never, 'callback')).toEqual({ kind: 'refused' })
  })

  it('that meets the limit is for the next day of LinkedIn, which names no time', async () => {
    const { ctx } = cannedContext({ [path]: { status: 429 } })
    await expect(refresh(ctx, access())).rejects.toMatchObject({
      status: 429,
      retryAfter: new Date('2026-11-23T00:00:00.000Z'),
    })
  })

  it('without a refresh token is not sent', async () => {
    const { ctx, requests } = cannedContext({})
    const error: unknown = await refresh(ctx, access({ tokens: unrenewable })).catch((thrown) => thrown)
    expect(isPostMcpError(error, 'internal_error')).toBe(true)
    expect(requests).toEqual([])
  })
})
