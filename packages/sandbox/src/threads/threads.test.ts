import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve } from '../testing.js'
import { createThreads } from './index.js'
import { countCharacters } from './text.js'

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

const get = async (path: string, query: Record<string, string>, method = 'GET') => {
  const response = await fetch(`${base()}/graph/${path}?${new URLSearchParams(query)}`, { method })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function exchange(scope = all): Promise<string> {
  const code = new URL(await approve(dialog({ scope }))).searchParams.get('code') ?? ''
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

async function longToken(scope = all): Promise<string> {
  const query = { grant_type: 'th_exchange_token', client_secret: clientSecret }
  const { access_token } = JSON.parse(await exchange(scope)) as { access_token: string }
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

describe('publishing', () => {
  const everything = `${all},threads_delete,threads_manage_replies`
  let access_token: string
  beforeEach(async () => {
    access_token = await longToken(everything)
  })

  const ask = (path: string, parameters: Record<string, string>, method = 'POST') =>
    get(`v1.0/${path}`, { access_token, ...parameters }, method)
  const make = (parameters: Record<string, string>) => ask('me/threads', parameters)
  const text = async (words: string, more = {}) =>
    String((await make({ media_type: 'TEXT', text: words, ...more })).body.id)
  const publish = (creation_id: string) => ask('me/threads_publish', { creation_id })
  const status = async (id: string) => (await ask(id, { fields: 'status,error_message' }, 'GET')).body
  const posts = () => running.platform('threads').world.posts()

  it('takes a form as well as a query, and counts against the quota', async () => {
    const made = await fetch(`${base()}/graph/v1.0/me/threads?access_token=${access_token}`, {
      method: 'POST',
      body: new URLSearchParams({ media_type: 'TEXT', text: 'Hello' }),
    })
    const { id } = (await made.json()) as { id: string }
    expect(await status(id)).toEqual({ id, status: 'FINISHED' })
    const { body } = await publish(id)
    expect(posts()).toMatchObject([{ id: body.id, text: 'Hello', inReplyTo: null }])
    expect((await ask(String(body.id), { fields: 'permalink,timestamp,is_reply' }, 'GET')).body).toEqual({
      id: body.id,
      permalink: expect.stringMatching(/\/@ada\.sandbox\/post\/\w{11}$/),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/),
      is_reply: false,
    })
    const fields = 'quota_usage,reply_quota_usage'
    expect((await ask('me/threads', { fields: 'text' }, 'GET')).body.data).toEqual([
      { id: body.id, text: 'Hello' },
    ])
    const { id: personId } = running.platform('threads').world.people()[0] ?? { id: '' }
    expect((await ask(`${personId}/threads_publishing_limit`, { fields }, 'GET')).body.data).toEqual([
      { quota_usage: 1, reply_quota_usage: 0 },
    ])
  })

  it('happens at most once with each container', async () => {
    const id = await text('Hello')
    await publish(id)
    expect(await status(id)).toMatchObject({ status: 'PUBLISHED' })
    expect((await publish(id)).status).toBe(400)
    expect(posts()).toHaveLength(1)
  })

  it('of a container that is a day old is too late', async () => {
    const id = await text('Hello')
    running.sandbox.clock.advance(86_400)
    expect(await status(id)).toMatchObject({ status: 'EXPIRED' })
    expect((await publish(id)).body.error).toMatchObject({ code: 24 })
  })

  it.each([
    [{ media_type: 'TEXT' }, 100],
    [{ media_type: 'TEXT', text: `${'a'.repeat(497)}😀` }, 100],
    [{ media_type: 'TEXT', text: 'x', reply_control: 'nobody' }, 100],
    [{ media_type: 'TEXT', text: 'x', topic_tag: 'a.b' }, 100],
    [{ media_type: 'TEXT', text: [1, 2, 3, 4, 5, 6].map((n) => `https://example.org/${n}`).join(' ') }, 100],
    [{ media_type: 'TEXT', text: 'x', reply_to_id: '1' }, 24],
    [{ media_type: 'IMAGE', image_url: 'http://127.0.0.1:1/none.jpg' }, 9004],
    [{ media_type: 'IMAGE', image_url: 'http://127.0.0.1:1/', link_attachment: 'https://example.org' }, 100],
    [{ media_type: 'CAROUSEL', children: '1,2' }, 100],
    [{ media_type: 'AUDIO' }, 100],
  ])('of %j is refused', async (parameters, code) => {
    expect((await make(parameters)).body.error).toMatchObject({ code })
  })

  it('of an image that is a web page is refused', async () => {
    const image_url = `${base()}/www/oauth/authorize`
    expect((await make({ media_type: 'IMAGE', image_url })).body.error).toMatchObject({ code: 9004 })
    const page = `${running.origin}/`
    expect((await make({ media_type: 'IMAGE', image_url: page })).body.error).toMatchObject({ code: 36001 })
  })

  it('of a video goes on while it is fetched, and may end badly', async () => {
    const video_url = `${running.origin}/`
    const id = String((await make({ media_type: 'VIDEO', video_url })).body.id)
    expect(await status(id)).toMatchObject({ status: 'IN_PROGRESS' })
    expect((await publish(id)).body.error).toMatchObject({ code: 24, error_subcode: 4_279_009 })
    running.sandbox.clock.advance(1)
    await expect
      .poll(() => status(id))
      .toMatchObject({
        status: 'ERROR',
        error_message: 'FAILED_PROCESSING_VIDEO',
      })
  })

  it('takes its time on days of slow media', async () => {
    running.platform('threads').badDays.set({ fault: 'slow_media', seconds: 300 })
    const id = await text('Hello')
    expect(await status(id)).toMatchObject({ status: 'IN_PROGRESS' })
    running.sandbox.clock.advance(300)
    expect(await status(id)).toMatchObject({ status: 'FINISHED' })
  })

  it('of a reply and deleting take permissions of their own', async () => {
    const parent = String((await publish(await text('Hello'))).body.id)
    const reply = String((await publish(await text('More', { reply_to_id: parent }))).body.id)
    expect(posts()).toMatchObject([{ inReplyTo: null }, { id: reply, inReplyTo: parent }])
    running
      .platform('threads')
      .tokens.dropScopes(posts()[0]?.personId ?? '', ['threads_delete', 'threads_manage_replies'])
    const again = { media_type: 'TEXT', text: 'x', reply_to_id: parent }
    expect((await make(again)).body.error).toMatchObject({ code: 10 })
    expect((await ask(reply, {}, 'DELETE')).body.error).toMatchObject({ code: 10 })
  })

  it('can be undone', async () => {
    const id = String((await publish(await text('Hello'))).body.id)
    expect((await ask(id, {}, 'DELETE')).body).toEqual({ success: true, deleted_id: id })
    expect((await ask(id, {}, 'DELETE')).body.error).toMatchObject({ code: 24 })
    expect(posts()).toEqual([])
  })

  it('ends after 250 posts a day', async () => {
    const { world } = running.platform('threads')
    const personId = world.people()[0]?.id ?? ''
    for (let count = 0; count < 250; count++) world.addPost({ personId, text: 'x', body: null })
    expect((await publish(await text('One more'))).body.error).toMatchObject({ error_subcode: 2_207_042 })
    running.sandbox.clock.advance(86_400)
    expect((await publish(await text('Tomorrow'))).status).toBe(200)
  })
})

describe('the length of a text', () => {
  it.each([
    ['hello', 5],
    ['😀', 4],
    ['👍🏽', 8],
    ['👨‍👩‍👧‍👦', 25],
    ['🇩🇪', 8],
    ['1️⃣ 12', 10],
    ['日本', 2],
  ])('of %s is %i', (words, length) => expect(countCharacters(words)).toBe(length))
})
