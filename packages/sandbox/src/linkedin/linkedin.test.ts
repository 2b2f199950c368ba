import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve, deny } from '../testing.js'
import { createLinkedin } from './index.js'

let sandbox: RunningSandbox
afterEach(() => sandbox.close())

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const MEMBER = 'openid profile w_member_social'
const PAGES = `${MEMBER} w_organization_social rw_organization_admin`
const versioned = { 'linkedin-version': '202609', 'x-restli-protocol-version': '2.0.0' }

/** What the tests look at of an answer. */
interface Answer {
  access_token: string
  refresh_token: string
  refresh_token_expires_in: number
  id_token: string
  scope: string
  error: string
  code: string
  elements: unknown[]
  paging: { links: unknown[] }
}
const read = async (response: Response) => (await response.json()) as Answer

async function start(app: 'partner' | 'self_serve' = 'partner') {
  sandbox = await startSandbox({ platforms: [createLinkedin({ app })] })
  const handle = sandbox.platform('linkedin')
  const { base, world, clock, tokens } = handle
  const { clientId = '', clientSecret = '' } = handle.app ?? {}
  const authorizationUrl = (scope: string, more: Record<string, string> = {}) =>
    `${base}/oauth/v2/authorization?${new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope,
      state: 's1',
      ...more,
    })}`
  const post = async (path: string, form: Record<string, string>) => {
    const response = await fetch(`${base}/oauth/v2/${path}`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: clientId, client_secret: clientSecret, ...form }),
    })
    return { status: response.status, body: await read(response) }
  }
  const exchange = (back: string, more: Record<string, string> = {}) =>
    post('accessToken', {
      grant_type: 'authorization_code',
      code: new URL(back).searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
      ...more,
    })
  const connect = async (scope = MEMBER, personId = 'adaSandbx1') =>
    (await exchange(await approve(authorizationUrl(scope), { personId }))).body
  const get = async (path: string, token: string, headers: Record<string, string> = versioned) => {
    const response = await fetch(`${base}${path}`, {
      headers: { authorization: `Bearer ${token}`, ...headers },
    })
    return { status: response.status, body: await read(response) }
  }
  const introspect = (token: string) => post('introspectToken', { token })
  return { authorizationUrl, post, exchange, connect, get, introspect, base, world, clock, tokens }
}

describe('the authorization page', () => {
  it('shows an error of its own for an unknown application or redirect address', async () => {
    const { authorizationUrl } = await start()
    for (const more of [{ client_id: 'nobody' }, { redirect_uri: 'https://evil.example.org/' }]) {
      const page = await fetch(authorizationUrl(MEMBER, more))
      expect(page.status).toBe(400)
      expect(await page.text()).toContain('Bummer')
    }
  })

  it('sends back when an application asks for more than its products allow', async () => {
    const { authorizationUrl } = await start('self_serve')
    const back = new URL(await approve(authorizationUrl(PAGES)))
    expect(back.searchParams.get('error')).toBe('unauthorized_scope_error')
    expect(back.searchParams.get('state')).toBe('s1')
  })

  it('says in its own words that a person does not want to', async () => {
    const { authorizationUrl } = await start()
    const back = new URL(await deny(authorizationUrl(MEMBER)))
    expect(back.searchParams.get('error')).toBe('user_cancelled_authorize')
  })

  it('gives all scopes or none', async () => {
    const { authorizationUrl, exchange } = await start()
    const back = await approve(authorizationUrl(MEMBER), { scopes: ['openid'] })
    expect((await exchange(back)).body.scope).toBe('openid,profile,w_member_social')
  })
})

describe('tokens', () => {
  it('come with an ID token, and without a refresh token for most applications', async () => {
    const { connect } = await start('self_serve')
    const answer = await connect()
    expect(answer).toMatchObject({
      expires_in: 5_184_000,
      token_type: 'Bearer',
      scope: 'openid,profile,w_member_social',
    })
    expect(answer).not.toHaveProperty('refresh_token')
    const claims = JSON.parse(Buffer.from(answer.id_token.split('.')[1] ?? '', 'base64url').toString())
    expect(claims).toMatchObject({ sub: 'adaSandbx1', aud: '78sandboxlinkedin', name: 'Ada Sandbox' })
  })

  it('are refreshed with a refresh token that stays the same and lives no longer for it', async () => {
    const { connect, post, clock } = await start()
    const { refresh_token } = await connect()
    clock.advance(59 * 86_400)
    const { body } = await post('accessToken', { grant_type: 'refresh_token', refresh_token })
    expect(body).toMatchObject({ refresh_token })
    // Seconds pass while this runs.
    const lived = 306 * 86_400 - body.refresh_token_expires_in
    expect(lived).toBeGreaterThanOrEqual(0)
    expect(lived).toBeLessThan(60)
    clock.advance(307 * 86_400)
    const late = await post('accessToken', { grant_type: 'refresh_token', refresh_token })
    expect(late).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  it('are refused with the codes of LinkedIn', async () => {
    const { authorizationUrl, exchange, post, clock } = await start()
    const back = await approve(authorizationUrl(MEMBER))
    expect(await exchange(back, { client_secret: 'wrong' })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    })
    expect((await exchange(back, { redirect_uri: 'http://127.0.0.1:1/x' })).body.error).toBe(
      'invalid_redirect_uri',
    )
    expect((await exchange(back)).status).toBe(200)
    expect((await exchange(back)).body.error).toBe('invalid_request')
    expect((await post('accessToken', { grant_type: 'password' })).body.error).toBe('invalid_request')
    const slow = await approve(authorizationUrl(MEMBER))
    clock.advance(31 * 60)
    expect((await exchange(slow)).body.error).toBe('invalid_redirect_uri')
  })

  it('end when the member consents to another list of scopes, and live on with the same', async () => {
    const { connect, introspect } = await start()
    const first = await connect(MEMBER)
    await connect(MEMBER)
    expect((await introspect(first.access_token)).body).toMatchObject({ active: true, status: 'active' })
    await connect(PAGES)
    expect((await introspect(first.access_token)).body).toMatchObject({ active: false, status: 'revoked' })
  })

  it('are told apart by introspection', async () => {
    const { connect, introspect, clock, tokens } = await start()
    const { access_token } = await connect()
    expect((await introspect(access_token)).body).toMatchObject({
      scope: 'openid,profile,w_member_social',
      auth_type: '3L',
    })
    clock.advance(61 * 86_400)
    expect((await introspect(access_token)).body).toMatchObject({ active: false, status: 'expired' })
    tokens.revokePerson('adaSandbx1')
    expect((await introspect(access_token)).body).toMatchObject({ active: false, status: 'revoked' })
    expect((await introspect('unknown')).status).toBe(400)
  })
})

describe('the API', () => {
  it('says who the member is', async () => {
    const { connect, get } = await start()
    const { access_token } = await connect()
    expect(await get('/v2/userinfo', access_token, {})).toMatchObject({
      status: 200,
      body: { sub: 'adaSandbx1', name: 'Ada Sandbox', given_name: 'Ada', family_name: 'Sandbox' },
    })
  })

  it('names what is wrong with a token', async () => {
    const { connect, get, clock, tokens, base } = await start()
    expect((await get('/v2/userinfo', 'unknown')).body).toMatchObject({
      status: 401,
      serviceErrorCode: 65600,
    })
    const { access_token } = await connect()
    clock.advance(61 * 86_400)
    expect((await get('/v2/userinfo', access_token)).body.code).toBe('EXPIRED_ACCESS_TOKEN')
    tokens.revokePerson('adaSandbx1')
    expect((await get('/v2/userinfo', access_token)).body).toMatchObject({ serviceErrorCode: 65601 })
    expect(await (await fetch(`${base}/v2/userinfo`)).json()).toMatchObject({ serviceErrorCode: 401 })
  })

  it('calls new tokens revoked where not every part of it knows them yet', async () => {
    const { connect, get, world, clock } = await start()
    world.setCondition('adaSandbx1', 'userinfo_lags')
    const { access_token } = await connect()
    expect((await get('/v2/userinfo', access_token)).body.code).toBe('REVOKED_ACCESS_TOKEN')
    clock.advance(11)
    expect((await get('/v2/userinfo', access_token)).status).toBe(200)
  })

  it('lists roles at company pages, and pages by number', async () => {
    const { connect, get, world } = await start()
    const { access_token } = await connect(PAGES, 'benSandbx2')
    const acls = '/rest/organizationAcls?q=roleAssignee'
    expect((await get(acls, access_token)).body.elements).toEqual([
      expect.objectContaining({ organization: 'urn:li:organization:79000001', role: 'ANALYST' }),
      expect.objectContaining({
        organization: 'urn:li:organization:79000002',
        role: 'CONTENT_ADMINISTRATOR',
      }),
    ])
    const first = (await get(`${acls}&role=ANALYST&count=1`, access_token)).body
    expect(first).toMatchObject({ paging: { total: 1, links: [] } })
    expect((await get(`${acls}&count=1`, access_token)).body.paging.links).toMatchObject([{ rel: 'next' }])
    const looks = await get('/rest/organizationsLookup?ids=List(79000001,1)', access_token)
    expect(looks.body).toMatchObject({
      results: { 79000001: { id: 79000001, localizedName: 'Sandbox Works', vanityName: 'sandbox-works' } },
      statuses: { 79000001: 200 },
    })
    world.setCondition('benSandbx2', 'page_roles_lost')
    expect((await get(acls, access_token)).body.elements).toEqual([])
  })

  it('wants a living version, and the scope', async () => {
    const { connect, get, world } = await start()
    const { access_token } = await connect()
    const acls = '/rest/organizationAcls?q=roleAssignee'
    expect((await get(acls, access_token, {})).body).toMatchObject({ status: 400, code: 'VERSION_MISSING' })
    const old = { ...versioned, 'linkedin-version': '202511' }
    expect((await get(acls, access_token, old)).body).toMatchObject({
      status: 426,
      code: 'NONEXISTENT_VERSION',
    })
    expect((await get(acls, access_token)).body).toMatchObject({ status: 403, code: 'ACCESS_DENIED' })
    world.setCondition('adaSandbx1', 'restricted')
    expect((await get('/v2/userinfo', access_token)).body).toMatchObject({
      status: 403,
      code: 'ACCESS_DENIED',
    })
  })
})
