import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSignedRequest } from '../meta/signed-request.js'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve, deny } from '../testing.js'
import { createFacebook } from './index.js'

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const all = 'pages_show_list,pages_read_engagement,pages_manage_posts'
const [clientId, clientSecret] = ['1234567890123456', 'a-simulated-app-secret']

let running: RunningSandbox
beforeEach(async () => {
  running = await startSandbox({ platforms: [createFacebook()] })
})
afterEach(() => running.close())

const base = () => running.platform('facebook').base

function dialog(more: Record<string, string> = {}): string {
  const parameters = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: all,
    state: 'the-state',
    ...more,
  })
  return `${base()}/www/v26.0/dialog/oauth?${parameters}`
}

async function get(path: string, query: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(`${base()}/graph/v26.0/${path}?${new URLSearchParams(query)}`, { method })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const exchange = (code: string, more: Record<string, string> = {}) =>
  get('oauth/access_token', {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uri: redirectUri,
    code,
    ...more,
  })

const codeOf = (address: string) => new URL(address).searchParams.get('code') ?? ''

async function shortToken(more: Record<string, string> = {}): Promise<string> {
  return String((await exchange(codeOf(await approve(dialog(more))))).body.access_token)
}

const longToken = async (short: string) => {
  const { body } = await get('oauth/access_token', {
    grant_type: 'fb_exchange_token',
    client_id: clientId,
    client_secret: clientSecret,
    fb_exchange_token: short,
  })
  return { token: String(body.access_token), body }
}

const inspect = async (token: string) => {
  const { body } = await get('debug_token', {
    input_token: token,
    access_token: `${clientId}|${clientSecret}`,
  })
  return body.data as Record<string, unknown>
}

const pagesOf = async (token: string, more: Record<string, string> = {}) => {
  const fields = 'id,name,access_token,tasks'
  const { body } = await get('me/accounts', { access_token: token, fields, ...more })
  return body as {
    data: { id: string; name: string; access_token: string; tasks: string[] }[]
    paging?: { next?: string; cursors: { after: string } }
  }
}

describe('the dialog', () => {
  it('sends people back with a code, and an odd end of the address', async () => {
    const back = await approve(dialog())
    expect(back).toMatch(/#_=_$/)
    expect(new URL(back).searchParams.get('state')).toBe('the-state')
    expect(codeOf(back)).not.toBe('')
  })

  it('says that they said no', async () => {
    expect(Object.fromEntries(new URL(await deny(dialog())).searchParams)).toEqual({
      error: 'access_denied',
      error_code: '200',
      error_description: 'Permissions error',
      error_reason: 'user_denied',
      state: 'the-state',
    })
  })

  it.each([
    [{ client_id: '1' }, 'Invalid App ID'],
    [{ redirect_uri: 'https://elsewhere.example.org/' }, 'URL Blocked'],
    [{ scope: `${all},read_everything` }, 'Invalid Scopes: read_everything'],
  ])('with %j lets nobody through', async (wrong, words) => {
    const page = await fetch(dialog(wrong))
    expect(page.status).toBe(400)
    expect(await page.text()).toContain(words)
  })
})

describe('the token endpoint', () => {
  it('takes a code once, for the address it was made for, from the app with its secret', async () => {
    const code = codeOf(await approve(dialog()))
    const wrong = [
      await exchange(code, { client_secret: 'wrong' }),
      await exchange(code, { client_id: '1' }),
      await exchange(code, { redirect_uri: `${redirectUri}/` }),
      await exchange('made-up'),
    ]
    const right = await exchange(code)
    expect(right.body).toEqual({ access_token: expect.any(String), token_type: 'bearer', expires_in: 5400 })
    expect([...wrong, await exchange(code)].map(({ status, body }) => [status, body.error])).toMatchObject([
      [400, { code: 1, message: 'Error validating client secret.', type: 'OAuthException' }],
      [400, { code: 101 }],
      [400, { code: 100, error_subcode: 36008 }],
      [400, { code: 100 }],
      [400, { code: 100, error_subcode: 36009 }],
    ])
  })

  it('changes a living token for one of 60 days', async () => {
    const { token, body } = await longToken(await shortToken())
    expect(body).toEqual({ access_token: expect.any(String), token_type: 'bearer', expires_in: 5_183_944 })
    running.sandbox.clock.advance(5_183_944)
    expect((await longToken(token)).body.error).toMatchObject({ code: 190, error_subcode: 463 })
  })
})

describe('the Graph API', () => {
  it('gives Pages tokens without an end only for a long-lived token', async () => {
    const short = await shortToken()
    const { token } = await longToken(short)
    const [ofShort] = (await pagesOf(short)).data
    const [ofLong] = (await pagesOf(token)).data
    expect(await inspect(ofShort?.access_token ?? '')).toMatchObject({
      type: 'PAGE',
      expires_at: expect.any(Number),
    })
    expect((await inspect(ofShort?.access_token ?? '')).expires_at).not.toBe(0)
    expect(await inspect(ofLong?.access_token ?? '')).toMatchObject({
      app_id: clientId,
      type: 'PAGE',
      is_valid: true,
      expires_at: 0,
      profile_id: ofLong?.id,
      scopes: all.split(','),
    })
    expect((await pagesOf(token)).data[0]?.access_token).toBe(ofLong?.access_token)
  })

  it('lists Pages in parts', async () => {
    const token = await shortToken()
    const first = await pagesOf(token, { limit: '2' })
    expect(first.data).toHaveLength(2)
    expect(first.paging?.next).toContain('access_token=')
    const rest = await pagesOf(token, { limit: '2', after: first.paging?.cursors.after ?? '' })
    expect(rest.data.map(({ name }) => name)).toEqual(['Numbers Only'])
    expect(rest.data[0]?.tasks).toEqual(['ANALYZE'])
    expect(rest.paging).not.toHaveProperty('next')
  })

  it('keeps Pages of portfolios apart', async () => {
    const without = await get('me/businesses', { access_token: await shortToken() })
    expect(without).toMatchObject({ status: 403, body: { error: { code: 10 } } })
    const token = await shortToken({ scope: `${all},business_management` })
    const { body } = await get('me/businesses', { access_token: token, fields: 'id,name' })
    const [business] = body.data as { id: string; name: string }[]
    expect(business?.name).toBe('Sandbox Portfolio')
    const owned = await get(`${business?.id}/owned_pages`, { access_token: token, fields: 'name' })
    expect(owned.body.data).toMatchObject([{ name: 'Portfolio Page' }])
  })

  it('refuses a wrong proof and an unknown token', async () => {
    const token = await shortToken()
    const proof = createHmac('sha256', clientSecret).update(token).digest('hex')
    const ask = (query: Record<string, string>) => get('me', { fields: 'id,name', ...query })
    expect((await ask({ access_token: token, appsecret_proof: proof })).body).toMatchObject({
      name: 'Ada Sandbox',
    })
    expect((await ask({ access_token: token, appsecret_proof: 'x' })).body.error).toMatchObject({ code: 100 })
    expect((await ask({ access_token: 'x' })).body.error).toMatchObject({ code: 190 })
    expect(await inspect('x')).toMatchObject({ is_valid: false, error: { code: 190 } })
  })

  it('takes back all permissions, of oneself only', async () => {
    const token = await shortToken()
    const { id } = (await get('me', { access_token: token })).body
    const query = { access_token: token }
    expect((await get('1/permissions', query, 'DELETE')).body.error).toMatchObject({ code: 100 })
    expect((await get(`${id}/permissions`, query, 'DELETE')).body).toEqual({ success: true })
    expect((await get('me', query)).body.error).toMatchObject({ code: 190, error_subcode: 458 })
    expect(await inspect(token)).toMatchObject({ is_valid: false, error: { code: 190, subcode: 458 } })
  })

  it('words a limit by minutes in a header', async () => {
    running.platform('facebook').badDays.set({ fault: 'rate_limited', seconds: 600 })
    const response = await fetch(`${base()}/graph/v26.0/me`)
    expect(response.headers.get('x-business-use-case-usage')).toContain(
      '"estimated_time_to_regain_access":10',
    )
    expect(response.headers.has('retry-after')).toBe(false)
    expect(await response.json()).toMatchObject({ error: { code: 80001 } })
  })
})

it('signs its callbacks over the payload as it is written', () => {
  const body = createSignedRequest(clientSecret, '42', new Date(1_700_000_000_000))
  const [signature = '', payload = ''] = (body.get('signed_request') ?? '').split('.')
  expect(createHmac('sha256', clientSecret).update(payload).digest('base64url')).toBe(signature)
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual({
    user_id: '42',
    algorithm: 'HMAC-SHA256',
    issued_at: 1_700_000_000,
  })
})
