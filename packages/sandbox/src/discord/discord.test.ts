import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve, deny } from '../testing.js'
import { createDiscord } from './index.js'

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const codeVerifier = 'a-verifier-that-is-long-enough-for-the-standard'

let running: RunningSandbox | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})

async function start() {
  running = await startSandbox({ platforms: [createDiscord()] })
  const handle = running.platform('discord')
  const { clientId = '', clientSecret = '', botToken = '' } = handle.app ?? {}
  const call = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${handle.base}${path}`, init)
    const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>
    return { status: answer.status, headers: answer.headers, body }
  }
  const asBot = (path: string, method = 'GET') =>
    call(`/api/v10${path}`, { method, headers: { authorization: `Bot ${botToken}` } })
  const authorizationUrl = (more: Record<string, string> = {}) =>
    `${handle.base}/oauth2/authorize?${new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: 'bot identify',
      permissions: '117760',
      state: 'the-state',
      code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...more,
    })}`
  const send = (fields: Record<string, string>, path = '/api/oauth2/token') =>
    call(path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    })
  const exchange = (code: string, more: Record<string, string> = {}) =>
    send({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: codeVerifier,
      ...more,
    })
  const invite = async (more: Record<string, string> = {}) => {
    const back = new URL(await approve(authorizationUrl(more)))
    return (await exchange(back.searchParams.get('code') ?? '')).body
  }
  const ada = handle.world.people()[0]?.id ?? ''
  const guildId = handle.world.resourcesOf(ada, 'guild')[0]?.id ?? ''
  const channelId = (name: string) =>
    handle.world.resourcesOf(ada, 'channel').find((one) => one.name === name)?.id ?? ''
  return { handle, call, asBot, authorizationUrl, send, exchange, invite, ada, guildId, channelId, clientId }
}

describe('inviting the bot', () => {
  it('gives back code, state and server; the answer to the code proves the server', async () => {
    const { authorizationUrl, exchange, guildId } = await start()
    const back = new URL(await approve(authorizationUrl()))
    expect(Object.fromEntries(back.searchParams)).toEqual({
      code: expect.any(String),
      guild_id: guildId,
      permissions: '117760',
      state: 'the-state',
    })
    const { body } = await exchange(back.searchParams.get('code') ?? '')
    expect(body).toMatchObject({
      token_type: 'Bearer',
      expires_in: 604_800,
      refresh_token: expect.any(String),
      scope: 'bot identify',
      guild: { id: guildId, name: 'Acme Community' },
    })
    expect(body).not.toHaveProperty('webhook')
  })

  it('without the scope for it names no server', async () => {
    const { invite } = await start()
    const body = await invite({ scope: 'identify' })
    expect(body).toMatchObject({ scope: 'identify' })
    expect(body).not.toHaveProperty('guild')
  })

  it('says when it was denied, and what was wrong with the request', async () => {
    const { authorizationUrl } = await start()
    const denied = new URL(await deny(authorizationUrl()))
    expect(denied.searchParams.get('error')).toBe('access_denied')
    expect(denied.searchParams.get('state')).toBe('the-state')
    const wrong = new URL(await approve(authorizationUrl({ scope: 'everything' })))
    expect(wrong.searchParams.get('error')).toBe('invalid_scope')
    const plain = new URL(await approve(authorizationUrl({ code_challenge_method: 'plain' })))
    expect(plain.searchParams.get('error')).toBe('invalid_request')
    const elsewhere = authorizationUrl({ redirect_uri: 'https://elsewhere.example.org/' })
    expect((await fetch(elsewhere, { redirect: 'manual' })).status).toBe(400)
  })

  it('refuses codes and clients as the standard says, and reads forms only', async () => {
    const { authorizationUrl, exchange, call, send } = await start()
    const code = new URL(await approve(authorizationUrl())).searchParams.get('code') ?? ''
    expect(await exchange('x')).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Invalid "code" in request.' },
    })
    expect(await exchange(code, { code_verifier: 'x' })).toMatchObject({ body: { error: 'invalid_grant' } })
    expect(await exchange(code, { redirect_uri: 'https://x.example.org' })).toMatchObject({
      body: { error_description: 'Invalid "redirect_uri" in request.' },
    })
    expect(await send({ grant_type: 'password' })).toMatchObject({
      body: { error: 'unsupported_grant_type' },
    })
    const json = await call('/api/oauth2/token', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ grant_type: 'authorization_code', code }),
    })
    expect(json.status).toBe(400)
    expect((await exchange(code)).status).toBe(200)
    expect((await exchange(code)).status).toBe(400)
  })

  it('gives a refresh token that works once', async () => {
    const { invite, send } = await start()
    const first = await invite()
    const refresh = { grant_type: 'refresh_token', refresh_token: String(first.refresh_token) }
    const { body } = await send(refresh)
    expect(body.refresh_token).not.toBe(first.refresh_token)
    expect(body).not.toHaveProperty('guild')
    expect(await send(refresh)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })

  it('ends everything of the person with one token', async () => {
    const { invite, send } = await start()
    const first = await invite()
    const second = await invite()
    await send({ token: String(first.access_token) }, '/api/oauth2/token/revoke')
    const refresh = { grant_type: 'refresh_token', refresh_token: String(second.refresh_token) }
    expect(await send(refresh)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect((await send({ token: 'unknown' }, '/api/oauth2/token/revoke')).status).toBe(200)
  })
})

describe('the bot', () => {
  it('sees a server only while it is in it', async () => {
    const { asBot, invite, guildId, handle, ada } = await start()
    const ask = async () => (await asBot(`/guilds/${guildId}`)).body
    expect(await ask()).toEqual({ message: 'Unknown Guild', code: 10004 })
    await invite()
    expect(await ask()).toMatchObject({ id: guildId })
    handle.world.setCondition(ada, 'bot_kicked')
    expect(await ask()).toMatchObject({ code: 10004 })
    await invite()
    expect(await ask()).toMatchObject({ id: guildId })
    expect((await asBot(`/users/@me/guilds/${guildId}`, 'DELETE')).status).toBe(204)
    expect(await asBot(`/users/@me/guilds/${guildId}`, 'DELETE')).toMatchObject({ body: { code: 50001 } })
  })

  it('sees no channel that is closed to it, and none that is gone', async () => {
    const { asBot, invite, channelId, handle } = await start()
    await invite()
    expect(await asBot(`/channels/${channelId('general')}`)).toMatchObject({ status: 200 })
    expect(await asBot(`/channels/${channelId('staff')}`)).toMatchObject({
      status: 403,
      body: { code: 50001 },
    })
    const gone = channelId('news')
    handle.world.removeResource(gone)
    expect(await asBot(`/channels/${gone}`)).toMatchObject({ status: 404, body: { code: 10003 } })
  })

  it('can lose its permissions, and be timed out', async () => {
    const { asBot, invite, guildId, handle, ada, clientId } = await start()
    await invite()
    const roles = async () =>
      ((await asBot(`/guilds/${guildId}`)).body.roles as { permissions: string }[]).map(
        (one) => one.permissions,
      )
    expect(await roles()).toEqual(['66560', '117760'])
    handle.world.setCondition(ada, 'permissions_removed')
    expect(await roles()).toEqual(['66560', '0'])
    handle.world.setCondition(ada, 'bot_timed_out')
    expect(
      (await asBot(`/guilds/${guildId}/members/${clientId}`)).body.communication_disabled_until,
    ).toBeTruthy()
  })

  it('is refused with a wrong token, and paced by headers', async () => {
    const { call, asBot } = await start()
    expect(await call('/api/v10/users/@me', { headers: { authorization: 'Bot x' } })).toMatchObject({
      status: 401,
      body: { message: '401: Unauthorized', code: 0 },
    })
    const { headers } = await asBot('/users/@me')
    expect(headers.get('x-ratelimit-reset-after')).toBe('1.000')
    expect(await asBot('/nothing')).toMatchObject({ status: 404, body: { code: 0 } })
  })
})

describe('messages', () => {
  const startInvited = async () => {
    const started = await start()
    await started.invite()
    const post = async (name: string, body: unknown) => {
      const { botToken = '' } = started.handle.app ?? {}
      const headers = { authorization: `Bot ${botToken}`, 'content-type': 'application/json' }
      const path = `/api/v10/channels/${started.channelId(name)}/messages`
      return started.call(path, { method: 'POST', headers, body: JSON.stringify(body) })
    }
    const postFiles = async (name: string, sizes: number[], payload: unknown = {}) => {
      const form = new FormData()
      form.set('payload_json', JSON.stringify(payload))
      for (const [at, size] of sizes.entries())
        form.set(`files[${at}]`, new File([new Uint8Array(size)], 'a.png'))
      const { botToken = '' } = started.handle.app ?? {}
      const path = `/api/v10/channels/${started.channelId(name)}/messages`
      return started.call(path, {
        method: 'POST',
        headers: { authorization: `Bot ${botToken}` },
        body: form,
      })
    }
    return { ...started, post, postFiles }
  }

  it.each([
    ['rules', { content: 'x' }, 403, 50013],
    ['staff', { content: 'x' }, 403, 50001],
    ['ideas', { content: 'x' }, 400, 40058],
    ['Information', { content: 'x' }, 400, 50008],
    ['general', { content: ' ' }, 400, 50006],
    ['general', { content: 'x'.repeat(2001) }, 400, 50035],
    ['general', { content: 'x', nonce: 'x'.repeat(26) }, 400, 50035],
    ['general', { content: 'x', message_reference: { message_id: '1' } }, 400, 50035],
  ])('in %s with %j are refused with %i, %i', async (name, body, status, code) => {
    const { post, handle } = await startInvited()
    expect(await post(name, body)).toMatchObject({ status, body: { code } })
    expect(handle.world.posts()).toEqual([])
  })

  it('take ten files, each of 10 MiB at most, together 25', async () => {
    const { postFiles, handle } = await startInvited()
    const mebibyte = 1024 * 1024
    expect(await postFiles('general', Array(11).fill(1))).toMatchObject({ body: { code: 30015 } })
    expect(await postFiles('general', [10 * mebibyte + 1])).toMatchObject({ body: { code: 40005 } })
    expect(
      await postFiles(
        'general',
        [9, 9, 9].map((size) => size * mebibyte),
      ),
    ).toMatchObject({
      status: 413,
      body: { code: 40005 },
    })
    const attachments = [{ id: '0', description: 'x'.repeat(1025) }]
    expect(await postFiles('general', [1], { attachments })).toMatchObject({ body: { code: 50035 } })
    expect(handle.world.posts()).toEqual([])
    expect(await postFiles('general', [5, 6])).toMatchObject({ status: 200 })
  })

  it('are known by their nonce also after they were deleted', async () => {
    const { post, asBot, channelId } = await startInvited()
    const body = { content: 'x', nonce: 'n', enforce_nonce: true }
    const made = await post('general', body)
    const path = `/channels/${channelId('general')}/messages/${made.body.id}`
    expect((await asBot(path, 'DELETE')).status).toBe(204)
    expect(await post('general', body)).toMatchObject({ status: 404, body: { code: 10008 } })
  })

  it('of announcement channels go on to followers, once', async () => {
    const { post, asBot, channelId } = await startInvited()
    const cross = async (name: string) => {
      const { body } = await post(name, { content: 'x' })
      const path = `/channels/${channelId(name)}/messages/${body.id}/crosspost`
      return [await asBot(path, 'POST'), await asBot(path, 'POST')]
    }
    const [first, second] = await cross('news')
    expect(first).toMatchObject({ status: 200, body: { flags: 1 } })
    expect(second).toMatchObject({ status: 400, body: { code: 40033 } })
    expect((await cross('general'))[0]).toMatchObject({ status: 400, body: { code: 50024 } })
  })
})
