import { type HttpRequest, onWay, type Provider, type PublishStep } from '@postmcp/core'
import { createSampleFiles, publishInputOf } from '@postmcp/core/testing'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Canned, cannedContext, graphError, now } from '../meta/fixtures/context.js'
import { startPlatform } from '../meta/fixtures/sandbox.js'
import { instagram } from './index.js'

const declared: Provider = instagram
const { startPublish, continuePublish, findPublished, classifyError } = instagram
const files = createSampleFiles()
afterAll(() => files.close())

const access = {
  authMethod: 'oauth2' as const,
  subject: '17',
  grantedScopes: ['instagram_business_basic', 'instagram_business_content_publish'],
  settings: {},
  tokens: { accessToken: 'the-token' },
}
const account = { targetId: '17', handle: 'ada', settings: {}, secrets: {} }
type Content = NonNullable<Parameters<typeof publishInputOf>[0]['content']>
const inputOf = (content: Content, options = {}) => publishInputOf({ access, account, content, options })

const container = (id: string): Canned => ({ body: { id } })
const finished: Canned = { body: { id: '1', status_code: 'FINISHED', status: 'Finished: ready' } }
const room: Canned = {
  body: { data: [{ quota_usage: 3, config: { quota_total: 50, quota_duration: 86_400 } }] },
}

/** What a request asked, without what every one of them has. */
function asked({ method, url, body }: HttpRequest) {
  const { pathname, searchParams } = new URL(url)
  searchParams.delete('access_token')
  const form = typeof body === 'string' ? Object.fromEntries(new URLSearchParams(body)) : {}
  return { call: `${method} ${pathname}`, ...Object.fromEntries(searchParams), ...form }
}

async function prepare(content: Content, answers: Parameters<typeof cannedContext>[1], options = {}) {
  const { ctx, requests } = cannedContext(declared, { content_publishing_limit: room, ...answers })
  const input = inputOf(content, options)
  let step: PublishStep = await startPublish(ctx, input)
  while (step.type === 'wait') step = await continuePublish(ctx, input, step.checkpoint)
  if (step.type !== 'send') throw new Error('Nothing was announced.')
  return { ctx, input, requests, checkpoint: step.checkpoint, asked: requests.map(asked) }
}

describe('a post', () => {
  it('of a picture asks for room, makes a container, looks, and publishes it', async () => {
    const image = await files.image(0, { altText: 'Bread' })
    const { ctx, input, checkpoint, requests } = await prepare(
      { text: 'Fresh', media: [image] },
      {
        '17/media': container('1'),
        '1': finished,
        media_publish: container('9'),
        '9': { body: { id: '9', permalink: 'https://www.instagram.com/p/x/' } },
      },
    )
    expect(await continuePublish(ctx, input, checkpoint)).toEqual({
      type: 'done',
      sent: {
        kind: 'post',
        visibility: 'public',
        platformPostId: '9',
        permalink: 'https://www.instagram.com/p/x/',
      },
    })
    expect(requests.map(asked)).toEqual([
      { call: 'GET /v26.0/17/content_publishing_limit', fields: 'quota_usage,config' },
      {
        call: 'POST /v26.0/17/media',
        image_url: await image.url(),
        alt_text: 'Bread',
        caption: 'Fresh',
      },
      { call: 'GET /v26.0/1', fields: 'status_code,status' },
      { call: 'POST /v26.0/17/media_publish', creation_id: '1' },
      { call: 'GET /v26.0/9', fields: 'permalink' },
    ])
    expect(JSON.stringify(checkpoint)).not.toContain(await image.url())
  })

  it('of one video is a reel, with its cover', async () => {
    const cover = await files.image()
    const video = await files.video(1000, { thumbnail: cover, altText: 'unseen' })
    const answers = { '17/media': container('1'), '1': finished }
    const { asked } = await prepare({ media: [video] }, answers, { shareToFeed: false, thumbOffsetMs: 500 })
    expect(asked[1]).toEqual({
      call: 'POST /v26.0/17/media',
      media_type: 'REELS',
      video_url: await video.url(),
      cover_url: await cover.url(),
      share_to_feed: 'false',
    })
    const plain = await prepare({ media: [await files.video(1000)] }, answers, { thumbOffsetMs: 500 })
    expect(plain.asked[1]).toMatchObject({ thumb_offset: '500' })
    expect(plain.asked[1]).not.toHaveProperty('share_to_feed')
  })

  it('of several files is a carousel with one caption', async () => {
    const [image, video] = [await files.image(0, { altText: 'Bread' }), await files.video(1000)]
    const { asked } = await prepare(
      { text: 'Two', media: [image, video] },
      {
        '17/media': [container('1'), container('2'), container('3')],
        '1': finished,
        '2': finished,
        '3': finished,
      },
    )
    expect(asked.filter(({ call }) => call.startsWith('POST'))).toEqual([
      {
        call: 'POST /v26.0/17/media',
        is_carousel_item: 'true',
        image_url: await image.url(),
        alt_text: 'Bread',
      },
      {
        call: 'POST /v26.0/17/media',
        is_carousel_item: 'true',
        media_type: 'VIDEO',
        video_url: await video.url(),
      },
      { call: 'POST /v26.0/17/media', media_type: 'CAROUSEL', children: '1,2', caption: 'Two' },
    ])
  })

  it('as a story has neither caption nor alt text', async () => {
    const image = await files.image(0, { altText: 'Bread' })
    const { asked } = await prepare(
      { text: 'unseen', media: [image] },
      { '17/media': container('1'), '1': finished },
      { postAs: 'story', shareToFeed: true },
    )
    expect(asked[1]).toEqual({
      call: 'POST /v26.0/17/media',
      media_type: 'STORIES',
      image_url: await image.url(),
    })
  })

  it('waits when the posts of the day are used up, and makes no container', async () => {
    const used = { body: { data: [{ quota_usage: 50, config: { quota_total: 50 } }] } }
    const { ctx, requests } = cannedContext(declared, { content_publishing_limit: used })
    const thrown = await startPublish(ctx, inputOf({ media: [await files.image()] })).catch((error) => error)
    expect(classifyError(thrown, 'publish')).toEqual({ kind: 'rate_limited' })
    expect(thrown.retryAfter).toEqual(new Date(now.getTime() + 3_600_000))
    expect(requests).toHaveLength(1)
  })

  it('goes on where the account does not say how much room it has', async () => {
    const answers = {
      content_publishing_limit: { body: { data: [] } },
      '17/media': container('1'),
      '1': finished,
    }
    expect(await prepare({ media: [await files.image()] }, answers)).toMatchObject({
      checkpoint: { container: '1' },
    })
  })

  it.each([
    ['Error: Media upload has failed with error code 2207026', 'container/2207026', 'refused'],
    ['Error: 2207051', 'container/2207051', 'rate_limited'],
    ['Something else', 'ERROR', 'refused'],
    [undefined, 'ERROR', 'refused'],
  ])('whose container failed with %s fails with %s', async (status, platformCode, kind) => {
    const failed = { body: { id: '1', status_code: 'ERROR', ...(status !== undefined && { status }) } }
    const thrown = await prepare(
      { media: [await files.video(1000)] },
      { '17/media': container('1'), '1': failed },
    ).catch((error) => error)
    expect(thrown).toMatchObject({ platformCode })
    expect(classifyError(thrown, 'publish').kind).toBe(kind)
  })

  it('does not repeat the address of a file that an error repeats', async () => {
    const image = await files.image()
    const message = `Cannot fetch ${await image.url()}.`
    await expect(
      prepare({ media: [image] }, { '17/media': graphError(9004, 2207052, { message }) }),
    ).rejects.toMatchObject({ message: 'Cannot fetch [hidden].' })
  })
})

describe('a post whose answer was lost', () => {
  const at = (seconds: number) =>
    new Date(now.getTime() + seconds * 1000).toISOString().replace('.000Z', '+0000')
  const one = (id: string, caption: string | null, seconds: number) => ({
    id,
    ...(caption !== null && { caption }),
    timestamp: at(seconds),
    permalink: `https://www.instagram.com/p/${id}/`,
  })
  async function lost(status_code: string, listed: unknown[], options = {}) {
    const made = await prepare(
      { text: 'Hello', media: [await files.image()] },
      { '17/media': container('1'), '1': finished },
      options,
    )
    const list = { body: { data: listed } }
    const answers = { '1': { body: { id: '1', status_code } }, '17/media': list, '17/stories': list }
    const { ctx, requests } = cannedContext(declared, answers)
    const found = findPublished(ctx, { ...made.input, sentAt: now }, made.checkpoint)
    return { found, requests }
  }

  it.each(['FINISHED', 'IN_PROGRESS', 'EXPIRED', 'ERROR'])('is not public while %s', async (status) => {
    const { found, requests } = await lost(status, [one('9', 'Hello', 1)])
    expect(await found).toBeNull()
    expect(requests).toHaveLength(1)
  })

  it('is the one with our caption since we sent', async () => {
    const { found, requests } = await lost('PUBLISHED', [
      one('8', 'Other', 2),
      one('7', 'Hello', 1),
      one('6', 'Hello', -900),
    ])
    expect(await found).toMatchObject({
      sent: { platformPostId: '7', permalink: 'https://www.instagram.com/p/7/' },
    })
    expect(asked(requests[1] as HttpRequest).call).toBe('GET /v26.0/17/media')
  })

  it('as a story is among the stories, which have no caption', async () => {
    const { found, requests } = await lost('PUBLISHED', [one('7', null, 1)], { postAs: 'story' })
    expect(await found).toMatchObject({ sent: { platformPostId: '7' } })
    expect(asked(requests[1] as HttpRequest).call).toBe('GET /v26.0/17/stories')
  })

  it('is looked for again while it is not listed', async () => {
    const thrown = await (await lost('PUBLISHED', [])).found.catch((error) => error)
    expect(classifyError(thrown, 'verify')).toEqual({ kind: 'unavailable' })
  })
})

describe('a comment', () => {
  const thread = { id: '9', permalink: 'https://www.instagram.com/p/x/', parts: ['c1'] }
  const comment = { stage: 'comment', request: '{"message":"Two"}', replies: [], thread }
  const granted = {
    ...access,
    grantedScopes: [...access.grantedScopes, 'instagram_business_manage_comments'],
  }

  it('follows the post, one a step', async () => {
    const input = inputOf({ text: 'Fresh', media: [await files.image()], replies: ['One', 'Two'] })
    const { ctx, requests } = cannedContext(declared, {
      content_publishing_limit: room,
      '17/media': container('1'),
      '1': finished,
      media_publish: container('9'),
      '9': { body: { id: '9', permalink: 'https://www.instagram.com/p/x/' } },
      '9/comments': [container('c1'), container('c2')],
    })
    let step: PublishStep = await startPublish(ctx, input)
    const announced: unknown[] = []
    while (step.type !== 'done') {
      if (step.type === 'send') announced.push(step.published)
      step = await continuePublish(ctx, input, step.checkpoint)
    }
    const sent = { platformPostId: '9', permalink: 'https://www.instagram.com/p/x/' }
    expect(announced).toMatchObject([undefined, sent, { ...sent, parts: ['c1'] }])
    expect(step.sent).toMatchObject({ ...sent, parts: ['c1', 'c2'] })
    expect(requests.map(asked).slice(-2)).toEqual([
      { call: 'POST /v26.0/9/comments', message: 'One' },
      { call: 'POST /v26.0/9/comments', message: 'Two' },
    ])
  })

  it.each([
    [10, undefined],
    [200, undefined],
    [368, undefined],
    [25, 2207050],
  ])('that is refused with %i/%s says nothing of the account', async (code, subcode) => {
    const { ctx } = cannedContext(declared, { '9/comments': graphError(code, subcode) })
    const thrown = await continuePublish(ctx, inputOf({}), comment).catch((error) => error)
    expect(thrown.platformCode).toMatch(`comment/${code}`)
    expect(classifyError(thrown, 'publish')).toEqual({ kind: 'refused' })
  })

  it('meets a token that just ended as a post does', async () => {
    const { ctx } = cannedContext(declared, { '9/comments': graphError(190, 463) })
    const thrown = await continuePublish(ctx, inputOf({}), comment).catch((error) => error)
    expect(classifyError(thrown, 'publish')).toEqual({ kind: 'access_token_expired' })
  })

  const at = (seconds: number) =>
    new Date(now.getTime() + seconds * 1000).toISOString().replace('.000Z', '+0000')
  const one = (id: string, more: object = {}) => ({
    id,
    text: 'Two',
    timestamp: at(-80),
    username: 'ada',
    ...more,
  })
  const next = { paging: { cursors: { after: 'x' }, next: 'https://elsewhere.example.org/' } }
  async function find(media: object, pages: object[], who = granted) {
    const { ctx, requests } = cannedContext(declared, {
      '9': { body: { id: '9', username: 'ada', ...media } },
      '9/comments': pages.map((body): Canned => ({ body })),
    })
    const looking = { ...inputOf({}), access: who, sentAt: new Date(now.getTime() - 90_000) }
    const found = await findPublished(ctx, looking, comment).catch((error: unknown) => error)
    return { found, requests: requests.map(asked) }
  }

  it.each([
    ['of its name', { username: 'ada' }],
    ['that Instagram says is its own', { username: 'ada.before', user: { id: '17' } }],
    ['that Instagram says is its own, without a name', { username: undefined, user: '17' }],
  ])('whose answer was lost is one by an account %s', async (_, author) => {
    const data = [one('c3', { username: 'ben', timestamp: at(-85) }), one('c2', author), one('c1')]
    const { found, requests } = await find({ comments_count: 3 }, [{ data }])
    expect(found).toMatchObject({ type: 'done', sent: { platformPostId: '9', parts: ['c1', 'c2'] } })
    expect(requests).toEqual([
      { call: 'GET /v26.0/9', fields: 'username,comments_count' },
      { call: 'GET /v26.0/9/comments', fields: 'id,text,timestamp,username,user', limit: '50' },
    ])
  })

  it('is looked for on all parts of the list, by cursor', async () => {
    const pages = [{ data: [one('c1')], ...next }, { data: [one('c2')] }]
    const { found, requests } = await find({ comments_count: 2 }, pages)
    expect(found).toMatchObject({ sent: { parts: ['c1', 'c2'] } })
    expect(requests[2]).toMatchObject({ after: 'x' })
  })

  it('is certainly not there when all comments that are counted are listed', async () => {
    expect((await find({ comments_count: 1 }, [{ data: [one('c1')] }])).found).toBeNull()
  })

  it.each([
    ['more are counted than listed', { comments_count: 2 }, [{ data: [one('c1')] }]],
    ['they are not counted', {}, [{ data: [one('c1')] }]],
    ['there are too many', { comments_count: 0 }, Array(5).fill({ data: [], ...next })],
    [
      'one of its text has no author',
      { comments_count: 1 },
      [{ data: [one('c2', { username: undefined })] }],
    ],
    [
      'it is not told what the account is called',
      { username: undefined, comments_count: 1 },
      [{ data: [one('c2')] }],
    ],
  ])('is left to a person when %s', async (_, media, pages) => {
    expect((await find(media, pages)).found).toMatchObject({ code: 'outcome_unknown' })
  })

  it('is left to a person, without a look, where comments may not be read any more', async () => {
    const { found, requests } = await find({ comments_count: 0 }, [{ data: [] }], access)
    expect(found).toMatchObject({ code: 'outcome_unknown' })
    expect(requests).toEqual([])
  })

  it('below a post that is not shown is left to a person, and does not cost the account its status', async () => {
    const { ctx } = cannedContext(declared, { '9': graphError(100, 33) })
    const looking = { ...inputOf({}), access: granted, sentAt: now }
    await expect(findPublished(ctx, looking, comment)).rejects.toMatchObject({ code: 'outcome_unknown' })
  })
})

describe('with Facebook Login', () => {
  const provider = onWay(declared, 'facebook_login')
  const linked = { ...account, secrets: { pageToken: 'the-page-token' } }

  it('the same containers are made at the other host, by the token of the Page and with the proof', async () => {
    const image = await files.image()
    const { ctx, requests } = cannedContext(provider, {
      content_publishing_limit: room,
      '17/media': container('1'),
    })
    const input = { ...inputOf({ text: 'Fresh', media: [image] }), account: linked }
    await provider.startPublish?.(ctx, input)
    for (const { url } of requests) {
      const { hostname, searchParams } = new URL(url)
      expect(hostname).toBe('facebookgraph.example.org')
      expect(searchParams.get('access_token')).toBe('the-page-token')
      expect(searchParams.get('appsecret_proof')).toMatch(/^[0-9a-f]{64}$/)
    }
  })

  it('an account without the token of its Page is refused before anything is sent', async () => {
    const { ctx, requests } = cannedContext(provider, {})
    const input = inputOf({ media: [await files.image()] })
    await expect(provider.startPublish?.(ctx, input)).rejects.toMatchObject({
      code: 'account_not_publishable',
    })
    expect(requests).toEqual([])
  })
})

describe.each([undefined, 'facebook_login'])('at the simulated platform, by %s', (way) => {
  const provider = way === undefined ? declared : onWay(declared, way)
  let running: Awaited<ReturnType<typeof startPlatform>>
  beforeEach(async () => {
    running = await startPlatform(declared, way)
  })
  afterEach(() => running.close())

  const basic =
    way === undefined
      ? ['instagram_business_basic', 'instagram_business_content_publish']
      : ['instagram_basic', 'instagram_content_publish', 'pages_show_list', 'pages_read_engagement']
  const commenting = way === undefined ? 'instagram_business_manage_comments' : 'instagram_manage_comments'
  async function publish(
    content: Content,
    options: Record<string, string | boolean> = {},
    scopes: string[] = basic,
  ) {
    const granted = await running.connect({}, { scopes })
    const [target] = await running.targets(granted)
    if (!target) throw new Error('There is no account.')
    const input = publishInputOf({ access: granted, account: target, content, options })
    let step = await provider.startPublish?.(running.ctx, input)
    let sending = step
    let sentAt = running.clock.now()
    while (step && step.type !== 'done') {
      if (step.type === 'send') [sending, sentAt] = [step, running.clock.now()]
      running.clock.advance(step.type === 'wait' ? step.resumeAfterSeconds : 0)
      step = await provider.continuePublish?.(running.ctx, input, step.checkpoint)
    }
    if (step?.type !== 'done' || sending?.type !== 'send') throw new Error('It was not published.')
    const { checkpoint } = sending
    const find = async () => provider.findPublished?.(running.ctx, { ...input, sentAt }, checkpoint)
    return { sent: step.sent, found: await find(), find }
  }

  it.each<[string, () => Promise<Content>, Record<string, string | boolean>]>([
    ['picture', async () => ({ text: 'One', media: [await files.image()] }), {}],
    ['reel', async () => ({ text: 'Dance', media: [await files.video()] }), { shareToFeed: true }],
    ['carousel', async () => ({ text: 'Two', media: [await files.image(), await files.video()] }), {}],
    ['story', async () => ({ text: 'unseen', media: [await files.video()] }), { postAs: 'story' }],
  ])('a %s is published and found again', async (kind, content, options) => {
    const { text = '', media = [] } = await content()
    const { sent, found } = await publish({ text, media }, options)
    expect(running.handle.world.posts()).toMatchObject([
      {
        id: sent.platformPostId,
        text: kind === 'story' ? '' : text,
        media: media.map(({ sha256 }) => ({ sha256 })),
      },
    ])
    expect(found).toEqual({ type: 'done', sent })
  })

  it('comments stand below the post in order, and the last one is found or certainly not there', async () => {
    const { sent, found, find } = await publish(
      { text: 'One', media: [await files.image()], replies: ['First!', 'Second'] },
      {},
      [...basic, commenting],
    )
    const { world } = running.handle
    expect(world.posts().filter(({ inReplyTo }) => inReplyTo === sent.platformPostId)).toMatchObject([
      { id: sent.parts?.[0], text: 'First!' },
      { id: sent.parts?.[1], text: 'Second' },
    ])
    expect(found).toEqual({ type: 'done', sent })
    world.deletePost(sent.parts?.[1] ?? '')
    await expect(find()).rejects.toMatchObject({ isTransient: true })
    running.clock.advance(60)
    expect(await find()).toBeNull()
  })

  it('a comment without the permission for it is refused, which says nothing of the account', async () => {
    const content = { text: 'One', media: [await files.image()], replies: ['First!'] }
    const thrown = await publish(content).catch((error) => error)
    expect(thrown).toMatchObject({ platformCode: 'comment/10' })
    expect(classifyError(thrown, 'publish')).toEqual({ kind: 'refused' })
    expect(running.handle.world.posts()).toMatchObject([{ text: 'One' }])
  })
})
