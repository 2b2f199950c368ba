import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve, deny } from '../testing.js'
import { createYouTube } from './index.js'

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const codeVerifier = 'a-verifier-that-is-long-enough-for-the-standard'
const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')
const prefix = 'https://www.googleapis.com/auth/'
const upload = `${prefix}youtube.upload`
const readonly = `${prefix}youtube.readonly`
const scope = `openid ${upload} ${readonly}`

let running: RunningSandbox | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})

async function start(options: Parameters<typeof createYouTube>[0] = {}) {
  running = await startSandbox({ platforms: [createYouTube(options)] })
  const handle = running.platform('youtube')
  const { world, endpoints, app } = handle
  const { clientId = '', clientSecret = '' } = app ?? {}
  const [ada] = world.people()
  const [personal, brand] = world.resourcesOf(ada!.id, 'channel')
  const authorizationUrl = (more: Record<string, string> = {}) =>
    `${endpoints.accounts}/o/oauth2/v2/auth?${new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope,
      state: 'the state',
      access_type: 'offline',
      prompt: 'consent',
      code_challenge: codeChallenge,
      code_challenge_method: 'S256',
      ...more,
    })}`
  const read = async (answer: Response) => ({
    status: answer.status,
    headers: answer.headers,
    body: (await answer.json()) as Record<string, unknown>,
  })
  const send = async (path: string, fields: Record<string, string>) =>
    read(await fetch(`${endpoints.oauth}${path}`, { method: 'POST', body: new URLSearchParams(fields) }))
  const client = { client_id: clientId, client_secret: clientSecret }
  const exchange = (code: string, more: Record<string, string> = {}) =>
    send('/token', {
      ...client,
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: codeVerifier,
      ...more,
    })
  const consent = async (decision: Parameters<typeof approve>[1] = {}, more: Record<string, string> = {}) =>
    new URL(await approve(authorizationUrl(more), decision)).searchParams.get('code') ?? ''
  const connect = async (decision: Parameters<typeof approve>[1] = {}, more: Record<string, string> = {}) => {
    const { body } = await exchange(await consent(decision, more))
    return {
      body,
      token: String(body.access_token),
      refreshToken: String(body.refresh_token),
      sub: (
        JSON.parse(Buffer.from(String(body.id_token).split('.')[1] ?? '', 'base64url').toString()) as {
          sub: string
        }
      ).sub,
    }
  }
  const channels = async (token: string, query = 'part=id,snippet&mine=true') =>
    read(
      await fetch(`${endpoints.api}/youtube/v3/channels?${query}`, {
        headers: { authorization: `Bearer ${token}` },
      }),
    )
  const refresh = (refreshToken: string) =>
    send('/token', { ...client, grant_type: 'refresh_token', refresh_token: refreshToken })
  return {
    handle,
    world,
    ada: ada!,
    personal: personal!,
    brand: brand!,
    authorizationUrl,
    send,
    client,
    exchange,
    consent,
    connect,
    channels,
    refresh,
  }
}

describe('connecting', () => {
  it('goes through consent and exchange to the channel', async () => {
    const { connect, channels, personal, ada } = await start()
    const { body, token, sub } = await connect()
    expect(body).toEqual({
      access_token: expect.stringMatching(/^ya29\./),
      expires_in: 3599,
      refresh_token: expect.stringMatching(/^1\/\//),
      scope,
      token_type: 'Bearer',
      id_token: expect.any(String),
    })
    expect(sub).toBe(ada.id)
    expect((await channels(token)).body).toMatchObject({
      kind: 'youtube#channelListResponse',
      pageInfo: { totalResults: 1 },
      items: [{ id: personal.id, snippet: { title: 'Ada Sandbox', customUrl: '@ada-sandbox' } }],
    })
  })

  it('gives a state and a code back as they are, and says when it was denied', async () => {
    const { authorizationUrl } = await start()
    const allowed = new URL(await approve(authorizationUrl())).searchParams
    expect(allowed.get('state')).toBe('the state')
    expect(allowed.get('code')).toMatch(/^4\/0A/)
    const denied = new URL(await deny(authorizationUrl())).searchParams
    expect(Object.fromEntries(denied)).toEqual({ state: 'the state', error: 'access_denied' })
  })

  it.each([
    [{ client_id: 'x' }, 401, 'invalid_client'],
    [{ redirect_uri: `${redirectUri}/` }, 400, 'redirect_uri_mismatch'],
    [{ scope: '' }, 400, 'invalid_request'],
    [{ scope: 'youtube.upload' }, 400, 'invalid_scope'],
    [{ response_type: 'token' }, 400, 'unsupported_response_type'],
    [{ code_challenge_method: 'plain' }, 400, 'invalid_request'],
  ])('shows the mistake %j to the person', async (more, status, code) => {
    const { authorizationUrl } = await start()
    const page = await fetch(authorizationUrl(more), { redirect: 'manual' })
    expect(page.status).toBe(status)
    expect(await page.text()).toContain(code)
  })

  it.each([
    [{ code_verifier: 'x' }, 400, 'invalid_grant'],
    [{ code: 'x' }, 400, 'invalid_grant'],
    [{ redirect_uri: 'http://127.0.0.1:1/accounts/oauth/callback' }, 400, 'redirect_uri_mismatch'],
    [{ client_secret: 'x' }, 401, 'invalid_client'],
    [{ client_id: 'x' }, 401, 'invalid_client'],
    [{ grant_type: 'x' }, 400, 'unsupported_grant_type'],
  ])('refuses the exchange with %j', async (more, status, error) => {
    const { exchange, consent } = await start()
    const answer = await exchange(await consent(), more)
    expect(answer).toMatchObject({ status, body: { error } })
  })

  it('lets people leave boxes empty, and takes none ticked for a denial', async () => {
    const { connect, channels, authorizationUrl } = await start()
    const { body, token } = await connect({ scopes: [upload] })
    expect(body.scope).toBe(`openid ${upload}`)
    expect(await channels(token)).toMatchObject({
      status: 403,
      body: { error: { errors: [{ reason: 'insufficientPermissions' }], status: 'PERMISSION_DENIED' } },
    })
    const none = new URL(await approve(authorizationUrl(), { scopes: [] }))
    expect(none.searchParams.get('error')).toBe('access_denied')
  })

  it('gives a refresh token for offline access only, and again only with a new consent', async () => {
    const { connect } = await start()
    expect((await connect({}, { access_type: 'online' })).body).not.toHaveProperty('refresh_token')
    const { connect: again } = await start()
    expect((await again({}, { prompt: '' })).body).toHaveProperty('refresh_token')
    expect((await again({}, { prompt: '' })).body).not.toHaveProperty('refresh_token')
    expect((await again()).body).toHaveProperty('refresh_token')
  })

  it('adds what was granted before where that is asked for', async () => {
    const { connect } = await start()
    await connect()
    const more = { scope: `openid ${readonly}` }
    expect((await connect({}, more)).body.scope).toBe(`openid ${readonly}`)
    const { body } = await connect({}, { ...more, include_granted_scopes: 'true' })
    expect(body.scope).toBe(`openid ${readonly} ${upload}`)
  })

  it('binds a token to the channel that was chosen; a brand channel is an identity of its own', async () => {
    const { connect, channels, ada, personal, brand, send } = await start()
    const one = await connect({ personId: ada.id, resourceIds: [personal.id] })
    const other = await connect({ personId: ada.id, resourceIds: [brand.id] })
    expect(other.sub).not.toBe(one.sub)
    expect((await channels(other.token)).body).toMatchObject({ items: [{ id: brand.id }] })
    await send('/revoke', { token: one.token })
    expect((await channels(one.token)).status).toBe(401)
    expect((await channels(other.token)).status).toBe(200)
  })
})

describe('tokens', () => {
  it('are refreshed by the same token as often as one likes', async () => {
    const { connect, refresh, channels, handle } = await start()
    const { refreshToken, token } = await connect()
    handle.clock.advance(3601)
    expect(await channels(token)).toMatchObject({
      status: 401,
      body: { error: { errors: [{ reason: 'authError' }] } },
    })
    const answers = await Promise.all([refresh(refreshToken), refresh(refreshToken)])
    for (const { body } of answers) {
      expect(body).not.toHaveProperty('refresh_token')
      expect((await channels(String(body.access_token))).status).toBe(200)
    }
  })

  it('of a project in testing end after 7 days, and say so', async () => {
    const { connect, refresh, handle } = await start({ isTesting: true })
    const { refreshToken, body } = await connect()
    expect(body.refresh_token_expires_in).toBe(604_800)
    handle.clock.advance(604_801)
    expect(await refresh(refreshToken)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' },
    })
  })

  it('are revoked with the whole grant, once', async () => {
    const { connect, refresh, channels, send } = await start()
    const first = await connect()
    const second = await connect()
    expect(await send('/revoke', { token: first.refreshToken })).toMatchObject({ status: 200, body: {} })
    expect((await channels(second.token)).status).toBe(401)
    expect(await refresh(second.refreshToken)).toMatchObject({ body: { error: 'invalid_grant' } })
    const again = await send('/revoke', { token: first.refreshToken })
    expect(again).toMatchObject({ status: 400, body: { error: 'invalid_token' } })
  })
})

describe('channels', () => {
  it.each([
    ['no_channel', 200, undefined],
    ['signup_required', 401, 'youtubeSignupRequired'],
    ['suspended', 403, 'authenticatedUserAccountSuspended'],
    ['closed', 403, 'authenticatedUserAccountClosed'],
    ['channel_suspended', 403, 'channelSuspended'],
    ['channel_closed', 403, 'channelClosed'],
    ['delegated', 403, 'accountDelegationForbidden'],
    ['feature_forbidden', 403, 'forbidden'],
    ['api_disabled', 403, 'accessNotConfigured'],
    ['quota_exceeded', 403, 'quotaExceeded'],
  ])('of somebody who is %s answer %s %s', async (condition, status, reason) => {
    const { connect, channels, world, ada } = await start()
    const { token } = await connect()
    world.setCondition(ada.id, condition)
    const answer = await channels(token)
    expect(answer.status).toBe(status)
    expect(answer.body).not.toHaveProperty('items')
    if (reason) expect(answer.body).toMatchObject({ error: { code: status, errors: [{ reason }] } })
  })

  it.each([
    ['mine=true', 'missingRequiredParameter'],
    ['part=id', 'missingRequiredParameter'],
    ['part=nothing&mine=true', 'unknownPart'],
  ])('refuse %s', async (query, reason) => {
    const { connect, channels } = await start()
    const answer = await channels((await connect()).token, query)
    expect(answer).toMatchObject({ status: 400, body: { error: { errors: [{ reason }] } } })
  })
})
