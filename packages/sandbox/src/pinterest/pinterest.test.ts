import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve, deny } from '../testing.js'
import { createPinterest } from './index.js'

type Answer = { status: number; headers: Headers; body: Record<string, unknown> }

const redirectUri = 'http://localhost:4477/accounts/oauth/callback'
const allScopes = 'user_accounts:read,boards:read,boards:write,pins:read,pins:write'

let running: RunningSandbox | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})

async function start() {
  running = await startSandbox({ platforms: [createPinterest()] })
  const handle = running.platform('pinterest')
  const { clientId = '', clientSecret = '' } = handle.app ?? {}
  const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
  const call = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const answer = await fetch(`${handle.base}${path}`, init)
    return {
      status: answer.status,
      headers: answer.headers,
      body: (await answer.json().catch(() => ({}))) as Record<string, unknown>,
    }
  }
  const token = (fields: Record<string, string>, authorization = basic) =>
    call('/v5/oauth/token', {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { authorization },
    })
  const authorizationUrl = (more: Record<string, string> = {}) =>
    `${handle.base}/oauth/?${new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: allScopes,
      state: 'the-state',
      ...more,
    })}`
  const consent = async (more: Record<string, string> = {}) =>
    new URL(await approve(authorizationUrl(more))).searchParams.get('code') ?? ''
  const exchange = (code: string, more: Record<string, string> = {}) =>
    token({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      continuous_refresh: 'true',
      ...more,
    })
  const connect = async (more: Record<string, string> = {}) => {
    const { body } = await exchange(await consent(more))
    return { tokens: body, headers: { authorization: `Bearer ${body.access_token}` } }
  }
  return { handle, call, token, authorizationUrl, consent, exchange, connect, clientId, clientSecret }
}

describe('connecting', () => {
  it('goes from consent to tokens that are formed as documented', async () => {
    const { connect, call } = await start()
    const { tokens, headers } = await connect()
    expect(tokens).toEqual({
      response_type: 'authorization_code',
      access_token: expect.stringMatching(/^pina_/),
      token_type: 'bearer',
      expires_in: 2_592_000,
      scope: allScopes,
      refresh_token: expect.stringMatching(/^pinr\./),
      refresh_token_expires_in: 5_184_000,
      refresh_token_expires_at: expect.any(Number),
    })
    const me = await call('/v5/user_account', { headers })
    expect(me.body).toMatchObject({
      id: expect.stringMatching(/^\d+$/),
      username: 'adasandbox',
      account_type: 'BUSINESS',
      business_name: 'Ada Sandbox Ltd',
    })
    expect(me.headers.get('x-pinterest-rid')).toMatch(/^\d+$/)
  })

  it('gives the state back, and says when it was denied or asked for what is none', async () => {
    const { authorizationUrl } = await start()
    const denied = new URL(await deny(authorizationUrl()))
    expect(Object.fromEntries(denied.searchParams)).toEqual({ error: 'access_denied', state: 'the-state' })
    const faulty = new URL(await approve(authorizationUrl({ scope: 'boards:everything' })))
    expect(faulty.searchParams.get('error')).toBe('invalid_scope')
  })

  it('takes scopes with spaces as well', async () => {
    const { connect } = await start()
    const { tokens } = await connect({ scope: 'boards:read pins:read' })
    expect(tokens.scope).toBe('boards:read,pins:read')
  })

  it.each<[string, Record<string, string>]>([
    ['app', { client_id: 'unknown' }],
    ['redirect address', { redirect_uri: 'https://evil.example/' }],
  ])('sends nobody back for an unknown %s', async (_, more) => {
    const { authorizationUrl } = await start()
    const answer = await fetch(authorizationUrl(more), { redirect: 'manual' })
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
  })

  it('takes the secret by Basic authentication only, and a code once', async () => {
    const { consent, exchange, call, token, clientId, clientSecret } = await start()
    const code = await consent()
    const fields = { grant_type: 'authorization_code', code, redirect_uri: redirectUri }
    const inBody = { ...fields, client_id: clientId, client_secret: clientSecret }
    const refused = { status: 401, body: { code: 2, message: 'Authentication failed.' } }
    const unsigned = { method: 'POST', body: new URLSearchParams(inBody) }
    expect(await call('/v5/oauth/token', unsigned)).toMatchObject(refused)
    const wrong = `Basic ${Buffer.from(`${clientId}:wrong`).toString('base64')}`
    expect(await token(fields, wrong)).toMatchObject(refused)
    expect((await exchange(code)).status).toBe(200)
    expect(await exchange(code)).toMatchObject({
      status: 401,
      body: { code: 283, message: 'The authorization grant is invalid' },
    })
  })
})

describe('tokens', () => {
  it('rotate, and the one before is refused', async () => {
    const { connect, token } = await start()
    const { tokens } = await connect()
    const refresh = () => token({ grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) })
    const { status, body } = await refresh()
    expect(status).toBe(200)
    expect(body).toMatchObject({ response_type: 'refresh_token', refresh_token: expect.any(String) })
    expect(body.refresh_token).not.toBe(tokens.refresh_token)
    expect(await refresh()).toMatchObject({ status: 401, body: { code: 283 } })
  })

  it('end after 30 days, and for good after 60 without a refresh', async () => {
    const { connect, call, token, handle } = await start()
    const { tokens, headers } = await connect()
    handle.clock.advance(30 * 86_400)
    expect(await call('/v5/user_account', { headers })).toMatchObject({ status: 401, body: { code: 2 } })
    handle.clock.advance(30 * 86_400)
    const late = { grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) }
    expect((await token(late)).body).toMatchObject({ code: 283 })
  })

  it('of people cannot be revoked by an app', async () => {
    const { connect, call, clientId, clientSecret } = await start()
    const { tokens, headers } = await connect()
    const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
    const body = new URLSearchParams({ token: String(tokens.access_token) })
    const revoke = { method: 'POST', body, headers: { authorization } }
    expect(await call('/v5/oauth/token/revoke', revoke)).toMatchObject({ status: 403, body: { code: 29 } })
    expect((await call('/v5/user_account', { headers })).status).toBe(200)
  })
})

describe('boards', () => {
  const names = ({ body }: Answer) => (body.items as { name: string }[]).map(({ name }) => name)

  it('are listed page by page, those of others one works on included, secret ones only with their scope', async () => {
    const { connect, call } = await start()
    const { headers } = await connect()
    const first = await call('/v5/boards?page_size=2', { headers })
    expect(names(first)).toEqual(['Recipes', 'Ad-only Pins'])
    const second = await call(`/v5/boards?page_size=2&bookmark=${first.body.bookmark}`, { headers })
    expect([names(second), second.body.bookmark]).toEqual([['Travel together'], null])
    const more = await connect({ scope: 'boards:read boards:read_secret' })
    expect(names(await call('/v5/boards?privacy=SECRET', { headers: more.headers }))).toEqual([
      'Secret plans',
    ])
  })

  it('are shown to those who own them or work on them', async () => {
    const { connect, call, handle } = await start()
    const { headers } = await connect()
    const idOf = (name: string) => handle.world.resources('board').find((one) => one.name === name)?.id
    expect((await call(`/v5/boards/${idOf('Travel together')}`, { headers })).body).toMatchObject({
      owner: { username: 'bensandbox' },
      privacy: 'PUBLIC',
    })
    for (const name of ['Bicycles', 'Secret plans']) {
      expect(await call(`/v5/boards/${idOf(name)}`, { headers })).toMatchObject({
        status: 403,
        body: { code: 7, message: 'Not authorized to access board or Pin.' },
      })
    }
    expect(await call('/v5/boards/1', { headers })).toMatchObject({ status: 404, body: { code: 40 } })
    expect(await call('/v5/boards/recipes', { headers })).toMatchObject({ status: 400, body: { code: 1 } })
  })

  it('can be created', async () => {
    const { connect, call } = await start()
    const { headers } = await connect()
    const create = (body: object) =>
      call('/v5/boards', {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    expect(await create({ name: 'New', privacy: 'PUBLIC' })).toMatchObject({
      status: 201,
      body: { id: expect.stringMatching(/^\d+$/), name: 'New' },
    })
    expect((await create({ name: '' })).body).toMatchObject({ code: 1 })
  })
})

describe('refusing', () => {
  it('words what is wrong as the API does', async () => {
    const { connect, call, handle } = await start()
    const missing = await connect({ scope: 'pins:read' })
    expect(await call('/v5/boards', { headers: missing.headers })).toMatchObject({
      status: 401,
      body: { code: 3 },
    })
    expect(await call('/v5/boards', {})).toMatchObject({ status: 401, body: { code: 2 } })
    const { headers } = await connect()
    expect(await call('/v5/boards?page_size=3e', { headers })).toMatchObject({
      status: 400,
      body: { code: 1 },
    })
    const [ada] = handle.world.people()
    handle.world.setCondition(ada?.id ?? '', 'under_review')
    expect(await call('/v5/boards', { headers })).toMatchObject({ status: 403, body: { code: 2626 } })
  })

  it('has bad days', async () => {
    const { connect, call, handle } = await start()
    const { headers } = await connect()
    handle.badDays.failNext('rate_limited')
    const busy = await call('/v5/boards', { headers })
    expect([busy.status, busy.body.code, busy.headers.get('x-ratelimit-reset')]).toEqual([429, 8, '120'])
  })
})
