import { createHttpClient, PlatformError, silentLogger } from '@postmcp/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { callApi } from './api.js'
import { classifyError } from './errors.js'
import {
  access,
  account,
  type Canned,
  cannedContext,
  documents,
  instance,
  metadata,
} from './fixtures/context.js'
import { parseInstance } from './instance.js'
import { identify, listTargets, verify } from './profile.js'
import { registerClient } from './register.js'
import { revoke } from './revoke.js'
import { locateServer } from './server.js'

describe('the name of an instance', () => {
  it.each([
    ['mastodon.social', 'https://mastodon.social'],
    [' Mastodon.Social. ', 'https://mastodon.social'],
    ['https://mastodon.social/@anna/1234', 'https://mastodon.social'],
    ['@anna@mastodon.social', 'https://mastodon.social'],
    ['anna@mastodon.social', 'https://mastodon.social'],
    ['acct:anna@mastodon.social', 'https://mastodon.social'],
    ['@mastodon.social', 'https://mastodon.social'],
    ['\u200emastodon.social\u200e', 'https://mastodon.social'],
    ['bücher.example', 'https://xn--bcher-kva.example'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['localhost:3000', 'https://localhost:3000'],
  ])('%j is %s', (typed, origin) => {
    expect(parseInstance(typed)).toBe(origin)
  })

  it.each([
    '',
    'hunter2',
    'https://',
    'https://anna:secret@mastodon.social',
    'a b c',
    '@',
    'ftp://a.example',
  ])('%j is none, and is not repeated', (typed) => {
    expect(() => parseInstance(typed)).toThrow(
      'The instance is not a host such as mastodon.social, nor a whole name such as @name@mastodon.social.',
    )
  })
})

describe('finding the server', () => {
  const locate = (answers: Record<string, Canned>) => {
    const { ctx, requests } = cannedContext(answers)
    return { requests, found: locateServer(ctx, { instance: '@anna@social.example.org' }) }
  }

  it('reads what the instance says about itself', async () => {
    expect(await locate(documents()).found).toEqual({
      id: instance,
      authorizationUrl: `${instance}/oauth/authorize`,
      tokenUrl: `${instance}/oauth/token`,
      revocationUrl: `${instance}/oauth/revoke`,
      pkce: 'S256',
      scopes: ['profile', 'write:statuses', 'write:media'],
      settings: {
        instance,
        domain: 'example.org',
        software: 'mastodon',
        version: '4.6.2',
        registrationUrl: `${instance}/api/v1/apps`,
      },
    })
  })

  it('knows the addresses of servers that say less, asks no scope they do not know, and sends PKCE all the same', async () => {
    const v1 = { uri: `${instance}/`, title: 'Old', version: '2.7.2 (compatible; Pleroma 2.7.0)' }
    const found = await locate({ '/api/v1/instance': { body: v1 } }).found
    expect(found).toMatchObject({
      authorizationUrl: `${instance}/oauth/authorize`,
      pkce: 'S256',
      scopes: ['read:accounts', 'write:statuses', 'write:media'],
      settings: { software: null, version: v1.version, domain: 'social.example.org' },
    })
    expect(found).not.toHaveProperty('issuer')
  })

  it('sends no PKCE where the server says that it cannot, and expects an issuer where it says that it sends one', async () => {
    const more = {
      code_challenge_methods_supported: ['plain'],
      authorization_response_iss_parameter_supported: true,
    }
    const path = '/.well-known/oauth-authorization-server'
    expect(await locate({ ...documents(), [path]: { body: metadata(more) } }).found).toMatchObject({
      pkce: 'none',
      issuer: `${instance}/`,
    })
  })

  it('does not believe a domain that is not above the host', async () => {
    const about = { body: { domain: 'mastodon.social', version: '4.6.2' } }
    const { settings } = await locate({ ...documents(), '/api/v2/instance': about }).found
    expect(settings.domain).toBe('social.example.org')
  })

  it.each([
    ['https://evil.example/', 'https://evil.example'],
    [`${instance}/other`, instance],
    [`${instance}.evil.example/`, `${instance}.evil.example`],
    ['nobody', 'nobody'],
  ])('refuses an instance that calls its issuer %s', async (issuer, shown) => {
    const lie = { body: metadata({ issuer }) }
    const { found, requests } = locate({ ...documents(), '/.well-known/oauth-authorization-server': lie })
    await expect(found).rejects.toMatchObject({
      code: 'issuer_mismatch',
      message: `social.example.org says that its authorizations come from ${shown}; they are not used.`,
    })
    expect(requests).toHaveLength(1)
  })

  it.each(['authorization_endpoint', 'token_endpoint', 'revocation_endpoint', 'app_registration_endpoint'])(
    'refuses an instance whose %s is elsewhere',
    async (name) => {
      const lie = { body: metadata({ [name]: 'https://evil.example/oauth' }) }
      const { found } = locate({ ...documents(), '/.well-known/oauth-authorization-server': lie })
      await expect(found).rejects.toMatchObject({
        code: 'issuer_mismatch',
        message: 'social.example.org sends people to https://evil.example to authorize; that is not used.',
      })
    },
  )

  it('follows no redirect, and says where it would have led', async () => {
    const redirect = { status: 301, headers: { location: 'https://www.example.net/x' }, body: '' }
    const { found, requests } = locate({ '/.well-known/oauth-authorization-server': redirect })
    await expect(found).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'social.example.org sends on to https://www.example.net; a redirect is not followed.',
      nextAction: 'If the instance of the account lives there, connect with https://www.example.net.',
      issues: [{ field: 'instance' }],
    })
    expect(requests).toHaveLength(1)
  })

  it.each<[string, Record<string, Canned>, string]>([
    [
      'web pages for everything',
      Object.fromEntries(Object.keys(documents()).map((path) => [path, { body: '<html>' }])),
      "social.example.org does not answer like a server that speaks Mastodon's API.",
    ],
    [
      'the nodeinfo of something else',
      {
        ...documents(),
        '/.well-known/oauth-authorization-server': { status: 404 },
        '/api/v2/instance': { status: 404 },
        '/nodeinfo/2.0': { body: { software: { name: 'misskey', version: '2026.1' } } },
      },
      "social.example.org does not answer like a server that speaks Mastodon's API. It runs misskey.",
    ],
    [
      'metadata that are none',
      { '/.well-known/oauth-authorization-server': { body: { issuer: 7 } } },
      'social.example.org describes its authorization server in a way nobody understands.',
    ],
    [
      'an error',
      { '/.well-known/oauth-authorization-server': { status: 502, body: '<html>' } },
      'social.example.org answered with status 502.',
    ],
  ])('says clearly what is wrong with %s', async (_, answers, message) => {
    await expect(locate(answers).found).rejects.toMatchObject({ message })
  })
})

describe('registering', () => {
  it('sends what every server knows, and nothing that a strict one refuses', async () => {
    const { ctx, requests } = cannedContext({
      ...documents(),
      '/api/v1/apps': { body: { id: '563419', client_id: 'an-id', client_secret: 'a-secret' } },
    })
    const server = await locateServer(ctx, { instance })
    const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
    expect(await registerClient(ctx, server, { redirectUri, scopes: ['profile', 'write:media'] })).toEqual({
      clientId: 'an-id',
      clientSecret: 'a-secret',
    })
    expect(Object.fromEntries(new URLSearchParams(String(requests.at(-1)?.body)))).toEqual({
      client_name: 'PostMCP',
      redirect_uris: redirectUri,
      scopes: 'profile write:media',
    })
  })
})

describe('an account', () => {
  const path = '/api/v1/accounts/verify_credentials'
  const target = { targetId: 'social.example.org/14715', handle: 'anna', settings: {}, secrets: {} }

  it('is known by its instance and its id there, and shown by its whole name', async () => {
    const { ctx, requests } = cannedContext({ ...documents(), [path]: { body: account() } })
    const server = await locateServer(ctx, { instance })
    const tokens = { accessToken: 'the-access-token' }
    const exchange = { tokens, answer: {}, requestedScopes: ['profile'], fields: {}, server, redirectUri: '' }
    const authorization = await identify(ctx, exchange)
    expect(authorization).toMatchObject({
      subject: 'social.example.org/14715',
      grantedScopes: ['profile'],
      settings: { instance, domain: 'example.org' },
    })
    expect(authorization.settings).not.toHaveProperty('registrationUrl')
    expect(requests.at(-1)?.headers).toEqual({ authorization: 'Bearer the-access-token' })
    expect(await listTargets(ctx, access())).toEqual([
      {
        targetId: 'social.example.org/14715',
        handle: 'anna@example.org',
        displayName: 'Anna',
        avatarUrl: 'https://files.example.org/anna.png',
        profileUrl: `${instance}/@anna`,
        settings: { limits: {} },
      },
    ])
  })

  it('shows no address that is none of the web', async () => {
    const body = account({ id: 7, display_name: ' ', avatar: 'javascript:1', url: 'data:,' })
    const { ctx } = cannedContext({ [path]: { body } })
    expect(await listTargets(ctx, access())).toMatchObject([
      {
        targetId: 'social.example.org/7',
        displayName: null,
        avatarUrl: null,
        profileUrl: `${instance}/@anna`,
      },
    ])
  })

  it('that the instance suspended is said to be so', async () => {
    const { ctx } = cannedContext({ [path]: { body: account({ suspended: true }) } })
    expect(await verify(ctx, access(), target)).toMatchObject({
      status: 'verification_failed',
      reason: 'account_suspended',
    })
  })

  it('is not taken for another one', async () => {
    const { ctx } = cannedContext({ [path]: { body: account({ id: '99' }) } })
    await expect(verify(ctx, access(), target)).rejects.toMatchObject({
      name: 'MalformedResponseError',
      message: 'social.example.org answered with another account.',
    })
  })
})

describe('revoking', () => {
  it('ends the access token, which is all that Pleroma looks for, and the refresh token', async () => {
    const { ctx, requests } = cannedContext({ '/oauth/revoke': { body: '' } })
    await revoke(ctx, access({ tokens: { accessToken: 'an-access', refreshToken: 'a-refresh' } }))
    expect(requests.map(({ body }) => Object.fromEntries(new URLSearchParams(String(body))))).toEqual(
      ['an-access', 'a-refresh'].map((token) => ({
        client_id: 'the-client',
        client_secret: 'client-secret',
        token,
      })),
    )
  })

  it('does not repeat what the instance repeats', async () => {
    const body = { error: 'unauthorized_client', error_description: 'No the-access-token, client-secret' }
    const { ctx } = cannedContext({ '/oauth/revoke': { status: 403, body } })
    await expect(revoke(ctx, access())).rejects.toMatchObject({
      status: 403,
      message: 'unauthorized_client: No [hidden], [hidden]',
    })
  })
})

describe('an error', () => {
  const url = `${instance}/api/v1/accounts/verify_credentials`
  const thrown = async (canned: Canned, refreshToken?: string) => {
    const { ctx } = cannedContext({ [new URL(url).pathname]: canned })
    const answer = z.object({ id: z.string() })
    const tokens = { accessToken: 'the-access-token', ...(refreshToken && { refreshToken }) }
    return callApi(ctx, { method: 'GET', url, access: { tokens }, answer }).catch((error: unknown) => error)
  }
  const classified = async (canned: Canned, refreshToken?: string) =>
    classifyError((await thrown(canned, refreshToken)) as PlatformError, 'verify')
  const sentence = (status: number, error: string) => ({ status, body: { error } })

  it.each([
    ['The access token is invalid', 'revoked', 'token_revoked'],
    ['The access token was revoked', 'revoked', 'token_revoked'],
    ['The access token expired', 'expired', 'token_expired'],
    ['Der Zugangsschlüssel ist ungültig', 'revoked', 'token_revoked'],
  ])(
    '401 "%s" ends a grant that cannot be refreshed, and else asks for a refresh',
    async (error, status, reason) => {
      expect(await classified(sentence(401, error))).toEqual({ kind: 'grant_lost', status, reason })
      expect(await classified(sentence(401, error), 'a-refresh')).toEqual({ kind: 'access_token_expired' })
    },
  )

  it.each([
    [401, 'This method requires an authenticated user', 'verification_failed', 'authorization_rejected'],
    [422, 'This method requires an authenticated user', 'verification_failed', 'authorization_rejected'],
    [403, 'This action is outside the authorized scopes', 'missing_permission', 'scope_missing'],
    [403, 'This action is not allowed', 'missing_permission', 'authorization_rejected'],
    [403, 'Your login is currently disabled', 'verification_failed', 'account_suspended'],
    [
      403,
      'Your login is missing a confirmed e-mail address',
      'verification_failed',
      'authorization_rejected',
    ],
    [403, 'Your login is currently pending approval', 'verification_failed', 'authorization_rejected'],
    [403, 'Your account requires two-factor authentication', 'verification_failed', 'authorization_rejected'],
    [410, 'Gone', 'verification_failed', 'account_not_found'],
  ])('%s "%s" is about the account', async (status, error, verdict, reason) => {
    expect(await classified(sentence(status, error))).toEqual({
      kind: 'account_unusable',
      status: verdict,
      reason,
    })
  })

  it('403 "Invalid credentials." is how Pleroma refuses a token', async () => {
    expect(await classified(sentence(403, 'Invalid credentials.'))).toMatchObject({ kind: 'grant_lost' })
  })

  it('of a token endpoint: the codes of the standard, and what Pleroma says in their place', () => {
    const on = (platformCode: string, occasion: 'refresh' | 'callback') =>
      classifyError(new PlatformError({ status: 400, platformCode, message: '' }), occasion).kind
    expect(on('invalid_grant', 'refresh')).toBe('grant_lost')
    expect(on('invalid_grant', 'callback')).toBe('refused')
    expect(on('invalid_client', 'callback')).toBe('client_invalid')
    expect(on('Invalid credentials', 'refresh')).toBe('grant_lost')
    expect(on('Invalid credentials', 'callback')).toBe('refused')
  })

  it('that nobody knows never ends a grant', async () => {
    for (const error of ['Something new', 'constructor', '__proto__']) {
      for (const occasion of ['refresh', 'verify'] as const) {
        const unknown = new PlatformError({ status: 403, platformCode: null, message: error })
        expect(classifyError(unknown, occasion).kind).toBe('unavailable')
      }
      const unknown = new PlatformError({ status: 422, platformCode: null, message: error })
      expect(classifyError(unknown, 'publish').kind).toBe('refused')
    }
  })

  it.each([
    [401, 'social.example.org does not behave like a Mastodon server: it answered 401 without saying why.'],
    [
      403,
      'social.example.org does not behave like a Mastodon server: it, or a service in front of it, refuses requests from here (403).',
    ],
    [302, 'social.example.org does not behave like a Mastodon server: it answered 302 without saying why.'],
  ])('%s with a web page comes from something in between', async (status, message) => {
    expect(await thrown({ status, body: '<html>' })).toMatchObject({
      name: 'MalformedResponseError',
      message,
    })
  })

  it('429 says when to come back, as a date', async () => {
    const headers = { 'x-ratelimit-reset': '2026-11-22T12:03:20.123456Z' }
    expect(await thrown({ status: 429, headers, body: { error: 'Too many requests' } })).toMatchObject({
      status: 429,
      retryAfter: new Date('2026-11-22T12:03:20.123Z'),
    })
  })
})

describe('an instance on this machine', () => {
  it('is called only where the operator allowed its exact origin', async () => {
    const http = createHttpClient({ userAgent: 'postmcp-test', logger: silentLogger })
    const { ctx } = cannedContext({})
    for (const named of ['http://127.0.0.1:9', 'https://127.0.0.1:9', 'localhost:9', '@anna@localhost']) {
      await expect(locateServer({ ...ctx, http }, { instance: named })).rejects.toMatchObject({
        reason: 'address_not_allowed',
      })
    }
    await http.close()
  })
})
