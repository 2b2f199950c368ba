import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve, deny } from '../testing.js'
import { createSlack } from './index.js'

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'

let running: RunningSandbox | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})

async function start(options: { tokenRotation?: boolean } = {}) {
  running = await startSandbox({ platforms: [createSlack(options)] })
  const handle = running.platform('slack')
  const { clientId = '', clientSecret = '' } = handle.app ?? {}
  const call = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${handle.base}${path}`, init)
    const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>
    return { status: answer.status, headers: answer.headers, body }
  }
  const authorizationUrl = (more: Record<string, string> = {}) =>
    `${handle.base}/oauth/v2/authorize?${new URLSearchParams({
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: 'chat:write,channels:read,groups:read',
      state: 'the-state',
      ...more,
    })}`
  const exchange = (fields: Record<string, string>) =>
    call('/api/oauth.v2.access', {
      method: 'POST',
      body: new URLSearchParams({ redirect_uri: redirectUri, ...fields }),
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    })
  const install = async (more: Record<string, string> = {}) => {
    const back = new URL(await approve(authorizationUrl(more)))
    const { body } = await exchange({ code: back.searchParams.get('code') ?? '' })
    return { body, headers: { authorization: `Bearer ${body.access_token}` } }
  }
  const ada = handle.world.people()[0]?.id ?? ''
  const channelId = (name: string) =>
    handle.world.resourcesOf(ada, 'channel').find((one) => one.name === name)?.id ?? ''
  return { handle, call, authorizationUrl, exchange, install, ada, channelId, clientId, clientSecret }
}

describe('installing', () => {
  it('gives the state back, and says when it was denied', async () => {
    const { authorizationUrl } = await start()
    const back = new URL(await deny(authorizationUrl()))
    expect(Object.fromEntries(back.searchParams)).toEqual({ error: 'access_denied', state: 'the-state' })
  })

  it.each([
    [{ client_id: '1.1' }],
    [{ redirect_uri: 'https://elsewhere.example.org/' }],
    [{ scope: 'everything' }],
    [{ scope: '' }],
  ])('with %j shows a page and sends nobody back', async (wrong) => {
    const { authorizationUrl } = await start()
    expect((await fetch(authorizationUrl(wrong), { redirect: 'manual' })).status).toBe(400)
  })

  it('answers every mistake with status 200', async () => {
    const { call, exchange, install, clientId, clientSecret, authorizationUrl } = await start()
    const refused = async (fields: Record<string, string>) => {
      const { status, body } = await call('/api/oauth.v2.access', {
        method: 'POST',
        body: new URLSearchParams(fields),
      })
      return [status, body]
    }
    const client = { client_id: clientId, client_secret: clientSecret }
    expect(await refused({ client_id: '1.1' })).toEqual([200, { ok: false, error: 'invalid_client_id' }])
    expect(await refused({ ...client, client_secret: 'x' })).toEqual([
      200,
      { ok: false, error: 'bad_client_secret' },
    ])
    expect(await refused({ ...client, code: 'x' })).toEqual([200, { ok: false, error: 'invalid_code' }])
    expect(await refused({ ...client, grant_type: 'password' })).toEqual([
      200,
      { ok: false, error: 'invalid_grant_type' },
    ])
    const code = new URL(await approve(authorizationUrl())).searchParams.get('code') ?? ''
    expect(await refused({ ...client, code, redirect_uri: 'https://x.example.org' })).toEqual([
      200,
      { ok: false, error: 'bad_redirect_uri' },
    ])
    expect((await exchange({ code })).body).toMatchObject({ ok: true })
    expect((await exchange({ code })).body).toEqual({ ok: false, error: 'invalid_code' })
    expect((await install()).body).toMatchObject({ ok: true })
  })

  it('again gives the same token with all scopes, where tokens do not rotate', async () => {
    const { install } = await start({ tokenRotation: false })
    const first = await install()
    const again = await install()
    expect(again.body.access_token).toBe(first.body.access_token)
    expect(first.body).not.toHaveProperty('expires_in')
    expect(first.body.access_token).toMatch(/^xoxb-/)
    const more = await install({ scope: 'team:read' })
    expect(more.body.scope).toBe('chat:write,channels:read,groups:read,team:read')
  })

  it('in a whole organisation names no team, and one that needs an approval comes back to nobody', async () => {
    const { handle, install, ada, authorizationUrl } = await start()
    handle.world.setCondition(ada, 'organisation_install')
    expect((await install()).body).toMatchObject({ team: null, is_enterprise_install: true })
    handle.world.setCondition(ada, 'approval_required')
    await expect(approve(authorizationUrl())).rejects.toThrow('no redirect')
  })
})

describe('a token', () => {
  it('ends for each reason in its own words', async () => {
    const { handle, call, install, ada } = await start()
    const { headers, body } = await install()
    const test = async (init: RequestInit = { headers }) => (await call('/api/auth.test', init)).body.error
    expect(await test({})).toBe('not_authed')
    expect(await test({ headers: { authorization: 'Bearer xoxb-1' } })).toBe('invalid_auth')
    expect(await test()).toBeUndefined()
    handle.world.setCondition(ada, 'two_factor_required')
    expect(await test()).toBe('two_factor_setup_required')
    handle.world.setCondition(ada, 'workspace_deleted')
    expect(await test()).toBe('account_inactive')
    handle.world.setCondition(ada, 'active')
    handle.clock.advance(43_200)
    expect(await test()).toBe('token_expired')
    handle.tokens.revokePerson(ada)
    expect(await test()).toBe('token_revoked')
    expect(body.refresh_token).toMatch(/^xoxe-1-/)
  })

  it('is refused what it was not granted, with what is needed', async () => {
    const { call, install, handle, ada, channelId } = await start()
    const { headers } = await install()
    expect((await call('/api/team.info', { headers })).body).toEqual({
      ok: false,
      error: 'missing_scope',
      needed: 'team:read',
      provided: 'chat:write,channels:read,groups:read',
    })
    handle.tokens.dropScopes(ada, ['groups:read'])
    const info = await call(`/api/conversations.info?channel=${channelId('board')}`, { headers })
    expect(info.body).toMatchObject({ error: 'missing_scope', needed: 'groups:read' })
  })
})

describe('a channel', () => {
  it('that is private exists only while the bot is in it', async () => {
    const { call, install, handle, ada, channelId } = await start()
    const { headers } = await install()
    const info = async (name: string) =>
      (await call(`/api/conversations.info?channel=${channelId(name)}`, { headers })).body
    expect(await info('board')).toMatchObject({ channel: { is_private: true, is_member: true } })
    expect(await info('salaries')).toEqual({ ok: false, error: 'channel_not_found' })
    expect(await info('last-year')).toMatchObject({ channel: { is_archived: true } })
    handle.tokens.dropResource(ada, channelId('board'))
    expect(await info('board')).toEqual({ ok: false, error: 'channel_not_found' })
  })

  it('of another workspace does not exist either', async () => {
    const { call, install, handle } = await start()
    const { headers } = await install()
    const ben = handle.world.people()[1]?.id ?? ''
    const foreign = handle.world.resourcesOf(ben, 'channel')[0]?.id ?? ''
    expect((await call(`/api/conversations.info?channel=${foreign}`, { headers })).body).toEqual({
      ok: false,
      error: 'channel_not_found',
    })
  })

  it('can be joined if it is public and not archived', async () => {
    const { call, install, channelId } = await start()
    const { headers } = await install({ scope: 'channels:read,groups:read,channels:join' })
    const join = async (name: string) =>
      (
        await call('/api/conversations.join', {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json; charset=utf-8' },
          body: JSON.stringify({ channel: channelId(name) }),
        })
      ).body
    expect(await join('announcements')).toMatchObject({ ok: true, channel: { is_member: true } })
    expect(await join('announcements')).toMatchObject({ ok: true, warning: 'already_in_channel' })
    expect(await join('board')).toMatchObject({ error: 'method_not_supported_for_channel_type' })
    expect(await join('last-year')).toMatchObject({ error: 'is_archived' })
  })
})

describe('publishing', () => {
  const allScopes =
    'chat:write,chat:write.public,channels:read,groups:read,channels:join,files:write,files:read'
  const startInstalled = async (scope = allScopes) => {
    const started = await start()
    const { headers } = await started.install({ scope })
    const api = async (method: string, fields: Record<string, string>) => {
      const body = new URLSearchParams(fields)
      return (await started.call(`/api/${method}`, { method: 'POST', headers, body })).body
    }
    const upload = async (content: string, more: Record<string, string> = {}) => {
      const length = String(content.length)
      const asked = await api('files.getUploadURLExternal', { filename: 'a.png', length, ...more })
      const answer = await fetch(String(asked.upload_url), { method: 'POST', body: content })
      return { id: String(asked.file_id), url: String(asked.upload_url), text: await answer.text() }
    }
    return { ...started, api, upload }
  }
  const error = (code: string) => ({ ok: false, error: code })

  it('needs membership or the scope for public channels, and a text', async () => {
    const { api, channelId } = await startInstalled('chat:write,channels:read,groups:read')
    const post = (name: string, text = 'Hello') => api('chat.postMessage', { channel: channelId(name), text })
    expect(await post('general')).toMatchObject({ ok: true })
    expect(await post('announcements')).toEqual(error('not_in_channel'))
    expect(await post('board')).toMatchObject({ ok: true })
    expect(await post('salaries')).toEqual(error('channel_not_found'))
    expect(await post('last-year')).toEqual(error('is_archived'))
    expect(await post('general', ' ')).toEqual(error('no_text'))
    const all = await startInstalled()
    const channel = all.channelId('announcements')
    expect(await all.api('chat.postMessage', { channel, text: 'Hello' })).toMatchObject({ ok: true })
    expect(await all.api('chat.postMessage', { channel, text: 'x', thread_ts: '1.1' })).toEqual(
      error('thread_not_found'),
    )
  })

  it('of files takes membership, whatever the scopes, and a file that arrived', async () => {
    const { api, upload, channelId, handle } = await startInstalled()
    const share = (id: string, name: string) =>
      api('files.completeUploadExternal', { files: JSON.stringify([{ id }]), channel_id: channelId(name) })
    const { id, text } = await upload('hello')
    expect(text).toBe('OK - 5')
    expect(await share(id, 'announcements')).toEqual(error('not_in_channel'))
    await api('conversations.join', { channel: channelId('announcements') })
    expect(await share(id, 'announcements')).toMatchObject({ ok: true, files: [{ id }] })
    expect(await share(id, 'announcements')).toEqual(error('file_not_found'))
    const asked = await api('files.getUploadURLExternal', { filename: 'b.png', length: '9' })
    expect(await share(String(asked.file_id), 'announcements')).toEqual(error('file_not_found'))
    expect(await share('F0NOTHING', 'announcements')).toEqual(error('file_not_found'))
    expect(handle.world.posts()).toHaveLength(1)
  })

  it('tells the message of a file at the second look, and later where files take long', async () => {
    const { api, upload, channelId, handle } = await startInstalled()
    const channel = channelId('board')
    const share = async () => {
      const { id } = await upload('hello')
      await api('files.completeUploadExternal', { files: JSON.stringify([{ id }]), channel_id: channel })
      return id
    }
    const sharesOf = async (file: string) =>
      ((await api('files.info', { file })).file as { shares: unknown }).shares
    const first = await share()
    expect(await sharesOf(first)).toEqual({})
    const [post] = handle.world.posts()
    expect(await sharesOf(first)).toEqual({ private: { [channel]: [{ ts: post?.id }] } })
    handle.badDays.set({ fault: 'slow_media', seconds: 60 })
    const second = await share()
    await sharesOf(second)
    expect(await sharesOf(second)).toEqual({})
    handle.clock.advance(61)
    expect(await sharesOf(second)).not.toEqual({})
  })

  it('refuses an upload of another length, a second one, and too long an alt text', async () => {
    const { api, upload } = await startInstalled()
    expect((await upload('hello', { length: '4' })).text).toBe('Bad upload - 5')
    const { url } = await upload('hello')
    expect((await fetch(url, { method: 'POST', body: 'hello' })).status).toBe(404)
    const fields = { filename: 'a.png', length: '1', alt_txt: 'x'.repeat(1001) }
    expect(await api('files.getUploadURLExternal', fields)).toEqual(error('alt_txt_too_large'))
    const without = await startInstalled('chat:write,channels:read')
    expect(await without.api('files.getUploadURLExternal', fields)).toMatchObject({
      error: 'missing_scope',
      needed: 'files:write',
    })
  })

  it('forgets files that are deleted', async () => {
    const { api, upload } = await startInstalled()
    const { id: file } = await upload('hello')
    expect(await api('files.delete', { file })).toEqual({ ok: true })
    expect(await api('files.delete', { file })).toEqual(error('file_not_found'))
  })
})

describe('reading channels', () => {
  const scopes = 'chat:write,chat:write.public,channels:read,groups:read,channels:join,files:write,files:read'
  const error = (code: string) => ({ ok: false, error: code })
  const metadata = JSON.stringify({ event_type: 'a_thing', event_payload: { key: 'k' } })

  async function startReading(more = ',channels:history,groups:history') {
    const started = await start()
    const { headers } = await started.install({ scope: scopes + more })
    const api = async (method: string, fields: Record<string, string>) => {
      const body = new URLSearchParams(fields)
      return (await started.call(`/api/${method}`, { method: 'POST', headers, body })).body
    }
    const read = async (method: string, name: string, fields: Record<string, string> = {}) =>
      api(`conversations.${method}`, { channel: started.channelId(name), ...fields })
    const send = async (name: string, text: string, fields: Record<string, string> = {}) => {
      const { ts } = await api('chat.postMessage', { channel: started.channelId(name), text, ...fields })
      return String(ts)
    }
    return { ...started, api, read, send }
  }

  it('takes the permission for its kind, and membership', async () => {
    const none = await startReading('')
    expect(await none.read('history', 'general')).toMatchObject({ error: 'missing_scope' })
    const some = await startReading(',channels:history')
    expect(await some.read('history', 'general')).toMatchObject({ ok: true, messages: [] })
    expect(await some.read('history', 'announcements')).toEqual(error('not_in_channel'))
    expect(await some.read('replies', 'announcements', { ts: '1.1' })).toEqual(error('not_in_channel'))
    expect(await some.read('history', 'board')).toMatchObject({
      error: 'missing_scope',
      needed: 'groups:history',
    })
    const all = await startReading()
    expect(await all.read('history', 'board')).toMatchObject({ ok: true })
    expect(await all.read('history', 'salaries')).toEqual(error('channel_not_found'))
  })

  it('shows metadata to those who ask for it, and that the bot has joined', async () => {
    const { api, read, send, channelId } = await startReading()
    await api('conversations.join', { channel: channelId('announcements') })
    await api('conversations.join', { channel: channelId('announcements') })
    const ts = await send('announcements', 'R&amp;D', { metadata })
    const { messages } = await read('history', 'announcements')
    expect(messages).toMatchObject([
      { type: 'message', ts, text: 'R&amp;D', bot_id: expect.stringMatching(/^B/) },
      { subtype: 'channel_join' },
    ])
    expect(messages).not.toMatchObject([{ metadata: expect.anything() }, {}])
    expect(await read('history', 'announcements', { include_all_metadata: 'true' })).toMatchObject({
      messages: [{ metadata: { event_type: 'a_thing', event_payload: { key: 'k' } } }, {}],
    })
  })

  it.each(['no JSON', '[]', '{"event_type":"a thing","event_payload":{}}', '{"event_type":"a"}'])(
    'takes no metadata such as %s',
    async (wrong) => {
      const { api, channelId, handle } = await startReading()
      const message = { channel: channelId('general'), text: 'Hello', metadata: wrong }
      expect(await api('chat.postMessage', message)).toEqual(error('invalid_metadata_format'))
      expect(handle.world.posts()).toEqual([])
    },
  )

  it('goes by pages and times, the newest first; a thread the other way round', async () => {
    const { handle, read, send } = await startReading()
    const sent: string[] = []
    for (const text of ['One', 'Two', 'Three']) {
      sent.push(await send('general', text))
      handle.clock.advance(60)
    }
    const [one = '', two = '', three = ''] = sent
    const reply = await send('general', 'Below', { thread_ts: one })
    const tsOf = (body: Record<string, unknown>) => (body.messages as { ts: string }[]).map(({ ts }) => ts)
    const nextOf = ({ response_metadata: more }: Record<string, unknown>) =>
      String((more as { next_cursor: string }).next_cursor)

    const first = await read('history', 'general', { limit: '2' })
    expect([tsOf(first), first.has_more]).toEqual([[three, two], true])
    // What is new since then moves nothing.
    await send('general', 'Four')
    const second = await read('history', 'general', { limit: '2', cursor: nextOf(first) })
    expect([tsOf(second), second.has_more]).toEqual([[one], false])
    expect(second).not.toHaveProperty('response_metadata')
    expect(tsOf(await read('history', 'general', { oldest: one, latest: three }))).toEqual([two])
    const range = { oldest: one, latest: two, inclusive: 'true' }
    expect(tsOf(await read('history', 'general', range))).toEqual([two, one])

    const thread = await read('replies', 'general', { ts: one, limit: '1' })
    expect(thread).toMatchObject({ has_more: true, messages: [{ ts: one, reply_count: 1, thread_ts: one }] })
    const rest = await read('replies', 'general', { ts: one, cursor: nextOf(thread) })
    expect(rest).toMatchObject({ has_more: false, messages: [{ ts: reply, thread_ts: one }] })
  })

  it.each([
    ['history', { cursor: 'x' }, 'invalid_cursor'],
    ['history', { oldest: 'x' }, 'invalid_ts_oldest'],
    ['history', { latest: 'x' }, 'invalid_ts_latest'],
    ['history', { limit: '0' }, 'invalid_arguments'],
    ['replies', { ts: '1.1' }, 'thread_not_found'],
  ])('refuses %s with %j', async (method, fields, code) => {
    const { read } = await startReading()
    expect(await read(method, 'general', fields)).toEqual(error(code))
  })

  it('shows files with their ids', async () => {
    const { api, read, channelId } = await startReading()
    const asked = await api('files.getUploadURLExternal', { filename: 'a.png', length: '5' })
    await fetch(String(asked.upload_url), { method: 'POST', body: 'hello' })
    const id = String(asked.file_id)
    await api('files.completeUploadExternal', {
      files: JSON.stringify([{ id }]),
      channel_id: channelId('general'),
    })
    expect(await read('history', 'general')).toMatchObject({
      messages: [{ text: '', files: [{ id, name: 'a.png', mimetype: 'image/png', size: 5 }] }],
    })
  })
})
