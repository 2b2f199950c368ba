import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve, deny } from '../testing.js'
import { createMastodon, type MastodonVariant } from './index.js'

type Answer = { status: number; headers: Headers; body: Record<string, unknown> }

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const codeVerifier = 'a-verifier-that-is-long-enough-for-the-standard'
const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')

let running: RunningSandbox | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})

async function start(variant: MastodonVariant = 'mastodon') {
  running = await startSandbox({ platforms: [createMastodon({ variant })] })
  const handle = running.platform('mastodon')
  const call = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const answer = await fetch(`${handle.base}${path}`, init)
    return {
      status: answer.status,
      headers: answer.headers,
      body: (await answer.json().catch(() => ({}))) as Record<string, unknown>,
    }
  }
  const send = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    call(path, { method: 'POST', body: new URLSearchParams(fields), headers })
  const register = async (scopes = 'read:accounts write:statuses write:media') => {
    const { body } = await send('/api/v1/apps', {
      client_name: 'PostMCP',
      redirect_uris: redirectUri,
      scopes,
    })
    return { scope: scopes, clientId: String(body.client_id), clientSecret: String(body.client_secret) }
  }
  type App = Awaited<ReturnType<typeof register>>
  const authorizationUrl = ({ clientId, scope }: App, more: Record<string, string> = {}) =>
    `${handle.base}/oauth/authorize?${new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope,
      state: 'the-state',
      code_challenge: codeChallenge,
      code_challenge_method: 'S256',
      ...more,
    })}`
  const exchange = (app: App, code: string, more: Record<string, string> = {}) =>
    send('/oauth/token', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      client_id: app.clientId,
      client_secret: app.clientSecret,
      code_verifier: codeVerifier,
      ...more,
    })
  const consent = async (app: App) =>
    new URL(await approve(authorizationUrl(app))).searchParams.get('code') ?? ''
  const connect = async (scopes?: string) => {
    const app = await register(scopes)
    const { body } = await exchange(app, await consent(app))
    const token = String(body.access_token)
    return { app, token, tokens: body, headers: { authorization: `Bearer ${token}` } }
  }
  const upload = (headers: Record<string, string>, type = 'image/png', description = 'A dot') => {
    const form = new FormData()
    form.set('file', new File([new Uint8Array([1, 2, 3])], 'dot', { type }))
    form.set('description', description)
    return call('/api/v2/media', { method: 'POST', body: form, headers })
  }
  return {
    handle,
    call,
    send,
    register,
    authorizationUrl,
    exchange,
    consent,
    connect,
    upload,
    clock: handle.clock,
  }
}

describe('connecting', () => {
  it('goes through metadata, registration, consent and exchange to the account', async () => {
    const { call, connect, handle } = await start()
    const metadata = await call('/.well-known/oauth-authorization-server')
    expect(metadata.body).toMatchObject({
      issuer: `${handle.base}/`,
      token_endpoint: `${handle.base}/oauth/token`,
      code_challenge_methods_supported: ['S256'],
    })
    const { tokens, headers } = await connect('profile write:statuses')
    expect(tokens).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      scope: 'profile write:statuses',
      created_at: expect.any(Number),
    })
    const me = await call('/api/v1/accounts/verify_credentials', { headers })
    expect(me.body).toMatchObject({ acct: 'ada', source: { privacy: 'public' } })
    expect(me.headers.get('x-ratelimit-reset')).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
    const info = await call('/oauth/userinfo', { headers })
    expect(info.body).toMatchObject({ sub: `${handle.base}/users/ada` })
    const app = await call('/api/v1/apps/verify_credentials', { headers })
    expect(app.body).toMatchObject({ name: 'PostMCP', scopes: ['profile', 'write:statuses'] })
    expect(app.body).not.toHaveProperty('client_secret')
  })

  it('gives the state back, and says when it was denied', async () => {
    const { register, authorizationUrl } = await start()
    const url = new URL(await deny(authorizationUrl(await register())))
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ error: 'access_denied', state: 'the-state' })
  })

  it.each([
    [{ client_name: '' }, "Validation failed: Application name can't be blank"],
    [{ redirect_uris: 'nowhere' }, 'Validation failed: Redirect URI must be an absolute URI.'],
    [{ scopes: 'read everything' }, "Validation failed: Scopes doesn't match configured on the server."],
  ])('refuses to register %j', async (wrong, error) => {
    const { send } = await start()
    const right = { client_name: 'PostMCP', redirect_uris: redirectUri, scopes: 'read' }
    expect(await send('/api/v1/apps', { ...right, ...wrong })).toMatchObject({ status: 422, body: { error } })
  })

  it('registers several redirect addresses, as JSON or by line', async () => {
    const { call, send } = await start()
    const uris = [redirectUri, 'urn:ietf:wg:oauth:2.0:oob']
    const json = { client_name: 'PostMCP', redirect_uris: uris }
    const answers = [
      await call('/api/v1/apps', {
        method: 'POST',
        body: JSON.stringify(json),
        headers: { 'content-type': 'application/json' },
      }),
      await send('/api/v1/apps', { client_name: 'PostMCP', redirect_uris: uris.join('\n') }),
    ]
    for (const { body } of answers) expect(body.redirect_uris).toEqual(uris)
  })

  it('asks nobody for what the app did not register', async () => {
    const { register, authorizationUrl } = await start()
    const app = await register('read:accounts')
    const url = new URL(await approve(authorizationUrl({ ...app, scope: 'write:statuses' })))
    expect(url.searchParams.get('error')).toBe('invalid_scope')
    const elsewhere = authorizationUrl(app, { redirect_uri: 'http://127.0.0.1:1/' })
    await expect(approve(elsewhere)).rejects.toThrow('Status 422')
  })

  it('shows the code on a page where no address can be reached', async () => {
    const { send, authorizationUrl } = await start()
    const oob = 'urn:ietf:wg:oauth:2.0:oob'
    const { body } = await send('/api/v1/apps', {
      client_name: 'PostMCP',
      redirect_uris: oob,
      scopes: 'read',
    })
    const app = { clientId: String(body.client_id), clientSecret: '', scope: 'read' }
    await expect(approve(authorizationUrl(app, { redirect_uri: oob }))).rejects.toThrow('Copy this code')
  })

  it('takes a code once, from the right client, with the right verifier', async () => {
    const { register, consent, exchange } = await start()
    const app = await register()
    const code = await consent(app)
    const wrongSecret = await exchange(app, code, { client_secret: 'wrong' })
    expect(wrongSecret).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    const wrongVerifier = await exchange(app, code, { code_verifier: 'wrong' })
    expect(wrongVerifier).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect((await exchange(app, code)).status).toBe(200)
    expect(await exchange(app, code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })

  it('gives the same person, app and scopes the same token again', async () => {
    const { register, consent, exchange } = await start()
    const app = await register()
    const [one, two] = [await exchange(app, await consent(app)), await exchange(app, await consent(app))]
    expect(two.body.access_token).toBe(one.body.access_token)
  })

  it('knows tokens of apps', async () => {
    const { register, send, call } = await start()
    const app = await register()
    const credentials = { client_id: app.clientId, client_secret: app.clientSecret }
    const { body } = await send('/oauth/token', {
      grant_type: 'client_credentials',
      scope: 'read:accounts',
      ...credentials,
    })
    const headers = { authorization: `Bearer ${body.access_token}` }
    expect((await call('/api/v1/apps/verify_credentials', { headers })).status).toBe(200)
    expect(await call('/api/v1/accounts/verify_credentials', { headers })).toMatchObject({
      status: 422,
      body: { error: 'This method requires an authenticated user' },
    })
  })

  it('revokes tokens for their own app, twice without complaint', async () => {
    const { connect, register, send, call } = await start()
    const { app, token, headers } = await connect()
    const other = await register()
    const revoke = ({ clientId, clientSecret }: typeof app) =>
      send('/oauth/revoke', { client_id: clientId, client_secret: clientSecret, token })
    expect(await revoke(other)).toMatchObject({ status: 403, body: { error: 'unauthorized_client' } })
    for (const _ of [1, 2]) expect(await revoke(app)).toMatchObject({ status: 200, body: {} })
    expect(await call('/api/v1/accounts/verify_credentials', { headers })).toMatchObject({
      status: 401,
      body: { error: 'The access token was revoked' },
    })
  })
})

describe('access', () => {
  it('is refused without a token, without the scope, and to people who are not let in', async () => {
    const { call, connect, send, handle } = await start()
    const path = '/api/v1/accounts/verify_credentials'
    expect(await call(path)).toMatchObject({ status: 401, body: { error: 'The access token is invalid' } })
    const { headers } = await connect('read:accounts')
    expect(await send('/api/v1/statuses', { status: 'Hello' }, headers)).toMatchObject({
      status: 403,
      body: { error: 'This action is outside the authorized scopes' },
    })
    handle.world.setCondition(handle.world.people()[0]?.id ?? '', 'disabled')
    expect(await call(path, { headers })).toMatchObject({
      status: 403,
      body: { error: 'Your login is currently disabled' },
    })
  })

  it('is limited to 300 requests in five minutes', async () => {
    const { call, connect, clock } = await start()
    const { headers } = await connect()
    const ask = () => call('/api/v1/accounts/verify_credentials', { headers })
    for (let count = 0; count < 299; count++) await ask()
    expect((await ask()).headers.get('x-ratelimit-remaining')).toBe('0')
    const refused = await ask()
    expect(refused).toMatchObject({ status: 429, body: { error: 'Too many requests' } })
    expect(refused.headers.has('retry-after')).toBe(false)
    clock.advance(300)
    expect((await ask()).status).toBe(200)
  })
})

describe('posting', () => {
  it('publishes, lists and deletes', async () => {
    const { connect, send, call, handle } = await start()
    const { headers } = await connect('read write')
    const { status, body } = await send(
      '/api/v1/statuses',
      { status: 'Hi <all> #News', visibility: 'unlisted' },
      headers,
    )
    expect(status).toBe(200)
    expect(body).toMatchObject({
      content: '<p>Hi &lt;all&gt; #News</p>',
      visibility: 'unlisted',
      url: `${handle.base}/@ada/${body.id}`,
      tags: [{ name: 'news' }],
    })
    const account = (body.account as { id: string }).id
    const list = async () => (await call(`/api/v1/accounts/${account}/statuses`, { headers })).body
    expect(await list()).toMatchObject([{ id: body.id }])
    const path = `/api/v1/statuses/${body.id}`
    expect(await call(path, { method: 'DELETE', headers })).toMatchObject({
      status: 200,
      body: { text: 'Hi <all> #News' },
    })
    for (const method of ['GET', 'DELETE'])
      expect(await call(path, { method, headers })).toMatchObject({
        status: 404,
        body: { error: 'Record not found' },
      })
    expect(await list()).toEqual([])
  })

  it('posts once for one Idempotency-Key, for an hour', async () => {
    const { connect, send, handle, clock } = await start()
    const { headers } = await connect()
    const post = (key: string) =>
      send('/api/v1/statuses', { status: 'Once' }, { ...headers, 'idempotency-key': key })
    const [one, two] = await Promise.all([post('a'), post('a')])
    expect(two.body.id).toBe(one.body.id)
    expect((await post('b')).body.id).not.toBe(one.body.id)
    clock.advance(3600)
    expect((await post('a')).body.id).not.toBe(one.body.id)
    expect(handle.world.posts()).toHaveLength(3)
  })

  it.each([
    [{ status: ' ' }, "Validation failed: Text can't be blank"],
    [{ status: 'x'.repeat(501) }, 'Validation failed: Text character limit of 500 exceeded'],
    [{ status: 'x', 'media_ids[]': 'none' }, 'Media none not found'],
  ])('refuses %j', async (fields, error) => {
    const { connect, send } = await start()
    const { headers } = await connect()
    expect(await send('/api/v1/statuses', fields, headers)).toMatchObject({ status: 422, body: { error } })
  })

  it('counts graphemes, and addresses as 23', async () => {
    const { connect, send } = await start()
    const { headers } = await connect()
    const status = `${'👩‍👩‍👧‍👦'.repeat(476)} https://example.com/${'x'.repeat(400)}`
    expect((await send('/api/v1/statuses', { status }, headers)).status).toBe(200)
    expect((await send('/api/v1/statuses', { status: `${status} x` }, headers)).status).toBe(422)
  })

  it('goes on below a post that is there', async () => {
    const { connect, send, handle } = await start()
    const { headers } = await connect()
    const { body } = await send('/api/v1/statuses', { status: 'One' }, headers)
    const reply = { status: 'Two', in_reply_to_id: String(body.id) }
    expect((await send('/api/v1/statuses', reply, headers)).body.in_reply_to_id).toBe(body.id)
    expect(handle.world.posts()[1]?.inReplyTo).toBe(body.id)
    const lost = { status: 'Three', in_reply_to_id: '1' }
    expect((await send('/api/v1/statuses', lost, headers)).status).toBe(404)
  })

  it('shows anybody what is public, and a token what it may read', async () => {
    const { connect, send, call } = await start()
    const { headers } = await connect()
    const { body } = await send(
      '/api/v1/statuses',
      { status: 'See https://example.org/a/path/that/is/longer' },
      headers,
    )
    await send('/api/v1/statuses', { status: 'Mine', visibility: 'private' }, headers)
    const path = `/api/v1/accounts/${(body.account as { id: string }).id}/statuses`
    const anybody = (await call(path)).body as unknown as Record<string, unknown>[]
    expect(anybody.map(({ id }) => id)).toEqual([body.id])
    expect(String(anybody[0]?.content).replaceAll(/<[^>]*>/g, '')).toBe(
      'See https://example.org/a/path/that/is/longer',
    )
    expect((await call(path, { headers })).status).toBe(403)
  })

  it('attaches pictures with their alt text, once', async () => {
    const { connect, upload, call, handle } = await start()
    const { headers } = await connect()
    const { status, body: media } = await upload(headers)
    expect(status).toBe(200)
    expect(media).toMatchObject({ type: 'image', description: 'A dot', url: expect.any(String) })
    const picture = await fetch(String(media.url))
    expect(new Uint8Array(await picture.arrayBuffer())).toEqual(new Uint8Array([1, 2, 3]))
    const post = () =>
      call('/api/v1/statuses', {
        method: 'POST',
        body: JSON.stringify({ media_ids: [media.id] }),
        headers: { ...headers, 'content-type': 'application/json' },
      })
    expect((await post()).body.media_attachments).toMatchObject([{ id: media.id, description: 'A dot' }])
    expect(handle.world.posts()[0]?.media[0]?.sha256).toBe(
      createHash('sha256')
        .update(new Uint8Array([1, 2, 3]))
        .digest('hex'),
    )
    expect((await call(`/api/v1/media/${media.id}`, { headers })).status).toBe(404)
    expect((await post()).status).toBe(422)
  })

  it('works on a video for a while', async () => {
    const { connect, upload, call, send, clock, handle } = await start()
    const { headers } = await connect()
    handle.badDays.set({ fault: 'slow_media', seconds: 20 })
    const { status, body: media } = await upload(headers, 'video/mp4')
    expect([status, media.url]).toEqual([202, null])
    const poll = async () => (await call(`/api/v1/media/${media.id}`, { headers })).status
    const post = () => send('/api/v1/statuses', { 'media_ids[]': String(media.id) }, headers)
    expect(await poll()).toBe(206)
    expect((await post()).body.error).toContain('have not finished processing')
    clock.advance(20)
    expect(await poll()).toBe(200)
    expect((await post()).status).toBe(200)
    expect(await upload(headers, 'text/html')).toMatchObject({
      status: 422,
      body: { error: 'Validation failed: File content type is invalid' },
    })
  })
})

describe('other servers', () => {
  it('mastodon-4.2 has no metadata, and knows no profile scope', async () => {
    const { call, send, connect } = await start('mastodon-4.2')
    expect(await call('/.well-known/oauth-authorization-server')).toMatchObject({
      status: 404,
      body: { error: 'Not Found' },
    })
    const asked = { client_name: 'PostMCP', redirect_uris: redirectUri, scopes: 'profile' }
    expect((await send('/api/v1/apps', asked)).status).toBe(422)
    expect((await connect('read:accounts')).tokens.scope).toBe('read:accounts')
  })

  it('pleroma gives refresh tokens, which rotate', async () => {
    const { connect, send } = await start('pleroma')
    const { app, tokens } = await connect()
    expect(tokens).toMatchObject({ expires_in: expect.any(Number), refresh_token: expect.any(String) })
    const refresh = () =>
      send('/oauth/token', {
        grant_type: 'refresh_token',
        refresh_token: String(tokens.refresh_token),
        client_id: app.clientId,
        client_secret: app.clientSecret,
      })
    expect((await refresh()).body.refresh_token).not.toBe(tokens.refresh_token)
    expect((await refresh()).status).toBe(400)
  })

  it('gotosocial lists posts for tokens only', async () => {
    const { connect, call, send } = await start('gotosocial')
    const { headers } = await connect()
    const { body } = await send('/api/v1/statuses', { status: 'x' }, headers)
    const path = `/api/v1/accounts/${(body.account as { id: string }).id}/statuses`
    expect((await call(path)).status).toBe(401)
    expect((await call(path, { headers })).body).toMatchObject([{ id: body.id }])
  })

  it('gotosocial ignores the Idempotency-Key', async () => {
    const { connect, send, call } = await start('gotosocial')
    expect((await call('/.well-known/oauth-authorization-server')).status).toBe(404)
    const { headers } = await connect()
    for (const _ of [1, 2])
      await send('/api/v1/statuses', { status: 'x' }, { ...headers, 'idempotency-key': 'a' })
    expect(running?.platform('mastodon').world.posts()).toHaveLength(2)
  })

  it('strict requires PKCE, ends tokens after 7 days, and is hard on mistakes', async () => {
    const { register, authorizationUrl, consent, exchange, call, clock } = await start('strict')
    const app = await register()
    const withoutChallenge = authorizationUrl(app).replace(/&code_challenge.*$/, '')
    expect(new URL(await approve(withoutChallenge)).searchParams.get('error')).toBe('invalid_request')

    const burnt = await consent(app)
    expect((await exchange(app, burnt, { client_secret: 'wrong' })).status).toBe(401)
    expect((await exchange(app, burnt)).status).toBe(400)

    const code = await consent(app)
    const replayed = await exchange(app, code)
    const living = await exchange(app, await consent(app))
    await exchange(app, code)
    const verify = ({ body }: Answer) =>
      call('/api/v1/accounts/verify_credentials', {
        headers: { authorization: `Bearer ${body.access_token}` },
      })
    expect((await verify(replayed)).body.error).toBe('The access token was revoked')
    expect((await verify(living)).status).toBe(200)
    expect(living.body).toMatchObject({ expires_in: 604_800 })
    expect(living.body).not.toHaveProperty('refresh_token')
    clock.advance(604_800)
    expect((await verify(living)).body.error).toBe('The access token expired')
  })

  it('snac has version 1 of the instance document, and checks no scopes', async () => {
    const { call, connect, send } = await start('snac')
    expect((await call('/api/v2/instance')).status).toBe(404)
    expect((await call('/api/v1/instance')).status).toBe(200)
    const { headers } = await connect('read')
    expect((await send('/api/v1/statuses', { status: 'x' }, headers)).status).toBe(200)
  })

  it('hollo refuses unknown fields', async () => {
    const { send } = await start('hollo')
    const asked = { client_name: 'PostMCP', redirect_uris: redirectUri, scopes: 'read', extra: 'x' }
    expect((await send('/api/v1/apps', asked)).status).toBe(422)
  })

  it('all say what they are', async () => {
    const { call } = await start('pleroma')
    const { body } = await call('/.well-known/nodeinfo')
    const [link] = body.links as { href: string }[]
    const info = (await (await fetch(link?.href ?? '')).json()) as Record<string, unknown>
    expect(info.software).toEqual({ name: 'pleroma', version: '2.7.0' })
  })
})
