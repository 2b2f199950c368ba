import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve } from '../testing.js'
import { createThreads } from './index.js'

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const all = 'threads_basic,threads_content_publish'
const [clientId, clientSecret] = ['2345678901234567', 'a-simulated-threads-secret']

let running: RunningSandbox
beforeEach(async () => {
  running = await startSandbox({ platforms: [createThreads()] })
})
afterEach(() => running.close())

const base = () => running.platform('threads').base

const dialog = (more: Record<string, string> = {}) =>
  `${base()}/www/oauth/authorize?${new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: all,
    state: 'the-state',
    ...more,
  })}`

const get = async (path: string, query: Record<string, string>) => {
  const response = await fetch(`${base()}/graph/${path}?${new URLSearchParams(query)}`)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function exchange(): Promise<string> {
  const code = new URL(await approve(dialog())).searchParams.get('code') ?? ''
  const response = await fetch(`${base()}/graph/oauth/access_token`, {
    method: 'POST',
    body: new URLSearchParams({
      client_id: clientId,
      client_secret: clientSecret,
      grant_type: 'authorization_code',
      redirect_uri: redirectUri,
      code,
    }),
  })
  return response.text()
}

async function longToken(): Promise<string> {
  const query = { grant_type: 'th_exchange_token', client_secret: clientSecret }
  const { access_token } = JSON.parse(await exchange()) as { access_token: string }
  return String((await get('access_token', { ...query, access_token })).body.access_token)
}

describe('logging in', () => {
  it.each([
    [{ client_id: '1' }, 'error_code 4476002'],
    [{ redirect_uri: 'https://elsewhere.example.org/' }, 'error_code 1349168'],
  ])('with %j is refused', async (wrong, words) => {
    const page = await fetch(dialog(wrong))
    expect(page.status).toBe(400)
    expect(await page.text()).toContain(words)
  })

  it('gives a token and a number that no number of JavaScript holds, and nothing else', async () => {
    const text = await exchange()
    expect(text).toMatch(/^\{"access_token":"[^"]+","user_id":\d{17}\}$/)
    expect(text).toContain(running.platform('threads').world.people()[0]?.id)
  })
})

describe('a long-lived token', () => {
  it('can be extended after a day, without a secret', async () => {
    const access_token = await longToken()
    const refresh = () => get('refresh_access_token', { grant_type: 'th_refresh_token', access_token })
    expect((await refresh()).status).toBe(400)
    running.sandbox.clock.advance(86_400)
    expect((await refresh()).body).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 5_183_944,
    })
  })

  it('says of itself what it is good for', async () => {
    const access_token = await longToken()
    const query = { access_token, input_token: access_token }
    const byApp = { ...query, access_token: `TH|${clientId}|${clientSecret}` }
    expect((await get('v1.0/debug_token', byApp)).body.data).toMatchObject({ is_valid: true })
    expect((await get('debug_token', query)).body.data).toMatchObject({
      is_valid: true,
      scopes: all.split(','),
    })
    running.sandbox.clock.advance(5_183_944)
    expect((await get('debug_token', query)).body.error).toMatchObject({ code: 190, error_subcode: 463 })
    expect((await get('debug_token', byApp)).body.data).toMatchObject({ is_valid: false })
  })
})

describe('the API', () => {
  it('describes the profile and its quota', async () => {
    const access_token = await longToken()
    const { id } = running.platform('threads').world.people()[0] ?? { id: '' }
    expect((await get('v1.0/me', { access_token, fields: 'id,username' })).body).toEqual({
      id,
      username: 'ada.sandbox',
    })
    const fields = 'quota_usage,config'
    expect((await get(`v1.0/${id}/threads_publishing_limit`, { access_token, fields })).body).toEqual({
      data: [{ quota_usage: 0, config: { quota_total: 250, quota_duration: 86_400 } }],
    })
  })
})
