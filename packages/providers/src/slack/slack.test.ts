import { createHmac } from 'node:crypto'
import {
  type CodeExchange,
  type InboundCallback,
  isPostMcpError,
  type JsonObject,
  type Occasion,
  PlatformError,
  readTokenAnswer,
} from '@postmcp/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { callSlack, SlackError } from './api.js'
import { classifyError } from './errors.js'
import { access, type Canned, cannedContext, channel, installed, now, token } from './fixtures/context.js'
import { slack } from './index.js'
import { manifest } from './manifest.js'
import { isSigned } from './signature.js'

const signingSecret = '8f742231b10e8888abcd99yyyzzz85a5'
const allScopes = manifest.scopes.filter(({ need }) => need === 'required').map(({ name }) => name)
const authTest: Canned = {
  headers: { 'x-oauth-scopes': allScopes.join(',') },
  body: { ok: true, team: 'Slack Softball', team_id: 'T9TK3CUKW', user_id: 'U0KRQLJ9H' },
}
const refusing = (error: string, more: Record<string, unknown> = {}): Canned => ({
  body: { ok: false, error, ...more },
})

describe('a call of Slack', () => {
  const call = (canned: Canned) => {
    const { ctx, requests } = cannedContext({ 'conversations.info': canned })
    const answer = z.object({ channel: z.object({ id: z.string() }) })
    const query = { channel: 'C012AB3CD' }
    return { requests, result: callSlack(ctx, { method: 'conversations.info', token, query, answer }) }
  }

  it('shows the token in a header only, and reads its scopes from the answer', async () => {
    const { requests, result } = call({
      headers: { 'x-oauth-scopes': 'chat:write,channels:read' },
      body: { ok: true, channel: channel() },
    })
    expect(await result).toEqual({
      data: { channel: { id: 'C012AB3CD' } },
      tokenScopes: ['chat:write', 'channels:read'],
    })
    expect(requests).toEqual([
      {
        method: 'GET',
        url: new URL('https://slack.com/api/conversations.info?channel=C012AB3CD'),
        headers: { authorization: `Bearer ${token}` },
      },
    ])
  })

  it('takes a refusal with status 200 for what it is', async () => {
    const missing = refusing('missing_scope', { needed: 'channels:read,groups:read', provided: 'chat:write' })
    await expect(call(missing).result).rejects.toMatchObject({
      status: 200,
      platformCode: 'missing_scope',
      message: 'The app needs the permission channels:read,groups:read for this.',
      neededScopes: ['channels:read', 'groups:read'],
    })
  })

  it('is told when to come back', async () => {
    const limited = { ...refusing('ratelimited'), status: 429, headers: { 'retry-after': '30' } }
    await expect(call(limited).result).rejects.toMatchObject({
      status: 429,
      platformCode: 'ratelimited',
      retryAfter: new Date('2026-11-22T12:00:30.000Z'),
    })
  })

  it.each<[string, Canned, string]>([
    ['a web page', { body: '<html>' }, 'MalformedResponseError'],
    ['neither yes nor no', { body: { channel: channel() } }, 'MalformedResponseError'],
    ['yes without what was asked', { body: { ok: true } }, 'MalformedResponseError'],
    ['a redirect', { status: 302, body: '' }, 'MalformedResponseError'],
    ['a broken proxy', { status: 503, body: '<html>' }, 'PlatformError'],
  ])('knows %s', async (_, canned, name) => {
    await expect(call(canned).result).rejects.toMatchObject({ name })
  })
})

describe('an error of Slack', () => {
  const classify = (code: string | null, occasion: Occasion = 'verify', status = 200) =>
    classifyError(new PlatformError({ status, platformCode: code, message: '' }), occasion)

  it.each([
    ['token_expired', { kind: 'access_token_expired' }],
    ['invalid_refresh_token', { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' }],
    ['account_inactive', { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' }],
    ['two_factor_setup_required', { status: 'verification_failed', reason: 'authorization_rejected' }],
    ['channel_not_found', { status: 'missing_permission', reason: 'target_not_granted' }],
    ['is_archived', { status: 'verification_failed', reason: 'account_deactivated' }],
    ['restricted_action_read_only_channel', { status: 'missing_permission' }],
    ['slack_connect_file_link_sharing_blocked', { status: 'missing_permission' }],
    ['message_limit_exceeded', { kind: 'rate_limited' }],
    ['bad_client_secret', { kind: 'client_invalid' }],
    ['fatal_error', { kind: 'unavailable' }],
  ])('%s means the same everywhere', (code, meaning) => {
    for (const occasion of ['callback', 'refresh', 'verify', 'publish'] as const)
      expect(classify(code, occasion)).toMatchObject(meaning)
  })

  it('names the scopes that Slack names', () => {
    const error = new SlackError({ status: 200, platformCode: 'missing_scope', message: '' }, ['groups:read'])
    expect(classifyError(error, 'verify')).toEqual({
      kind: 'account_unusable',
      status: 'missing_permission',
      reason: 'scope_missing',
      missingScopes: ['groups:read'],
    })
  })

  it('that is not known ends no grant', () => {
    expect(classify('something_new', 'refresh')).toEqual({ kind: 'unavailable' })
    expect(classify('something_new', 'verify')).toEqual({ kind: 'unavailable' })
    expect(classify('something_new', 'publish')).toEqual({ kind: 'refused' })
    expect(classify('toString', 'publish')).toEqual({ kind: 'refused' })
    expect(classify(null, 'publish', 502)).toEqual({ kind: 'unavailable' })
    expect(classify(null, 'publish', 429)).toEqual({ kind: 'rate_limited' })
  })

  it('of the token endpoint comes with status 200', () => {
    const told = (json: unknown) => slack.readTokenError({ status: 200, json })
    expect(told({ ok: false, error: 'invalid_code' })).toEqual({ platformCode: 'invalid_code', message: '' })
    expect(told(installed())).toBeNull()
    expect(told('<html>')).toBeNull()
  })
})

describe('connecting', () => {
  const exchange = (answer: JsonObject): CodeExchange => ({
    tokens: readTokenAnswer(answer, now),
    answer,
    requestedScopes: [],
    fields: {},
    server: null,
    redirectUri: 'https://postmcp.example.org/accounts/oauth/callback',
  })

  it('makes the workspace the one who granted, without asking anything more', async () => {
    const { ctx, requests } = cannedContext({})
    expect(await slack.identify(ctx, exchange(installed()))).toEqual({
      subject: 'T9TK3CUKW/A0KRD7HC3',
      tokens: { accessToken: token, grantedScopes: ['chat:write', 'channels:read'] },
      grantedScopes: ['chat:write', 'channels:read'],
      settings: {
        teamId: 'T9TK3CUKW',
        teamName: 'Slack Softball',
        appId: 'A0KRD7HC3',
        botUserId: 'U0KRQLJ9H',
      },
      secrets: {},
    })
    expect(requests).toEqual([])
  })

  it('keeps the refresh token of an app with token rotation', async () => {
    const answer = installed({ access_token: 'xoxe.xoxb-1-a', refresh_token: 'xoxe-1-b', expires_in: 43_200 })
    const { tokens } = await slack.identify(cannedContext({}).ctx, exchange(answer))
    expect(tokens).toMatchObject({
      accessToken: 'xoxe.xoxb-1-a',
      refreshToken: 'xoxe-1-b',
      accessTokenExpiresAt: new Date('2026-11-23T00:00:00.000Z'),
    })
  })

  it.each([
    ['is done', { body: { ok: true, revoked: true } }],
    ['fails', refusing('fatal_error')],
  ])('refuses a whole organisation and ends its token, whether or not that %s', async (_, revoked) => {
    const { ctx, asked } = cannedContext({ 'auth.revoke': revoked })
    const answer = installed({
      team: null,
      enterprise: { id: 'E1', name: 'Big' },
      is_enterprise_install: true,
    })
    await expect(slack.identify(ctx, exchange(answer))).rejects.toMatchObject({
      code: 'authorization_failed',
      message:
        'The app was installed for a whole Slack organisation. Only installations in single workspaces can be connected so far; this one was ended again.',
    })
    expect(asked()).toEqual(['auth.revoke'])
  })

  it('does not take a token of a person for that of a bot', async () => {
    await expect(
      slack.identify(cannedContext({}).ctx, exchange(installed({ token_type: 'user' }))),
    ).rejects.toMatchObject({ name: 'MalformedResponseError' })
  })

  it('lists channels page by page until there is no cursor', async () => {
    const page = (channels: unknown[], next_cursor: string): Canned => ({
      body: { ok: true, channels, response_metadata: { next_cursor } },
    })
    const { ctx, requests } = cannedContext({
      'conversations.list': [
        page([channel({ is_member: false })], 'dXNlcjpVMDYxTkZUVDI='),
        page([], 'bmV4dA=='),
        page([channel({ id: 'G2', name: 'board', is_private: true })], ''),
      ],
    })
    const targets = await slack.listTargets(ctx, access())
    expect(targets).toEqual([
      {
        targetId: 'C012AB3CD',
        handle: 'general',
        displayName: '#general (Slack Softball)',
        avatarUrl: null,
        profileUrl: 'https://slack.com/app_redirect?team=T9TK3CUKW&channel=C012AB3CD',
        kind: 'channel',
        settings: { teamId: 'T9TK3CUKW' },
      },
      expect.objectContaining({ targetId: 'G2', kind: 'private_channel' }),
    ])
    expect(requests.map(({ url }) => new URL(url).searchParams.get('cursor'))).toEqual([
      null,
      'dXNlcjpVMDYxTkZUVDI=',
      'bmV4dA==',
    ])
  })

  it('shows the picture of the workspace where it may, and does without where that fails', async () => {
    const list = { body: { ok: true, channels: [channel()] } }
    const granted = access({ grantedScopes: ['team:read'] })
    const icon = 'https://avatars.example.org/132.png'
    const good = cannedContext({
      'conversations.list': list,
      'team.info': { body: { ok: true, team: { icon: { image_132: icon } } } },
    })
    expect(await slack.listTargets(good.ctx, granted)).toMatchObject([{ avatarUrl: icon }])
    const bad = cannedContext({ 'conversations.list': list, 'team.info': refusing('fatal_error') })
    expect(await slack.listTargets(bad.ctx, granted)).toMatchObject([{ avatarUrl: null }])
  })
})

describe('the status of a channel', () => {
  const target = { targetId: 'C012AB3CD', handle: 'general', settings: {}, secrets: {} }
  const verify = (info: Canned, test: Canned = authTest) =>
    slack.verify(cannedContext({ 'auth.test': test, 'conversations.info': info }).ctx, access(), target)
  const info = (more: Record<string, unknown> = {}): Canned => ({
    body: { ok: true, channel: channel(more) },
  })

  it('is active with its present name, also where the bot is not in it', async () => {
    expect(await verify(info({ name: 'renamed', is_member: false }))).toEqual({
      target: expect.objectContaining({ handle: 'renamed', displayName: '#renamed (Slack Softball)' }),
      status: 'active',
      reason: null,
      platformCode: null,
    })
  })

  it.each([
    [
      info({ is_archived: true }),
      { status: 'verification_failed', reason: 'account_deactivated', platformCode: 'is_archived' },
    ],
    [
      info({ is_private: true, is_member: false }),
      { status: 'missing_permission', reason: 'target_not_granted', platformCode: 'not_in_channel' },
    ],
  ])('says what is wrong with it', async (canned, expected) => {
    expect(await verify(canned)).toMatchObject(expected)
  })

  it('names the scopes that the token has lost', async () => {
    const test = { ...authTest, headers: { 'x-oauth-scopes': 'channels:read,groups:read' } }
    expect(await verify(info(), test)).toMatchObject({
      status: 'missing_permission',
      reason: 'scope_missing',
      missingScopes: ['chat:write', 'chat:write.public', 'channels:join', 'files:write', 'files:read'],
    })
    expect(await verify(info(), { ...authTest, headers: {} })).toMatchObject({ status: 'active' })
  })

  it('leaves the refusal to be read from its code', async () => {
    await expect(verify(refusing('channel_not_found'))).rejects.toMatchObject({
      platformCode: 'channel_not_found',
    })
    await expect(verify(info(), refusing('token_revoked'))).rejects.toMatchObject({
      platformCode: 'token_revoked',
    })
  })
})

describe('revoking', () => {
  const done = { body: { ok: true, revoked: true } }

  it.each(['token_revoked', 'invalid_auth', 'account_inactive'])('is done already on %s', async (code) => {
    await slack.revoke(cannedContext({ 'auth.revoke': refusing(code) }).ctx, access())
  })

  it('fetches a new token where the old one ran out: only a living one can end itself', async () => {
    const { ctx, requests } = cannedContext({
      'auth.revoke': [refusing('token_expired'), done],
      'oauth.v2.access': { body: installed({ access_token: 'xoxe.xoxb-1-new' }) },
    })
    await slack.revoke(ctx, access({ tokens: { accessToken: 'old', refreshToken: 'xoxe-1-b' } }))
    expect(requests[1]).toMatchObject({
      method: 'POST',
      body: 'grant_type=refresh_token&refresh_token=xoxe-1-b&client_id=1.2&client_secret=the-client-secret',
    })
    expect(requests[2]).toMatchObject({ headers: { authorization: 'Bearer xoxe.xoxb-1-new' } })
  })

  it('has nothing left to end where the refresh token is gone too', async () => {
    const { ctx, asked } = cannedContext({
      'auth.revoke': refusing('token_expired'),
      'oauth.v2.access': refusing('invalid_refresh_token'),
    })
    await slack.revoke(ctx, access({ tokens: { accessToken: 'old', refreshToken: 'xoxe-1-b' } }))
    expect(asked()).toEqual(['auth.revoke', 'oauth.v2.access'])
  })

  it('says so when it could not be done', async () => {
    const { ctx } = cannedContext({ 'auth.revoke': refusing('fatal_error') })
    await expect(slack.revoke(ctx, access())).rejects.toMatchObject({ platformCode: 'fatal_error' })
  })
})

describe('an event', () => {
  const seconds = Math.floor(now.getTime() / 1000)
  const signed = (body: string, at = seconds, secret = signingSecret): InboundCallback => ({
    method: 'POST',
    headers: new Headers({
      'x-slack-request-timestamp': String(at),
      'x-slack-signature': `v0=${createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex')}`,
    }),
    query: new URLSearchParams(),
    body: Buffer.from(body),
  })
  const event = (inner: Record<string, unknown>) =>
    JSON.stringify({
      token: 'XXYYZZ',
      team_id: 'T9TK3CUKW',
      api_app_id: 'A0KRD7HC3',
      event: inner,
      type: 'event_callback',
      event_id: 'Ev0123',
      event_time: 1234567890,
    })
  const receive = (callback: InboundCallback) => slack.receive(cannedContext({}).ctx, callback)
  const revoked = { type: 'revoked', eventId: 'Ev0123', subject: 'T9TK3CUKW/A0KRD7HC3' }

  it('is checked as the example of the documentation says', () => {
    const headers = new Headers({
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    })
    const body = Buffer.from(
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
    )
    const at = new Date(1_531_420_618_000)
    expect(isSigned({ headers, body }, [signingSecret], at)).toBe(true)
    expect(isSigned({ headers, body }, ['another', signingSecret], at)).toBe(true)
    expect(isSigned({ headers, body }, ['another'], at)).toBe(false)
    expect(isSigned({ headers, body }, [signingSecret], new Date(at.getTime() + 301_000))).toBe(false)
    expect(isSigned({ headers, body }, [signingSecret], new Date(at.getTime() - 301_000))).toBe(false)
  })

  it('answers the challenge, but to nobody without a signature', () => {
    const body = JSON.stringify({ token: 'Jhj5', challenge: '3eZbrw1aBm2rZgRNFd', type: 'url_verification' })
    expect(receive(signed(body))).toEqual([
      { type: 'answer', body: '3eZbrw1aBm2rZgRNFd', contentType: 'text/plain' },
    ])
    expect(() => receive({ ...signed(body), headers: new Headers() })).toThrowError(
      expect.objectContaining({ code: 'unauthorized' }),
    )
  })

  it('of an app that was removed, or of a bot token that was revoked, ends the grants of the workspace', () => {
    expect(receive(signed(event({ type: 'app_uninstalled' })))).toEqual([
      { ...revoked, platformCode: 'app_uninstalled' },
    ])
    expect(receive(signed(event({ type: 'tokens_revoked', tokens: { bot: ['U1'] } })))).toEqual([
      { ...revoked, platformCode: 'tokens_revoked' },
    ])
  })

  it('about other things, or about tokens of people, says nothing', () => {
    expect(receive(signed(event({ type: 'tokens_revoked', tokens: { oauth: ['U1'] } })))).toEqual([])
    expect(receive(signed(event({ type: 'message', text: 'hi' })))).toEqual([])
    expect(receive(signed('[]'))).toEqual([])
  })

  it.each<[string, InboundCallback]>([
    ['of another secret', signed(event({ type: 'app_uninstalled' }), seconds, 'another')],
    ['that is too old', signed(event({ type: 'app_uninstalled' }), seconds - 301)],
    ['from the future', signed(event({ type: 'app_uninstalled' }), seconds + 301)],
    [
      'over another body',
      { ...signed(event({ type: 'app_uninstalled' })), body: Buffer.from(event({ type: 'message' })) },
    ],
  ])('with a signature %s is refused', (_, callback) => {
    expect(() => receive(callback)).toThrowError(expect.objectContaining({ code: 'unauthorized' }))
  })

  it('is also accepted with the previous signing secret, and never without one', () => {
    const { ctx } = cannedContext({})
    const callback = signed(event({ type: 'app_uninstalled' }), seconds, 'the-old-one')
    const withValues = (values: Record<string, string>) => ({
      ...ctx,
      client: { id: '1.2', secrets: [], optionalScopes: [], values },
    })
    const both = withValues({ signingSecret: 'the-new-one', signingSecretPrevious: 'the-old-one' })
    expect(slack.receive(both, callback)).toHaveLength(1)
    try {
      slack.receive(withValues({}), callback)
      expect.unreachable()
    } catch (error) {
      expect(isPostMcpError(error, 'client_not_configured')).toBe(true)
    }
  })
})
