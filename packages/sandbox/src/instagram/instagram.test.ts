import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve, deny } from '../testing.js'
import { createInstagram } from './index.js'

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const all = 'instagram_business_basic,instagram_business_content_publish'
const [clientId, clientSecret] = ['990602627938098', 'a-simulated-instagram-secret']

let running: RunningSandbox
beforeEach(async () => {
  running = await startSandbox({ platforms: [createInstagram()] })
})
afterEach(() => running.close())

const base = () => running.platform('instagram').base

const dialog = (more: Record<string, string> = {}) =>
  `${base()}/www/oauth/authorize?${new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: all,
    state: 'the-state',
    ...more,
  })}`

async function read(response: Promise<Response>) {
  const { status, text } = await response.then(async (one) => ({
    status: one.status,
    text: await one.text(),
  }))
  return { status, text, body: JSON.parse(text) as Record<string, unknown> }
}

const get = (path: string, query: Record<string, string> = {}) =>
  read(fetch(`${base()}/graph/${path}?${new URLSearchParams(query)}`))

const exchange = (code: string, more: Record<string, string> = {}) =>
  read(
    fetch(`${base()}/api/oauth/access_token`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: clientId,
        client_secret: clientSecret,
        grant_type: 'authorization_code',
        redirect_uri: redirectUri,
        code,
        ...more,
      }),
    }),
  )

const codeOf = (address: string) => new URL(address).searchParams.get('code') ?? ''

async function longToken(more: Record<string, string> = {}): Promise<string> {
  const short = String((await exchange(codeOf(await approve(dialog(more))))).body.access_token)
  const { body } = await get('access_token', {
    grant_type: 'ig_exchange_token',
    client_secret: clientSecret,
    access_token: short,
  })
  return String(body.access_token)
}

describe('the authorization window', () => {
  it('sends people back with an odd end of the address, also those who say no', async () => {
    expect(await approve(dialog())).toMatch(/\?code=[^&#]+&state=the-state#_$/)
    const { searchParams } = new URL(await deny(dialog()))
    expect(Object.fromEntries(searchParams)).toMatchObject({
      error: 'access_denied',
      error_reason: 'user_denied',
      state: 'the-state',
    })
  })

  it('lets nobody leave out the basic permission', async () => {
    const back = await approve(dialog(), { scopes: [] })
    expect((await exchange(codeOf(back))).body.permissions).toBe('instagram_business_basic')
  })
})

describe('the token endpoint', () => {
  it('names the account by a number that no number of JavaScript holds', async () => {
    const { text } = await exchange(codeOf(await approve(dialog())))
    const [, digits = ''] = /"user_id":(\d+),/.exec(text) ?? []
    expect(digits).toBe(running.platform('instagram').world.people()[0]?.id)
    expect(Number.isSafeInteger(Number(digits))).toBe(false)
    expect(text).toContain(`"permissions":"${all}"`)
  })

  it('refuses with code 400 and nothing but words to tell why', async () => {
    const code = codeOf(await approve(dialog()))
    const answers = [
      await exchange(code, { client_id: '1' }),
      await exchange(code, { client_secret: 'wrong' }),
      await exchange('made-up'),
    ]
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [400, { error_type: 'OAuthException', code: 400, error_message: 'Invalid platform app' }],
      [400, { error_type: 'OAuthException', code: 400, error_message: 'Error validating client secret.' }],
      [
        400,
        {
          error_type: 'OAuthException',
          code: 400,
          error_message: 'Matching code was not found or was already used.',
        },
      ],
    ])
    expect((await exchange(code)).status).toBe(200)
    expect((await exchange(code)).status).toBe(400)
  })
})

describe('a long-lived token', () => {
  const refresh = (token: string) =>
    get('refresh_access_token', { grant_type: 'ig_refresh_token', access_token: token })

  it('takes the secret to get, and none to extend', async () => {
    const short = String((await exchange(codeOf(await approve(dialog())))).body.access_token)
    const query = { grant_type: 'ig_exchange_token', access_token: short }
    expect((await get('access_token', { ...query, client_secret: 'wrong' })).body.error).toMatchObject({
      code: 1,
    })
    const token = await longToken()
    running.sandbox.clock.advance(86_400)
    expect((await refresh(token)).body).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 5_183_944,
    })
  })

  it('cannot be extended on its first day, nor after its last', async () => {
    const token = await longToken()
    running.sandbox.clock.advance(86_399)
    expect((await refresh(token)).status).toBe(400)
    running.sandbox.clock.advance(60 * 86_400)
    expect((await refresh(token)).body.error).toMatchObject({ code: 190, error_subcode: 463 })
  })
})

describe('the Graph API', () => {
  it('gives the fields that are asked for, and the quota to those who may publish', async () => {
    const token = await longToken()
    const { id } = running.platform('instagram').world.people()[0] ?? { id: '' }
    const me = await get('v26.0/me', { access_token: token, fields: 'user_id,username,account_type' })
    expect(me.body).toEqual({
      id: expect.any(String),
      user_id: id,
      username: 'ada.sandbox',
      account_type: 'BUSINESS',
    })
    const limit = (shown: string) => get(`v26.0/${id}/content_publishing_limit`, { access_token: shown })
    expect((await limit(token)).body).toEqual({
      data: [{ quota_usage: 0, config: { quota_total: 50, quota_duration: 86_400 } }],
    })
    const poor = await longToken({ scope: 'instagram_business_basic' })
    expect((await limit(poor)).body.error).toMatchObject({ code: 10 })
  })

  it('knows nobody but oneself', async () => {
    const query = { access_token: await longToken() }
    expect((await get('v26.0/1/content_publishing_limit', query)).body.error).toMatchObject({
      code: 100,
      error_subcode: 33,
    })
  })
})
