import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve, deny } from '../testing.js'
import { createTikTok } from './index.js'

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const scope = 'user.info.basic,video.publish,video.upload'

let running: RunningSandbox | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})

async function start() {
  running = await startSandbox({ platforms: [createTikTok()] })
  const handle = running.platform('tiktok')
  const { world, endpoints, app } = handle
  const client = { client_key: app?.clientId ?? '', client_secret: app?.clientSecret ?? '' }
  const [ada, ben] = world.people()
  const authorizationUrl = (more: Record<string, string> = {}) =>
    `${endpoints.www}/v2/auth/authorize/?${new URLSearchParams({
      client_key: client.client_key,
      response_type: 'code',
      scope,
      redirect_uri: redirectUri,
      state: 'the state',
      ...more,
    })}`
  const call = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${endpoints.open}${path}`, init)
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  const send = (path: string, fields: Record<string, string>) =>
    call(path, { method: 'POST', body: new URLSearchParams(fields) })
  const consent = async (decision: Parameters<typeof approve>[1] = {}) =>
    new URL(await approve(authorizationUrl(), decision))
  const exchange = (code: string, more: Record<string, string> = {}) =>
    send('/v2/oauth/token/', {
      ...client,
      code,
      grant_type: 'authorization_code',
      redirect_uri: redirectUri,
      ...more,
    })
  const connect = async (decision: Parameters<typeof approve>[1] = {}) => {
    const { body } = await exchange((await consent(decision)).searchParams.get('code') ?? '')
    return { body, token: String(body.access_token), refreshToken: String(body.refresh_token) }
  }
  const refresh = (refreshToken: string) =>
    send('/v2/oauth/token/', { ...client, grant_type: 'refresh_token', refresh_token: refreshToken })
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const userInfo = (token: string, fields = 'open_id,union_id,avatar_url,display_name') =>
    call(`/v2/user/info/?fields=${fields}`, { headers: bearer(token) })
  const creatorInfo = (token: string) =>
    call('/v2/post/publish/creator_info/query/', { method: 'POST', headers: bearer(token) })
  return {
    handle,
    world,
    client,
    ada: ada!,
    ben: ben!,
    authorizationUrl,
    send,
    consent,
    exchange,
    connect,
    refresh,
    userInfo,
    creatorInfo,
  }
}

describe('connecting', () => {
  it('goes through consent and exchange to the account', async () => {
    const { connect, userInfo, creatorInfo, ada } = await start()
    const { body, token } = await connect()
    expect(body).toEqual({
      open_id: ada.id,
      scope,
      access_token: expect.stringMatching(/^act\./),
      expires_in: 7200,
      refresh_token: expect.stringMatching(/^rft\./),
      refresh_expires_in: 15_552_000,
      token_type: 'Bearer',
    })
    expect(ada.id).toMatch(/^-000/)
    expect((await userInfo(token)).body).toEqual({
      data: {
        user: {
          open_id: ada.id,
          union_id: ada.facts.unionId,
          avatar_url: expect.stringContaining('x-expires='),
          display_name: 'Ada Sandbox',
        },
      },
      error: { code: 'ok', message: '', log_id: expect.any(String) },
    })
    expect((await creatorInfo(token)).body).toMatchObject({
      data: {
        creator_username: 'ada.sandbox',
        privacy_level_options: ['PUBLIC_TO_EVERYONE', 'MUTUAL_FOLLOW_FRIENDS', 'SELF_ONLY'],
      },
      error: { code: 'ok' },
    })
  })

  it('tells in the callback which scopes are left', async () => {
    const { consent } = await start()
    const back = (await consent({ scopes: ['user.info.basic', 'video.publish'] })).searchParams
    expect(back.get('scopes')).toBe('user.info.basic,video.publish')
    expect(back.get('state')).toBe('the state')
  })

  it('says when it was denied, or everything was switched off', async () => {
    const { authorizationUrl } = await start()
    for (const address of [await deny(authorizationUrl()), await approve(authorizationUrl(), { scopes: [] })])
      expect(new URL(address).searchParams.get('error')).toBe('access_denied')
  })

  it('wants the code decoded', async () => {
    const { consent, exchange } = await start()
    const back = await consent()
    const raw = /[?&]code=([^&]+)/.exec(back.search)?.[1] ?? ''
    expect(raw).toContain('%21')
    expect(await exchange(raw)).toMatchObject({ status: 200, body: { error: 'invalid_grant' } })
    expect((await exchange(decodeURIComponent(raw))).body).toHaveProperty('access_token')
  })

  it.each([
    [{ scope: 'user.info.basic video.publish' }, 'invalid_scope'],
    [{ scope: '' }, 'invalid_scope'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
  ])('sends somebody back with %j, for %s', async (more, error) => {
    const { authorizationUrl } = await start()
    const back = new URL(await approve(authorizationUrl(more))).searchParams
    expect(Object.fromEntries(back)).toMatchObject({ error, state: 'the state' })
  })

  it.each([
    [{ client_key: 'x' }, 'client_key'],
    [{ redirect_uri: `${redirectUri}/` }, 'redirect_uri'],
  ])('keeps somebody who comes with %j', async (more, what) => {
    const { authorizationUrl } = await start()
    const page = await fetch(authorizationUrl(more), { redirect: 'manual' })
    expect(page.status).toBe(400)
    expect(await page.text()).toContain(what)
  })

  it.each([
    [{ client_secret: 'x' }, 'invalid_client'],
    [{ client_key: 'x' }, 'invalid_client'],
    [{ client_key: '', client_id: 'aw1234567890abcd' }, 'invalid_request'],
    [{ redirect_uri: 'http://127.0.0.1:1/accounts/oauth/callback' }, 'invalid_grant'],
    [{ grant_type: 'x' }, 'unsupported_grant_type'],
  ])('refuses the exchange with %j by an answer of status 200', async (more, error) => {
    const { consent, exchange } = await start()
    const code = (await consent()).searchParams.get('code') ?? ''
    expect(await exchange(code, more)).toEqual({
      status: 200,
      body: { error, error_description: expect.any(String), log_id: expect.any(String) },
    })
  })
})

describe('tokens', () => {
  it('rotate, and the one before stops working without ending anything else', async () => {
    const { connect, refresh, userInfo, handle } = await start()
    const first = await connect()
    handle.clock.advance(7201)
    expect(await userInfo(first.token)).toMatchObject({
      status: 401,
      body: { error: { code: 'access_token_invalid' } },
    })
    const { body } = await refresh(first.refreshToken)
    expect(body.refresh_token).not.toBe(first.refreshToken)
    expect(await refresh(first.refreshToken)).toMatchObject({ body: { error: 'invalid_grant' } })
    expect((await userInfo(String(body.access_token))).status).toBe(200)
  })

  it('are revoked by a living access token, with everything the account granted', async () => {
    const { connect, refresh, send, client, userInfo } = await start()
    const { token, refreshToken } = await connect()
    const other = await connect()
    expect(await send('/v2/oauth/revoke/', { ...client, token })).toEqual({ status: 200, body: {} })
    expect((await userInfo(other.token)).status).toBe(401)
    expect((await refresh(refreshToken)).body).toMatchObject({ error: 'invalid_grant' })
    const again = await send('/v2/oauth/revoke/', { ...client, token })
    expect(again.body).toMatchObject({ error: 'invalid_grant' })
    expect((await send('/v2/oauth/revoke/', { token })).body).toMatchObject({ error: 'invalid_request' })
  })
})

describe('the API', () => {
  it.each([
    ['open_id,username', 400, 'scope_permission_missed'],
    ['open_id,shoe_size', 400, 'invalid_params'],
    ['', 400, 'invalid_params'],
  ])('refuses the fields %s as a whole', async (fields, status, code) => {
    const { connect, userInfo } = await start()
    const answer = await userInfo((await connect()).token, fields)
    expect(answer).toMatchObject({ status, body: { error: { code } } })
  })

  it('refuses what was not granted', async () => {
    const { connect, creatorInfo } = await start()
    const { token } = await connect({ scopes: ['user.info.basic'] })
    expect(await creatorInfo(token)).toMatchObject({
      status: 401,
      body: { error: { code: 'scope_not_authorized' } },
    })
  })

  it.each([
    ['banned_from_posting', 'spam_risk_user_banned_from_posting'],
    ['too_many_posts', 'spam_risk_too_many_posts'],
    ['too_many_drafts', 'spam_risk_too_many_pending_share'],
    ['app_cap_reached', 'reached_active_user_cap'],
  ])('tells somebody who is %s with status 200', async (condition, code) => {
    const { connect, creatorInfo, userInfo, world, ada } = await start()
    const { token } = await connect()
    world.setCondition(ada.id, condition)
    expect(await creatorInfo(token)).toMatchObject({ status: 200, body: { error: { code } } })
    expect((await userInfo(token)).body).toMatchObject({ error: { code: 'ok' } })
  })

  it.each(['banned', 'deleted'])('knows no token of somebody who is %s', async (condition) => {
    const { connect, userInfo, refresh, world, ada } = await start()
    const { token, refreshToken } = await connect()
    world.setCondition(ada.id, condition)
    expect((await userInfo(token)).status).toBe(401)
    expect((await refresh(refreshToken)).body).toMatchObject({ error: 'invalid_grant' })
  })

  it('offers no public posts to private accounts', async () => {
    const { connect, creatorInfo, ben } = await start()
    const { body } = await creatorInfo((await connect({ personId: ben.id })).token)
    expect(body).toMatchObject({
      data: { privacy_level_options: ['FOLLOWER_OF_CREATOR', 'MUTUAL_FOLLOW_FRIENDS', 'SELF_ONLY'] },
    })
  })
})
