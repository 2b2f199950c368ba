import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve, deny } from '../testing.js'
import { createInstagram } from './index.js'

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const all = 'instagram_business_basic,instagram_business_content_publish'
const [clientId, clientSecret] = ['990602627938098', 'a-simulated-instagram-secret']

let running: RunningSandbox
beforeEach(async () => {
  running = await startSandbox({ platforms: [createInstagram()] })
})
afterEach(() => running.close())

const base = () => running.platform('instagram').base

const dialog = (more: Record<string, string> = {}) =>
  `${base()}/www/oauth/authorize?${new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: all,
    state: 'the-state',
    ...more,
  })}`

async function read(response: Promise<Response>) {
  const { status, text } = await response.then(async (one) => ({
    status: one.status,
    text: await one.text(),
  }))
  return { status, text, body: JSON.parse(text) as Record<string, unknown> }
}

const get = (path: string, query: Record<string, string> = {}) =>
  read(fetch(`${base()}/graph/${path}?${new URLSearchParams(query)}`))

const exchange = (code: string, more: Record<string, string> = {}) =>
  read(
    fetch(`${base()}/api/oauth/access_token`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: clientId,
        client_secret: clientSecret,
        grant_type: 'authorization_code',
        redirect_uri: redirectUri,
        code,
        ...more,
      }),
    }),
  )

const codeOf = (address: string) => new URL(address).searchParams.get('code') ?? ''

async function longToken(more: Record<string, string> = {}): Promise<string> {
  const short = String((await exchange(codeOf(await approve(dialog(more))))).body.access_token)
  const { body } = await get('access_token', {
    grant_type: 'ig_exchange_token',
    client_secret: clientSecret,
    access_token: short,
  })
  return String(body.access_token)
}

describe('the authorization window', () => {
  it('sends people back with an odd end of the address, also those who say no', async () => {
    expect(await approve(dialog())).toMatch(/\?code=[^&#]+&state=the-state#_$/)
    const { searchParams } = new URL(await deny(dialog()))
    expect(Object.fromEntries(searchParams)).toMatchObject({
      error: 'access_denied',
      error_reason: 'user_denied',
      state: 'the-state',
    })
  })

  it('lets nobody leave out the basic permission', async () => {
    const back = await approve(dialog(), { scopes: [] })
    expect((await exchange(codeOf(back))).body.permissions).toBe('instagram_business_basic')
  })
})

describe('the token endpoint', () => {
  it('names the account by a number that no number of JavaScript holds', async () => {
    const { text } = await exchange(codeOf(await approve(dialog())))
    const [, digits = ''] = /"user_id":(\d+),/.exec(text) ?? []
    expect(digits).toBe(running.platform('instagram').world.people()[0]?.id)
    expect(Number.isSafeInteger(Number(digits))).toBe(false)
    expect(text).toContain(`"permissions":"${all}"`)
  })

  it('refuses with code 400 and nothing but words to tell why', async () => {
    const code = codeOf(await approve(dialog()))
    const answers = [
      await exchange(code, { client_id: '1' }),
      await exchange(code, { client_secret: 'wrong' }),
      await exchange('made-up'),
    ]
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [400, { error_type: 'OAuthException', code: 400, error_message: 'Invalid platform app' }],
      [400, { error_type: 'OAuthException', code: 400, error_message: 'Error validating client secret.' }],
      [
        400,
        {
          error_type: 'OAuthException',
          code: 400,
          error_message: 'Matching code was not found or was already used.',
        },
      ],
    ])
    expect((await exchange(code)).status).toBe(200)
    expect((await exchange(code)).status).toBe(400)
  })
})

describe('a long-lived token', () => {
  const refresh = (token: string) =>
    get('refresh_access_token', { grant_type: 'ig_refresh_token', access_token: token })

  it('takes the secret to get, and none to extend', async () => {
    const short = String((await exchange(codeOf(await approve(dialog())))).body.access_token)
    const query = { grant_type: 'ig_exchange_token', access_token: short }
    expect((await get('access_token', { ...query, client_secret: 'wrong' })).body.error).toMatchObject({
      code: 1,
    })
    const token = await longToken()
    running.sandbox.clock.advance(86_400)
    expect((await refresh(token)).body).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 5_183_944,
    })
  })

  it('cannot be extended on its first day, nor after its last', async () => {
    const token = await longToken()
    running.sandbox.clock.advance(86_399)
    expect((await refresh(token)).status).toBe(400)
    running.sandbox.clock.advance(60 * 86_400)
    expect((await refresh(token)).body.error).toMatchObject({ code: 190, error_subcode: 463 })
  })
})

describe('the Graph API', () => {
  it('gives the fields that are asked for, and the quota to those who may publish', async () => {
    const token = await longToken()
    const { id } = running.platform('instagram').world.people()[0] ?? { id: '' }
    const me = await get('v26.0/me', { access_token: token, fields: 'user_id,username,account_type' })
    expect(me.body).toEqual({
      id: expect.any(String),
      user_id: id,
      username: 'ada.sandbox',
      account_type: 'BUSINESS',
    })
    const limit = (shown: string) => get(`v26.0/${id}/content_publishing_limit`, { access_token: shown })
    expect((await limit(token)).body).toEqual({
      data: [{ quota_usage: 0, config: { quota_total: 50, quota_duration: 86_400 } }],
    })
    const poor = await longToken({ scope: 'instagram_business_basic' })
    expect((await limit(poor)).body.error).toMatchObject({ code: 10 })
  })

  it('knows nobody but oneself', async () => {
    const query = { access_token: await longToken() }
    expect((await get('v26.0/1/content_publishing_limit', query)).body.error).toMatchObject({
      code: 100,
      error_subcode: 33,
    })
  })
})

describe('publishing', () => {
  let access_token: string
  let files: Server
  let address: string
  beforeEach(async () => {
    access_token = await longToken()
    files = createServer((request, response) => {
      const type = { '/a.jpg': 'image/jpeg', '/a.png': 'image/png', '/a.mp4': 'video/mp4' }[request.url ?? '']
      response.writeHead(type ? 200 : 404, { 'content-type': type ?? 'text/plain' }).end('content')
    })
    await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve))
    address = `http://127.0.0.1:${(files.address() as AddressInfo).port}`
  })
  afterEach(() => new Promise((resolve) => files.close(resolve)))

  const ada = () => running.platform('instagram').world.people()[0] ?? { id: '' }
  const posts = () => running.platform('instagram').world.posts()
  const ask = (path: string, query: Record<string, string> = {}) =>
    get(`v26.0/${path}`, { access_token, ...query })
  const post = (path: string, form: Record<string, string>) =>
    read(
      fetch(`${base()}/graph/v26.0/${path}?${new URLSearchParams({ access_token })}`, {
        method: 'POST',
        body: new URLSearchParams(form),
      }),
    )
  const make = (form: Record<string, string>) => post(`${ada().id}/media`, form)
  const picture = async (more = {}) =>
    String((await make({ image_url: `${address}/a.jpg`, ...more })).body.id)
  const publish = (creation_id: string) => post(`${ada().id}/media_publish`, { creation_id })
  const status = async (id: string) => (await ask(id, { fields: 'status_code,status' })).body

  it('of a picture counts against the quota and is listed', async () => {
    const container = await picture({ caption: 'Fresh', alt_text: 'Bread' })
    expect(await status(container)).toMatchObject({ status_code: 'FINISHED' })
    const { id } = (await publish(container)).body
    expect(await status(container)).toMatchObject({ status_code: 'PUBLISHED' })
    expect(posts()).toMatchObject([
      { id, text: 'Fresh', media: [{ altText: 'Bread', mimeType: 'image/jpeg' }] },
    ])
    expect((await ask(`${ada().id}/media`, { fields: 'caption,permalink' })).body.data).toEqual([
      { id, caption: 'Fresh', permalink: expect.stringMatching(/\/p\/\w{11}\/$/) },
    ])
    expect((await ask(String(id), { fields: 'shortcode' })).body.shortcode).toMatch(/^\w{11}$/)
    const { body } = await ask(`${ada().id}/content_publishing_limit`)
    expect(body.data).toMatchObject([{ quota_usage: 1 }])
  })

  it('happens at most once with each container', async () => {
    const container = await picture()
    await publish(container)
    expect((await publish(container)).body.error).toMatchObject({ code: 100 })
    expect(posts()).toHaveLength(1)
  })

  it('of a video goes on while it is fetched', async () => {
    const { id } = (await make({ media_type: 'REELS', video_url: `${address}/a.mp4` })).body
    expect(await status(String(id))).toMatchObject({ status_code: 'IN_PROGRESS' })
    expect((await publish(String(id))).body.error).toMatchObject({ code: 9007, error_subcode: 2_207_027 })
    await expect.poll(() => status(String(id))).toMatchObject({ status_code: 'FINISHED' })
    const posted = String((await publish(String(id))).body.id)
    expect((await ask(posted, { fields: 'permalink' })).body.permalink).toContain('/reel/')
  })

  it.each([
    ['none.mp4', '2207052'],
    ['a.jpg', '2207026'],
  ])('of a video that is %s says why not, with %s', async (name, subcode) => {
    const { id } = (await make({ media_type: 'REELS', video_url: `${address}/${name}` })).body
    await expect
      .poll(() => status(String(id)))
      .toMatchObject({
        status_code: 'ERROR',
        status: expect.stringContaining(subcode),
      })
  })

  it('of a carousel takes two to ten items', async () => {
    const items = [await picture({ is_carousel_item: 'true' }), await picture({ is_carousel_item: 'true' })]
    expect((await publish(items[0] ?? '')).body.error).toMatchObject({ code: 100 })
    const carousel = (children: string[]) =>
      make({ media_type: 'CAROUSEL', children: children.join(','), caption: 'Two' })
    expect((await carousel(items.slice(1))).body.error).toMatchObject({ error_subcode: 2_207_028 })
    expect((await carousel([...items, await picture()])).body.error).toMatchObject({
      error_subcode: 2_207_028,
    })
    await publish(String((await carousel(items)).body.id))
    expect(posts()).toMatchObject([{ text: 'Two', media: [{}, {}] }])
  })

  it('of a story is listed apart and has no caption', async () => {
    const story = await picture({ media_type: 'STORIES', caption: 'dropped' })
    const { id } = (await publish(story)).body
    expect(posts()).toMatchObject([{ id, text: '' }])
    expect((await ask(`${ada().id}/stories`)).body.data).toMatchObject([{ id }])
    expect((await ask(`${ada().id}/media`)).body.data).toEqual([])
  })

  it.each([
    [{}, 100],
    [{ image_url: '/a.png' }, 36001],
    [{ image_url: '/none.jpg' }, 9004],
    [{ image_url: '/a.jpg', caption: 'a'.repeat(2201) }, 36004],
    [{ image_url: '/a.jpg', caption: '#a '.repeat(31) }, 36004],
    [{ image_url: '/a.jpg', alt_text: 'a'.repeat(1001) }, 100],
    [{ media_type: 'REELS' }, 100],
    [{ media_type: 'REELS', video_url: '/a.mp4', alt_text: 'a' }, 100],
    [{ media_type: 'REELS', video_url: '/a.mp4', cover_url: '/a.png' }, 36001],
    [{ media_type: 'VIDEO', video_url: '/a.mp4' }, 100],
    [{ media_type: 'AUDIO' }, 100],
  ])('of %j is refused with code %i', async (form, code) => {
    const whole = Object.entries(form).map(([name, value]) => [
      name,
      value.startsWith('/') ? `${address}${value}` : value,
    ])
    expect((await make(Object.fromEntries(whole))).body.error).toMatchObject({ code })
  })

  it('of a container that is a day old is too late', async () => {
    const container = await picture()
    running.sandbox.clock.advance(86_400)
    expect(await status(container)).toMatchObject({ status_code: 'EXPIRED' })
    expect((await publish(container)).body.error).toMatchObject({ error_subcode: 2_207_006 })
  })

  it('ends after 50 posts a day', async () => {
    const { world } = running.platform('instagram')
    for (let count = 0; count < 50; count++) world.addPost({ personId: ada().id, text: 'x', body: null })
    expect((await publish(await picture())).body.error).toMatchObject({ code: 9, error_subcode: 2_207_042 })
  })

  it('takes the permission for it, the own account, and one that is not restricted', async () => {
    const { world, tokens } = running.platform('instagram')
    const [, ben] = world.people()
    const container = await picture()
    expect((await post(`${ben?.id}/media_publish`, { creation_id: container })).body.error).toMatchObject({
      code: 100,
    })
    world.setCondition(ada().id, 'restricted')
    expect((await publish(container)).body.error).toMatchObject({ code: 25 })
    world.setCondition(ada().id, 'active')
    tokens.dropScopes(ada().id, ['instagram_business_content_publish'])
    expect((await publish(container)).body.error).toMatchObject({ code: 10 })
    expect(posts()).toEqual([])
  })

  describe('comments', () => {
    const allowed = { scope: `${all},instagram_business_manage_comments` }
    let media: string
    beforeEach(async () => {
      access_token = await longToken(allowed)
      media = String((await publish(await picture({ caption: 'Fresh' }))).body.id)
    })
    const comment = (message: string, id = media) => post(`${id}/comments`, { message })
    const list = async (query: Record<string, string> = {}) => (await ask(`${media}/comments`, query)).body
    const fromBen = (text: string) => {
      const { world } = running.platform('instagram')
      return world.addPost({ personId: world.people()[1]?.id ?? '', text, inReplyTo: media, body: null })
    }

    it('are answered with an id and listed below the post, the newest first', async () => {
      const { id } = (await comment('First!')).body
      expect(posts()).toMatchObject([{ id: media }, { id, text: 'First!', inReplyTo: media }])
      const other = fromBen('Nice')
      expect((await list()).data).toEqual([
        { id: other.id, text: 'Nice', timestamp: expect.any(String) },
        { id, text: 'First!', timestamp: expect.stringMatching(/\+0000$/) },
      ])
      expect((await list({ fields: 'username,user' })).data).toEqual([
        { id: other.id, username: 'ben.sandbox' },
        { id, username: 'ada.sandbox', user: { id: ada().id } },
      ])
      expect((await ask(media, { fields: 'comments_count,username' })).body).toEqual({
        id: media,
        comments_count: 2,
        username: 'ada.sandbox',
      })
    })

    it('are no posts: neither listed nor counted as such', async () => {
      await comment('First!')
      expect((await ask(`${ada().id}/media`)).body.data).toMatchObject([{ id: media }])
      const { body } = await ask(`${ada().id}/content_publishing_limit`)
      expect(body.data).toMatchObject([{ quota_usage: 1 }])
    })

    it('are listed fifty at a time', async () => {
      for (let count = 0; count < 51; count++) fromBen(String(count))
      const first = await list({ limit: '100' })
      expect(first.data).toHaveLength(50)
      const { cursors } = first.paging as { next: string; cursors: { after: string } }
      expect(first.paging).toHaveProperty('next')
      expect((await list({ fields: 'text', after: cursors.after })).data).toMatchObject([{ text: '0' }])
    })

    it('can be turned off and on', async () => {
      expect((await post(media, { comment_enabled: 'false' })).body).toEqual({ success: true })
      expect((await comment('First!')).body.error).toMatchObject({ code: 100 })
      await post(media, { comment_enabled: 'true' })
      expect((await comment('First!')).status).toBe(200)
    })

    it.each([
      ['nothing', ''],
      ['spaces', ' '],
      ['too many characters', 'a'.repeat(2201)],
    ])('of %s are refused', async (_, message) => {
      expect((await comment(message)).body.error).toMatchObject({ code: 100 })
      expect(posts()).toHaveLength(1)
    })

    it('have no place below stories, other comments, what is not there and what others posted', async () => {
      const story = String((await publish(await picture({ media_type: 'STORIES' }))).body.id)
      const { id: other } = fromBen('Nice')
      const { world } = running.platform('instagram')
      const foreign = world.addPost({ personId: world.people()[1]?.id ?? '', text: 'x', body: null })
      for (const place of [story, other, '1', foreign.id]) {
        expect((await comment('First!', place)).body.error).toMatchObject({ code: 100 })
      }
    })

    it('take the permission for them, to read, too, and an account that is not restricted', async () => {
      const { world, tokens } = running.platform('instagram')
      world.setCondition(ada().id, 'restricted')
      expect((await comment('First!')).body.error).toMatchObject({ code: 25 })
      world.setCondition(ada().id, 'active')
      tokens.dropScopes(ada().id, ['instagram_business_manage_comments'])
      expect((await comment('First!')).body.error).toMatchObject({ code: 10 })
      expect((await list()).error).toMatchObject({ code: 10 })
      expect((await post(media, { comment_enabled: 'false' })).body.error).toMatchObject({ code: 10 })
      expect(posts()).toHaveLength(1)
    })
  })
})
