import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSignedRequest } from '../meta/signed-request.js'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve, deny } from '../testing.js'
import { createFacebook } from './index.js'

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const all = 'pages_show_list,pages_read_engagement,pages_manage_posts'
const [clientId, clientSecret] = ['1234567890123456', 'a-simulated-app-secret']

let running: RunningSandbox
beforeEach(async () => {
  running = await startSandbox({ platforms: [createFacebook()] })
})
afterEach(() => running.close())

const base = () => running.platform('facebook').base

function dialog(more: Record<string, string> = {}): string {
  const parameters = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: all,
    state: 'the-state',
    ...more,
  })
  return `${base()}/www/v26.0/dialog/oauth?${parameters}`
}

async function get(path: string, query: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(`${base()}/graph/v26.0/${path}?${new URLSearchParams(query)}`, { method })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const exchange = (code: string, more: Record<string, string> = {}) =>
  get('oauth/access_token', {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uri: redirectUri,
    code,
    ...more,
  })

const codeOf = (address: string) => new URL(address).searchParams.get('code') ?? ''

async function shortToken(more: Record<string, string> = {}): Promise<string> {
  return String((await exchange(codeOf(await approve(dialog(more))))).body.access_token)
}

const longToken = async (short: string) => {
  const { body } = await get('oauth/access_token', {
    grant_type: 'fb_exchange_token',
    client_id: clientId,
    client_secret: clientSecret,
    fb_exchange_token: short,
  })
  return { token: String(body.access_token), body }
}

const inspect = async (token: string) => {
  const { body } = await get('debug_token', {
    input_token: token,
    access_token: `${clientId}|${clientSecret}`,
  })
  return body.data as Record<string, unknown>
}

const pagesOf = async (token: string, more: Record<string, string> = {}) => {
  const fields = 'id,name,access_token,tasks'
  const { body } = await get('me/accounts', { access_token: token, fields, ...more })
  return body as {
    data: { id: string; name: string; access_token: string; tasks: string[] }[]
    paging?: { next?: string; cursors: { after: string } }
  }
}

describe('the dialog', () => {
  it('sends people back with a code, and an odd end of the address', async () => {
    const back = await approve(dialog())
    expect(back).toMatch(/#_=_$/)
    expect(new URL(back).searchParams.get('state')).toBe('the-state')
    expect(codeOf(back)).not.toBe('')
  })

  it('says that they said no', async () => {
    expect(Object.fromEntries(new URL(await deny(dialog())).searchParams)).toEqual({
      error: 'access_denied',
      error_code: '200',
      error_description: 'Permissions error',
      error_reason: 'user_denied',
      state: 'the-state',
    })
  })

  it.each([
    [{ client_id: '1' }, 'Invalid App ID'],
    [{ redirect_uri: 'https://elsewhere.example.org/' }, 'URL Blocked'],
    [{ scope: `${all},read_everything` }, 'Invalid Scopes: read_everything'],
  ])('with %j lets nobody through', async (wrong, words) => {
    const page = await fetch(dialog(wrong))
    expect(page.status).toBe(400)
    expect(await page.text()).toContain(words)
  })
})

describe('the token endpoint', () => {
  it('takes a code once, for the address it was made for, from the app with its secret', async () => {
    const code = codeOf(await approve(dialog()))
    const wrong = [
      await exchange(code, { client_secret: 'wrong' }),
      await exchange(code, { client_id: '1' }),
      await exchange(code, { redirect_uri: `${redirectUri}/` }),
      await exchange('made-up'),
    ]
    const right = await exchange(code)
    expect(right.body).toEqual({ access_token: expect.any(String), token_type: 'bearer', expires_in: 5400 })
    expect([...wrong, await exchange(code)].map(({ status, body }) => [status, body.error])).toMatchObject([
      [400, { code: 1, message: 'Error validating client secret.', type: 'OAuthException' }],
      [400, { code: 101 }],
      [400, { code: 100, error_subcode: 36008 }],
      [400, { code: 100 }],
      [400, { code: 100, error_subcode: 36009 }],
    ])
  })

  it('changes a living token for one of 60 days', async () => {
    const { token, body } = await longToken(await shortToken())
    expect(body).toEqual({ access_token: expect.any(String), token_type: 'bearer', expires_in: 5_183_944 })
    running.sandbox.clock.advance(5_183_944)
    expect((await longToken(token)).body.error).toMatchObject({ code: 190, error_subcode: 463 })
  })
})

describe('the Graph API', () => {
  it('gives Pages tokens without an end only for a long-lived token', async () => {
    const short = await shortToken()
    const { token } = await longToken(short)
    const [ofShort] = (await pagesOf(short)).data
    const [ofLong] = (await pagesOf(token)).data
    expect(await inspect(ofShort?.access_token ?? '')).toMatchObject({
      type: 'PAGE',
      expires_at: expect.any(Number),
    })
    expect((await inspect(ofShort?.access_token ?? '')).expires_at).not.toBe(0)
    expect(await inspect(ofLong?.access_token ?? '')).toMatchObject({
      app_id: clientId,
      type: 'PAGE',
      is_valid: true,
      expires_at: 0,
      profile_id: ofLong?.id,
      scopes: all.split(','),
    })
    expect((await pagesOf(token)).data[0]?.access_token).toBe(ofLong?.access_token)
  })

  it('lists Pages in parts', async () => {
    const token = await shortToken()
    const first = await pagesOf(token, { limit: '2' })
    expect(first.data).toHaveLength(2)
    expect(first.paging?.next).toContain('access_token=')
    const rest = await pagesOf(token, { limit: '2', after: first.paging?.cursors.after ?? '' })
    expect(rest.data.map(({ name }) => name)).toEqual(['Numbers Only'])
    expect(rest.data[0]?.tasks).toEqual(['ANALYZE'])
    expect(rest.paging).not.toHaveProperty('next')
  })

  it('keeps Pages of portfolios apart', async () => {
    const without = await get('me/businesses', { access_token: await shortToken() })
    expect(without).toMatchObject({ status: 403, body: { error: { code: 10 } } })
    const token = await shortToken({ scope: `${all},business_management` })
    const { body } = await get('me/businesses', { access_token: token, fields: 'id,name' })
    const [business] = body.data as { id: string; name: string }[]
    expect(business?.name).toBe('Sandbox Portfolio')
    const owned = await get(`${business?.id}/owned_pages`, { access_token: token, fields: 'name' })
    expect(owned.body.data).toMatchObject([{ name: 'Portfolio Page' }])
  })

  it('refuses a wrong proof and an unknown token', async () => {
    const token = await shortToken()
    const proof = createHmac('sha256', clientSecret).update(token).digest('hex')
    const ask = (query: Record<string, string>) => get('me', { fields: 'id,name', ...query })
    expect((await ask({ access_token: token, appsecret_proof: proof })).body).toMatchObject({
      name: 'Ada Sandbox',
    })
    expect((await ask({ access_token: token, appsecret_proof: 'x' })).body.error).toMatchObject({ code: 100 })
    expect((await ask({ access_token: 'x' })).body.error).toMatchObject({ code: 190 })
    expect(await inspect('x')).toMatchObject({ is_valid: false, error: { code: 190 } })
  })

  it('takes back all permissions, of oneself only', async () => {
    const token = await shortToken()
    const { id } = (await get('me', { access_token: token })).body
    const query = { access_token: token }
    expect((await get('1/permissions', query, 'DELETE')).body.error).toMatchObject({ code: 100 })
    expect((await get(`${id}/permissions`, query, 'DELETE')).body).toEqual({ success: true })
    expect((await get('me', query)).body.error).toMatchObject({ code: 190, error_subcode: 458 })
    expect(await inspect(token)).toMatchObject({ is_valid: false, error: { code: 190, subcode: 458 } })
  })

  it('words a limit by minutes in a header', async () => {
    running.platform('facebook').badDays.set({ fault: 'rate_limited', seconds: 600 })
    const response = await fetch(`${base()}/graph/v26.0/me`)
    expect(response.headers.get('x-business-use-case-usage')).toContain(
      '"estimated_time_to_regain_access":10',
    )
    expect(response.headers.has('retry-after')).toBe(false)
    expect(await response.json()).toMatchObject({ error: { code: 80001 } })
  })
})

it('signs its callbacks over the payload as it is written', () => {
  const body = createSignedRequest(clientSecret, '42', new Date(1_700_000_000_000))
  const [signature = '', payload = ''] = (body.get('signed_request') ?? '').split('.')
  expect(createHmac('sha256', clientSecret).update(payload).digest('base64url')).toBe(signature)
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual({
    user_id: '42',
    algorithm: 'HMAC-SHA256',
    issued_at: 1_700_000_000,
  })
})

describe('publishing', () => {
  let page: { id: string; access_token: string }
  beforeEach(async () => {
    const { token } = await longToken(await shortToken())
    const [first] = (await pagesOf(token)).data
    if (!first) throw new Error('There is no Page.')
    page = first
  })

  const query = (more: Record<string, string> = {}) =>
    new URLSearchParams({ access_token: page.access_token, ...more })
  async function post(path: string, form: Record<string, string> | FormData, token = query()) {
    const body = form instanceof FormData ? form : new URLSearchParams(form)
    const response = await fetch(`${base()}/graph/v26.0/${path}?${token}`, { method: 'POST', body })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const ask = (path: string, more = {}, method = 'GET') => get(path, Object.fromEntries(query(more)), method)
  const posts = () => running.platform('facebook').world.posts()
  const formOf = (
    name: string,
    bytes: Uint8Array<ArrayBuffer>,
    type: string,
    more: Record<string, string> = {},
  ) => {
    const form = new FormData()
    for (const [field, value] of Object.entries(more)) form.set(field, value)
    form.set(name, new File([bytes], 'file', { type }))
    return form
  }
  const photo = async (more: Record<string, string> = { published: 'false' }) =>
    (await post(`${page.id}/photos`, formOf('source', new Uint8Array([1, 2, 3]), 'image/png', more))).body

  it('takes a post and answers with what was asked for', async () => {
    const { body } = await post(`${page.id}/feed`, { message: 'Hello' }, query({ fields: 'permalink_url' }))
    expect(body).toEqual({
      id: expect.stringMatching(`^${page.id}_\\d{15}$`),
      permalink_url: expect.any(String),
    })
    expect(posts()).toMatchObject([
      { id: body.id, resourceId: page.id, text: 'Hello', body: { message: 'Hello' } },
    ])
    const fields = 'message,created_time'
    expect((await ask(`${page.id}/published_posts`, { fields })).body.data).toMatchObject([
      { id: body.id, message: 'Hello', created_time: expect.stringMatching(/\+0000$/) },
    ])
    expect((await ask(String(body.id), {}, 'DELETE')).body).toEqual({ success: true })
    expect((await ask(String(body.id), {}, 'DELETE')).body.error).toMatchObject({
      code: 100,
      error_subcode: 33,
    })
  })

  it('shows pictures that were uploaded, each once', async () => {
    const [one, two] = [await photo(), await photo({ published: 'false', alt_text_custom: 'A square' })]
    expect(posts()).toEqual([])
    const attached_media = JSON.stringify([{ media_fbid: one.id }, { media_fbid: two.id }])
    const { body } = await post(`${page.id}/feed`, { message: 'Two', attached_media })
    expect(posts()).toMatchObject([{ id: body.id, media: [{ byteLength: 3 }, { altText: 'A square' }] }])
    expect((await ask(String(body.id), { fields: 'attachments' })).body.attachments).toMatchObject({
      data: [{ subattachments: { data: [{ target: { id: one.id } }, { target: { id: two.id } }] } }],
    })
    expect((await post(`${page.id}/feed`, { attached_media })).body.error).toMatchObject({ code: 100 })
  })

  it('forgets pictures that were not posted within a day', async () => {
    const { id } = await photo()
    running.sandbox.clock.advance(86_400)
    const attached = { 'attached_media[0]': JSON.stringify({ media_fbid: id }) }
    expect((await post(`${page.id}/feed`, attached)).body.error).toMatchObject({
      code: 100,
      error_subcode: 33,
    })
  })

  it('posts a picture at once where that is wanted', async () => {
    expect(await photo({ message: 'Look' })).toMatchObject({ post_id: posts()[0]?.id })
    expect(posts()).toMatchObject([{ text: 'Look' }])
  })

  it('takes a video in parts, and works on it for a moment', async () => {
    const start = await post(`${page.id}/videos`, { upload_phase: 'start', file_size: '5000000' })
    expect(start.body).toMatchObject({ start_offset: '0', end_offset: '4194304' })
    const { upload_session_id, video_id } = start.body as Record<string, string>
    const part = (offset: number, length: number) => {
      const more = {
        upload_phase: 'transfer',
        upload_session_id: upload_session_id ?? '',
        start_offset: String(offset),
      }
      return post(`${page.id}/videos`, formOf('video_file_chunk', new Uint8Array(length), 'video/mp4', more))
    }
    const finish = () =>
      post(`${page.id}/videos`, {
        upload_phase: 'finish',
        upload_session_id: upload_session_id ?? '',
        description: 'Moving',
      })
    expect((await part(100, 10)).body.error).toMatchObject({ code: 6001 })
    expect((await finish()).body.error).toMatchObject({ code: 6000 })
    expect((await part(0, 4_194_304)).body).toEqual({ start_offset: '4194304', end_offset: '5000000' })
    // Once more, as after a lost answer.
    expect((await part(0, 4_194_304)).body).toEqual({ start_offset: '4194304', end_offset: '5000000' })
    expect((await part(4_194_304, 805_696)).body).toEqual({ start_offset: '5000000', end_offset: '5000000' })
    running.platform('facebook').badDays.set({ fault: 'slow_media', seconds: 60 })
    expect((await finish()).body).toEqual({ success: true })
    const status = async () => (await ask(video_id ?? '', { fields: 'status' })).body.status
    expect(await status()).toMatchObject({ video_status: 'processing' })
    running.sandbox.clock.advance(60)
    expect(await status()).toMatchObject({ video_status: 'ready', publishing_phase: { status: 'complete' } })
    expect(posts()).toMatchObject([{ id: video_id, text: 'Moving', media: [{ byteLength: 5_000_000 }] }])
    expect((await finish()).body.error).toMatchObject({ code: 100 })
  })

  it('takes the video of a reel by another server, which wants to know where it goes on', async () => {
    const start = await post(`${page.id}/video_reels`, { upload_phase: 'start' })
    const upload = async (headers: Record<string, string>) => {
      const authorization = `OAuth ${page.access_token}`
      const init = { method: 'POST', headers: { authorization, ...headers }, body: new Uint8Array(10) }
      return (await fetch(String(start.body.upload_url), init)).json()
    }
    expect(await upload({ file_size: '20' })).toMatchObject({
      debug_info: { type: 'ParameterValidationError' },
    })
    expect(await upload({ offset: '5', file_size: '20' })).toMatchObject({ debug_info: {} })
    expect(await upload({ offset: '0', file_size: '20' })).toEqual({ success: true })
    const video_id = String(start.body.video_id)
    expect((await ask(video_id, { fields: 'status' })).body.status).toMatchObject({
      video_status: 'uploading',
      uploading_phase: { bytes_transfered: 10 },
    })
    expect(await upload({ offset: '10', file_size: '20' })).toEqual({ success: true })
    const finish = { upload_phase: 'finish', video_id, video_state: 'PUBLISHED', description: 'Dance' }
    expect((await post(`${page.id}/video_reels`, finish)).body).toMatchObject({ success: true })
    expect(posts()).toMatchObject([{ id: video_id, text: 'Dance' }])
  })

  it('shows a picture as a story, which is in a list of its own', async () => {
    const { id } = await photo()
    const { body } = await post(`${page.id}/photo_stories`, { photo_id: String(id) })
    expect((await ask(`${page.id}/stories`)).body.data).toMatchObject([
      { post_id: body.post_id, media_id: id },
    ])
    expect((await ask(`${page.id}/published_posts`)).body.data).toEqual([])
  })

  it.each([
    ['feed', {}, 100],
    ['feed', { message: 'a'.repeat(63_207) }, 100],
    ['feed', { link: 'nowhere' }, 100],
    ['feed', { attached_media: 'nothing' }, 100],
    ['feed', { attached_media: '[{"media_fbid":"1"}]' }, 100],
    ['photos', {}, 324],
    ['photos', { url: 'http://127.0.0.1:1/' }, 100],
    ['videos', {}, 100],
    ['videos', { upload_phase: 'start' }, 100],
    ['videos', { upload_phase: 'finish', upload_session_id: '1' }, 100],
    ['video_reels', { upload_phase: 'transfer' }, 100],
    ['photo_stories', { photo_id: '1' }, 100],
  ])('refuses to %s with %j', async (edge, form, code) => {
    expect((await post(`${page.id}/${edge}`, form)).body.error).toMatchObject({ code })
    expect(posts()).toEqual([])
  })

  it('is for who shows the token of that Page and was allowed to', async () => {
    const { world, tokens } = running.platform('facebook')
    const [ada] = world.people()
    const [, other] = world.resources('page')
    expect((await post(`${other?.id}/feed`, { message: 'x' })).body.error).toMatchObject({
      error_subcode: 33,
    })
    const { token } = await longToken(await shortToken())
    const asPerson = new URLSearchParams({ access_token: token })
    expect((await post(`${page.id}/feed`, { message: 'x' }, asPerson)).body.error).toMatchObject({
      code: 210,
    })
    tokens.dropScopes(ada?.id ?? '', ['pages_manage_posts'])
    expect((await post(`${page.id}/feed`, { message: 'x' })).body.error).toMatchObject({ code: 10 })
    world.setCondition(ada?.id ?? '', 'no_page_role')
    expect((await post(`${page.id}/feed`, { message: 'x' })).body.error).toMatchObject({ error_subcode: 492 })
  })

  describe('comments', () => {
    let postId: string
    beforeEach(async () => {
      const scope = `${all},pages_manage_engagement`
      const { token } = await longToken(await shortToken({ scope }))
      page = (await pagesOf(token)).data[0] ?? page
      postId = String((await post(`${page.id}/feed`, { message: 'Hello' })).body.id)
    })
    const comment = (message: string, id = postId) => post(`${id}/comments`, { message })
    const list = async (query: Record<string, string> = {}) => (await ask(`${postId}/comments`, query)).body
    const world = () => running.platform('facebook').world
    const fromBen = (text: string, inReplyTo = postId) =>
      world().addPost({ personId: world().people()[1]?.id ?? '', text, inReplyTo, body: null })

    it('are answered with an id and listed below the post, by the Page', async () => {
      const { body } = await comment('First!')
      expect(body).toEqual({ id: expect.stringMatching(`^${postId.split('_')[1]}_\\d{15}$`) })
      expect(posts()).toMatchObject([
        { id: postId },
        { id: body.id, text: 'First!', inReplyTo: postId, resourceId: page.id },
      ])
      expect(await list({ summary: 'true' })).toMatchObject({
        data: [{ id: body.id, message: 'First!', from: { id: page.id, name: 'Ada’s Bakery' } }],
        summary: { total_count: 1 },
      })
      expect((await ask(`${page.id}/published_posts`)).body.data).toMatchObject([{ id: postId }])
      expect((await ask(String(body.id), { fields: 'message,created_time' })).body).toMatchObject({
        message: 'First!',
        created_time: expect.stringMatching(/\+0000$/),
      })
    })

    it('of other people are counted, and shown to who may read them', async () => {
      const { id } = (await comment('First!')).body
      fromBen('Nice')
      expect(await list({ summary: '1' })).toMatchObject({ data: [{ id }], summary: { total_count: 2 } })
      const { token } = await longToken(await shortToken({ scope: `${all},pages_read_user_content` }))
      page = (await pagesOf(token)).data[0] ?? page
      expect((await list({ order: 'reverse_chronological', fields: 'message' })).data).toMatchObject([
        { message: 'Nice' },
        { message: 'First!' },
      ])
    })

    it('may stand below other comments, which only a stream of all shows', async () => {
      const { id } = (await comment('First!')).body
      const { body } = await comment('Second', String(id))
      expect((await list()).data).toMatchObject([{ id }])
      const fields = 'id,message,parent{id}'
      expect((await list({ filter: 'stream', fields })).data).toEqual([
        { id, message: 'First!' },
        { id: body.id, message: 'Second', parent: { id } },
      ])
    })

    it('come in parts', async () => {
      for (const text of ['1', '2', '3']) await comment(text)
      const first = await list({ limit: '2', fields: 'message' })
      expect(first.data).toMatchObject([{ message: '1' }, { message: '2' }])
      const { cursors } = first.paging as { cursors: { after: string } }
      const rest = await list({ limit: '2', fields: 'message', after: cursors.after })
      expect(rest.data).toMatchObject([{ message: '3' }])
      expect(rest.paging).not.toHaveProperty('next')
    })

    it('go with the post, and by themselves', async () => {
      const { id } = (await comment('First!')).body
      await comment('Second')
      fromBen('Nice', String(id))
      expect((await ask(String(id), {}, 'DELETE')).body).toEqual({ success: true })
      expect(posts()).toMatchObject([{ id: postId }, { text: 'Second' }])
      await ask(postId, {}, 'DELETE')
      expect(posts()).toEqual([])
    })

    it.each([
      ['nothing', ''],
      ['spaces', ' '],
      ['too many characters', 'a'.repeat(8001)],
    ])('of %s are refused', async (_, message) => {
      expect((await comment(message)).body.error).toMatchObject({ code: 100 })
      expect(posts()).toHaveLength(1)
    })

    it('have no place below stories, what is not there, or where they are turned off', async () => {
      const { id } = await photo()
      const story = await post(`${page.id}/photo_stories`, { photo_id: String(id) })
      expect((await comment('First!', String(story.body.post_id))).body.error).toMatchObject({ code: 100 })
      expect((await comment('First!', '1')).body.error).toMatchObject({ code: 100, error_subcode: 33 })
      world().updatePost(postId, { facts: { canComment: false } })
      expect((await comment('First!')).body.error).toMatchObject({ code: 100 })
      expect(posts()).toHaveLength(2)
    })

    it('take the permission for them, a Page that is public, and no person', async () => {
      const { token } = await longToken(await shortToken())
      const asPerson = new URLSearchParams({ access_token: token })
      expect((await post(`${postId}/comments`, { message: 'x' }, asPerson)).body.error).toMatchObject({
        code: 1705,
      })
      const before = world().resource(page.id)
      if (!before) throw new Error('There is no Page.')
      world().addResource({ ...before, facts: { ...before.facts, isPublished: false } })
      expect((await comment('First!')).body.error).toMatchObject({ code: 100 })
      world().addResource({ ...before, facts: { ...before.facts, tasks: ['CREATE_CONTENT'] } })
      expect((await comment('First!')).body.error).toMatchObject({ code: 200 })
      world().addResource(before)
      running.platform('facebook').tokens.dropScopes(before.ownerIds[0] ?? '', ['pages_manage_engagement'])
      expect((await comment('First!')).body.error).toMatchObject({ code: 200 })
      expect(posts()).toHaveLength(1)
    })
  })
})
