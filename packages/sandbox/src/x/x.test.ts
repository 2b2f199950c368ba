import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve, deny } from '../testing.js'
import { createX } from './index.js'

let sandbox: RunningSandbox
afterEach(() => sandbox.close())

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const verifier = 'a-verifier-that-is-long-enough-for-rfc-7636-0123456789'
const SCOPES = 'tweet.read tweet.write users.read media.write offline.access'

/** What the tests look at of an answer. */
interface Answer {
  access_token: string
  refresh_token: string
  error: string
}

async function start() {
  sandbox = await startSandbox({ platforms: [createX()] })
  const handle = sandbox.platform('x')
  const { base, world, clock, tokens } = handle
  const { clientId = '', clientSecret = '' } = handle.app ?? {}
  const authorizationUrl = (more: Record<string, string> = {}) =>
    `${base}/i/oauth2/authorize?${new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: SCOPES,
      state: 's1',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...more,
    })}`
  const basic = (secret: string) => `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`
  const post = async (path: string, form: Record<string, string>, authorization = basic(clientSecret)) => {
    const response = await fetch(`${base}/2/oauth2/${path}`, {
      method: 'POST',
      headers: { authorization },
      body: new URLSearchParams(form),
    })
    return { status: response.status, body: (await response.json()) as Answer }
  }
  const exchange = (back: string, more: Record<string, string> = {}) =>
    post('token', {
      grant_type: 'authorization_code',
      code: new URL(back).searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
      code_verifier: verifier,
      ...more,
    })
  const connect = async (more: Record<string, string> = {}) =>
    (await exchange(await approve(authorizationUrl(more)))).body
  const renew = (refreshToken: string) =>
    post('token', { grant_type: 'refresh_token', refresh_token: refreshToken })
  const getMe = async (accessToken: string, fields = '') => {
    const response = await fetch(`${base}/2/users/me${fields && `?user.fields=${fields}`}`, {
      headers: { authorization: `Bearer ${accessToken}` },
    })
    const { status, headers } = response
    return { status, headers, body: (await response.json()) as Record<string, unknown> }
  }
  const personId = world.people()[0]?.id ?? ''
  return { authorizationUrl, basic, post, exchange, connect, renew, getMe, world, clock, tokens, personId }
}

describe('the authorization page', () => {
  it.each([
    { client_id: 'nobody' },
    { redirect_uri: 'https://evil.example.org/' },
    { redirect_uri: 'http://localhost:4477/accounts/oauth/callback' },
    { code_challenge: '' },
    { scope: 'everything' },
    { state: 's'.repeat(501) },
    { response_type: 'token' },
  ])('shows that something went wrong, and sends nobody back: %j', async (more) => {
    const { authorizationUrl } = await start()
    const page = await fetch(authorizationUrl(more as Record<string, string>), { redirect: 'manual' })
    expect(page.status).toBe(400)
    expect(await page.text()).toContain('Something went wrong')
  })

  it('sends back who does not want to', async () => {
    const { authorizationUrl } = await start()
    const back = new URL(await deny(authorizationUrl()))
    expect(Object.fromEntries(back.searchParams)).toEqual({ error: 'access_denied', state: 's1' })
  })
})

describe('tokens', () => {
  it('come for a code that lives 30 seconds and serves once', async () => {
    const { authorizationUrl, exchange, clock } = await start()
    const back = await approve(authorizationUrl())
    const { status, body } = await exchange(back)
    expect(status).toBe(200)
    expect(body).toMatchObject({ token_type: 'bearer', expires_in: 7200, scope: SCOPES })
    expect(await exchange(back)).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    const slow = await approve(authorizationUrl())
    clock.advance(31)
    expect((await exchange(slow)).body.error).toBe('invalid_request')
  })

  it('are given to who knows the verifier and the secret', async () => {
    const { authorizationUrl, exchange, post, basic } = await start()
    const back = await approve(authorizationUrl())
    expect((await exchange(back, { code_verifier: 'another' })).status).toBe(400)
    expect(await post('token', { grant_type: 'refresh_token' }, basic('wrong'))).toMatchObject({
      status: 401,
      body: { error: 'unauthorized_client' },
    })
    expect((await post('token', { grant_type: 'password' })).body.error).toBe('invalid_request')
  })

  it('hold no refresh token without offline.access', async () => {
    const { connect } = await start()
    expect(await connect({ scope: 'tweet.read users.read' })).not.toHaveProperty('refresh_token')
  })

  it('are replaced with each refresh; one shown twice ends the connection', async () => {
    const { connect, renew, getMe } = await start()
    const first = await connect()
    const { body: second } = await renew(first.refresh_token)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(await renew(first.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: 'Value passed for the token was invalid.' },
    })
    expect((await renew(second.refresh_token)).status).toBe(400)
    expect((await getMe(second.access_token)).status).toBe(401)
  })

  it('are ended one by one', async () => {
    const { connect, post, renew, getMe } = await start()
    const { access_token, refresh_token } = await connect()
    expect(await post('revoke', { token: refresh_token })).toMatchObject({ body: { revoked: true } })
    expect((await renew(refresh_token)).status).toBe(400)
    expect((await getMe(access_token)).status).toBe(200)
    await post('revoke', { token: access_token })
    expect((await getMe(access_token)).status).toBe(401)
    expect((await post('revoke', { token: 'unknown' })).body.error).toBe('invalid_request')
  })
})

describe('the own account', () => {
  it('is shown with the fields that are asked for', async () => {
    const { connect, getMe, world, personId } = await start()
    const { access_token } = await connect()
    expect((await getMe(access_token)).body).toEqual({
      data: { id: personId, name: 'Ada Sandbox', username: 'ada_sandbox' },
    })
    world.setCondition(personId, 'protected')
    expect((await getMe(access_token, 'protected,subscription_type')).body).toMatchObject({
      data: { protected: true, subscription_type: 'None' },
    })
    const refused = await getMe(access_token, 'shoe_size')
    expect(refused.status).toBe(400)
    expect(refused.body.type).toBe('https://api.x.com/2/problems/invalid-request')
  })

  it('takes both scopes, and X does not say which one is missing', async () => {
    const { connect, getMe } = await start()
    const { access_token } = await connect({ scope: 'users.read' })
    const { status, headers, body } = await getMe(access_token)
    expect({ status, body }).toEqual({
      status: 403,
      body: { title: 'Forbidden', detail: 'Forbidden', type: 'about:blank', status: 403 },
    })
    expect(headers.get('content-type')).toBe('application/problem+json')
  })

  it.each([
    ['suspended', 403, 'about:blank'],
    ['locked', 403, 'about:blank'],
    ['client_not_enrolled', 403, 'https://api.x.com/2/problems/client-forbidden'],
    ['usage_capped', 429, 'https://api.x.com/2/problems/usage-capped'],
    ['credits_depleted', 402, 'about:blank'],
  ])('is refused when %s', async (condition, status, type) => {
    const { connect, getMe, world, personId } = await start()
    const { access_token } = await connect()
    world.setCondition(personId, condition)
    const answer = await getMe(access_token)
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({ type, status })
    expect(answer.headers.get('x-rate-limit-reset')).toMatch(/^\d+$/)
  })

  it('may be looked at 75 times in 15 minutes', async () => {
    const { connect, getMe, clock } = await start()
    const { access_token } = await connect()
    for (let count = 1; count <= 75; count++) await getMe(access_token)
    const { status, headers } = await getMe(access_token)
    expect(status).toBe(429)
    expect(headers.get('x-rate-limit-remaining')).toBe('0')
    expect(headers.get('retry-after')).toBeNull()
    expect(headers.get('x-transaction-id')).toMatch(/^[0-9a-f]{16}$/)
    clock.advance(901)
    expect((await getMe(access_token)).status).toBe(200)
  })

  it('is told of trouble as of anything else: as a problem', async () => {
    const { connect, getMe } = await start()
    const { access_token } = await connect()
    sandbox.platform('x').badDays.set({ fault: 'server_error' })
    const { status, headers, body } = await getMe(access_token)
    expect(headers.get('content-type')).toBe('application/problem+json')
    expect({ status, body }).toMatchObject({ status: 503, body: { type: 'about:blank', status: 503 } })
  })

  it('is nobody’s without a living token', async () => {
    const { connect, getMe, clock } = await start()
    const { access_token } = await connect()
    clock.advance(7201)
    for (const token of [access_token, 'unknown']) {
      expect((await getMe(token)).body).toEqual({
        title: 'Unauthorized',
        detail: 'Unauthorized',
        type: 'about:blank',
        status: 401,
      })
    }
  })
})
