import { createHash } from 'node:crypto'
import type { HttpRequest, Json, Provider, PublishInput, PublishStep, StreamBody } from '@postmcp/core'
import { createSampleFiles, publishInputOf } from '@postmcp/core/testing'
import fc from 'fast-check'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Canned, cannedContext, graphError, now } from '../meta/fixtures/context.js'
import { startPlatform } from '../meta/fixtures/sandbox.js'
import { facebook } from './index.js'

const provider: Provider = facebook
const { startPublish, continuePublish, findPublished, deletePost, classifyError } = facebook
const files = createSampleFiles()
afterAll(() => files.close())

const access = {
  authMethod: 'oauth2' as const,
  subject: '9',
  grantedScopes: ['pages_read_engagement', 'pages_manage_posts'],
  settings: {},
  tokens: { accessToken: 'token-of-the-person' },
}
const account = {
  targetId: '555',
  handle: 'bakery',
  settings: {},
  secrets: { pageToken: 'token-of-the-page' },
}
type Content = NonNullable<Parameters<typeof publishInputOf>[0]['content']>
const inputOf = (content: Content, options = {}) => publishInputOf({ access, account, content, options })
const meaningOf = (thrown: unknown, occasion: 'verify' | 'publish' = 'verify') =>
  classifyError(thrown as Parameters<typeof classifyError>[0], occasion)

const isStream = (body: HttpRequest['body']): body is StreamBody => typeof body === 'object' && 'open' in body
async function textOf(body: HttpRequest['body']): Promise<string> {
  if (!isStream(body)) return typeof body === 'string' ? body : ''
  const pieces: Uint8Array[] = []
  for await (const piece of body.open()) pieces.push(piece)
  return Buffer.concat(pieces).toString('latin1')
}
/** What a request asked, without what every one of them has. */
function asked({ method, url, body }: HttpRequest) {
  const { pathname, searchParams } = new URL(url)
  searchParams.delete('access_token')
  searchParams.delete('appsecret_proof')
  const form = typeof body === 'string' ? Object.fromEntries(new URLSearchParams(body)) : {}
  return { call: `${method} ${pathname}`, ...Object.fromEntries(searchParams), ...form }
}

async function prepare(input: PublishInput, answers: Parameters<typeof cannedContext>[1]) {
  const { ctx, requests } = cannedContext(provider, answers)
  let step: PublishStep = await startPublish(ctx, input)
  while (step.type === 'wait') step = await continuePublish(ctx, input, step.checkpoint)
  if (step.type !== 'send') throw new Error('Nothing was announced.')
  return { ctx, requests, checkpoint: step.checkpoint }
}

describe('a post', () => {
  it('is one request by the token of the Page, which brings its address', async () => {
    const input = inputOf({ text: 'Fresh bread', link: { url: 'https://example.org/bread' } })
    const { ctx, requests, checkpoint } = await prepare(input, {
      '555/feed': { body: { id: '555_777', permalink_url: 'https://www.facebook.com/555/posts/777' } },
    })
    expect(requests).toEqual([])
    expect(await continuePublish(ctx, input, checkpoint)).toEqual({
      type: 'done',
      sent: {
        kind: 'post',
        visibility: 'public',
        platformPostId: '555_777',
        permalink: 'https://www.facebook.com/555/posts/777',
      },
    })
    expect(requests.map(asked)).toEqual([
      {
        call: 'POST /v26.0/555/feed',
        fields: 'id,permalink_url',
        message: 'Fresh bread',
        link: 'https://example.org/bread',
      },
    ])
    expect(new URL(requests[0]?.url ?? '').searchParams.get('access_token')).toBe('token-of-the-page')
  })

  it('with pictures uploads each where nobody sees it, then shows them in order', async () => {
    const media = [await files.image(0, { altText: 'Bread "fresh"' }), await files.image(1)]
    const input = inputOf({ text: 'Two', media })
    const { ctx, requests, checkpoint } = await prepare(input, {
      photos: [{ body: { id: '1' } }, { body: { id: '2' } }],
      '555/feed': { body: { id: '555_777' } },
    })
    const [first = '', second = ''] = await Promise.all(requests.map(({ body }) => textOf(body)))
    expect(first).toMatch(/name="published"\r\n\r\nfalse\r\n/)
    expect(first).toContain('name="alt_text_custom"\r\n\r\nBread "fresh"\r\n')
    expect(first).toContain('name="source"; filename=')
    expect(first).toContain(Buffer.from(media[0]?.content ?? []).toString('latin1'))
    expect(second).not.toContain('alt_text_custom')
    expect(await continuePublish(ctx, input, checkpoint)).toMatchObject({
      sent: { platformPostId: '555_777', permalink: 'https://www.example.org/555_777' },
    })
    expect(asked(requests[2] as HttpRequest)).toMatchObject({
      message: 'Two',
      attached_media: '[{"media_fbid":"1"},{"media_fbid":"2"}]',
    })
  })

  it('of an account without the token of its Page is refused before anything is sent', async () => {
    const input = { ...inputOf({ text: 'x' }), account: { ...account, secrets: {} } }
    const { ctx, requests, checkpoint } = await prepare(input, {})
    await expect(continuePublish(ctx, input, checkpoint)).rejects.toMatchObject({
      code: 'account_not_publishable',
    })
    expect(requests).toEqual([])
  })
})

describe('a story', () => {
  it('of a picture has no text', async () => {
    const input = inputOf({ text: 'unseen', media: [await files.image()] }, { postAs: 'story' })
    const { ctx, requests, checkpoint } = await prepare(input, {
      photos: { body: { id: '1' } },
      photo_stories: { body: { success: true, post_id: '555_8' } },
    })
    expect(await continuePublish(ctx, input, checkpoint)).toMatchObject({ sent: { platformPostId: '555_8' } })
    expect(asked(requests[1] as HttpRequest)).toEqual({
      call: 'POST /v26.0/555/photo_stories',
      photo_id: '1',
    })
  })
})

describe('the video of a post', () => {
  /** Hands out parts as Facebook does, and keeps what comes. */
  function server(parts: number[]) {
    const bounds = parts.map((_, index) => parts.slice(0, index).reduce((sum, part) => sum + part, 0))
    const total = parts.reduce((sum, part) => sum + part, 0)
    const range = (index: number) => ({
      start_offset: String(bounds[index] ?? total),
      end_offset: String((bounds[index] ?? total) + (parts[index] ?? 0)),
    })
    const bodies: HttpRequest['body'][] = []
    const answer = (request: HttpRequest): Canned => {
      if (typeof request.body === 'string') {
        return { body: { video_id: '99', upload_session_id: '88', ...range(0) } }
      }
      bodies.push(request.body)
      return { body: range(bodies.length) }
    }
    return { answer, bodies, total }
  }

  it('is sent in the parts that Facebook asks for, whole and in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 6 }),
        async (parts) => {
          const { answer, bodies, total } = server(parts)
          const video = await files.video(Math.max(total, 13))
          const file = { ...video, bytes: total }
          const input = inputOf({ text: 'Moving', title: 'A title', media: [file] })
          const { ctx } = cannedContext(provider, { '555/videos': answer })
          const progress: number[] = []
          let step: PublishStep = await startPublish(ctx, input)
          while (step.type === 'wait') {
            progress.push(step.progress?.uploadedBytes ?? -1)
            step = await continuePublish(ctx, input, step.checkpoint)
          }
          expect(bodies).toHaveLength(parts.length)
          const sent = await Promise.all(bodies.map(textOf))
          const lengths = sent.map((text) => Number(/name="start_offset"\r\n\r\n(\d+)/.exec(text)?.[1]))
          expect(lengths).toEqual(parts.map((_, index) => parts.slice(0, index).reduce((a, b) => a + b, 0)))
          sent.forEach((text, index) => {
            const start = lengths[index] ?? 0
            const part = file.content.subarray(start, start + (parts[index] ?? 0))
            expect(text).toContain(`\r\n\r\n${Buffer.from(part).toString('latin1')}\r\n--`)
          })
          expect(progress).toEqual(lengths)
          expect(step).toMatchObject({ type: 'send', progress: { uploadedBytes: total, totalBytes: total } })
        },
      ),
      { numRuns: 25 },
    )
  })

  it('is not sent from a place that it does not have', async () => {
    const input = inputOf({ media: [await files.video(1000)] })
    const { ctx } = cannedContext(provider, {
      '555/videos': {
        body: { video_id: '99', upload_session_id: '88', start_offset: 0, end_offset: 2000 },
      },
    })
    const step = (await startPublish(ctx, input)) as { checkpoint: Json }
    await expect(continuePublish(ctx, input, step.checkpoint)).rejects.toMatchObject({
      name: 'MalformedResponseError',
    })
  })
})

describe('a reel', () => {
  const reelOf = async () => inputOf({ text: 'Dance', media: [await files.video(1000)] }, { postAs: 'reel' })
  const status = (more: object, bytes = 0): Canned => ({
    body: {
      id: '99',
      status: { video_status: 'uploading', uploading_phase: { bytes_transfered: bytes }, ...more },
    },
  })

  it('goes on where its upload broke off, by the server that takes files', async () => {
    const input = await reelOf()
    const { requests, checkpoint } = await prepare(input, {
      video_reels: { body: { video_id: '99', upload_url: 'https://elsewhere.example.org/' } },
      'v26.0/99': status({}, 400),
      'video-upload/v26.0/99': { body: { success: true } },
    })
    const upload = requests[2]
    expect(upload?.url).toEqual(new URL('https://upload.example.org/video-upload/v26.0/99'))
    expect(upload?.headers).toMatchObject({
      authorization: 'OAuth token-of-the-page',
      offset: '400',
      file_size: '1000',
    })
    expect(await textOf(upload?.body)).toHaveLength(600)
    expect(checkpoint).toEqual({
      stage: 'finish',
      edge: 'video_reels',
      video: '99',
      request: '{"upload_phase":"finish","video_id":"99","video_state":"PUBLISHED","description":"Dance"}',
      replies: [],
    })
  })

  it('is public when it was worked on and published', async () => {
    const input = await reelOf()
    const { ctx } = cannedContext(provider, {
      video_reels: { body: { success: true, post_id: '555_1' } },
      'v26.0/99': [
        status({ video_status: 'processing' }),
        status({ video_status: 'ready', publishing_phase: { status: 'in_progress' } }),
        status({ video_status: 'ready', publishing_phase: { status: 'complete' } }),
        { body: { id: '99', permalink_url: '/reel/99/' } },
      ],
    })
    const checkpoint = {
      stage: 'finish',
      edge: 'video_reels',
      video: '99',
      request: '{"video_id":"99"}',
      replies: ['One'],
    }
    let step = await continuePublish(ctx, input, checkpoint)
    const pauses: number[] = []
    while (step.type === 'wait') {
      pauses.push(step.resumeAfterSeconds)
      step = await continuePublish(ctx, input, step.checkpoint)
    }
    expect(pauses).toEqual([0, 3, 5])
    expect(step).toMatchObject({
      type: 'send',
      checkpoint: { stage: 'comment', request: '{"message":"One"}' },
      published: { platformPostId: '99', permalink: 'https://www.example.org/reel/99/' },
    })
  })

  it('that cannot be worked on is refused in the words of the platform', async () => {
    const failed = { video_status: 'error', processing_phase: { error: { message: 'Too square.' } } }
    const { ctx } = cannedContext(provider, { 'v26.0/99': status(failed) })
    const checkpoint = {
      stage: 'processing',
      edge: 'video_reels',
      video: '99',
      postId: null,
      replies: [],
      since: now.toISOString(),
      looks: 0,
    }
    const thrown: unknown = await continuePublish(ctx, await reelOf(), checkpoint).catch((error) => error)
    expect(thrown).toMatchObject({ message: 'Too square.' })
    expect(meaningOf(thrown, 'publish')).toEqual({ kind: 'refused' })
  })

  it('whose upload is refused by the server that takes files says why, without the token', async () => {
    const message = 'No token-of-the-page here'
    const { ctx } = cannedContext(provider, {
      'v26.0/99': status({}, 0),
      'video-upload/v26.0/99': {
        status: 400,
        body: { debug_info: { type: 'Bad', retriable: false, message } },
      },
    })
    const checkpoint = {
      stage: 'transfer',
      edge: 'video_reels',
      video: '99',
      session: null,
      start: 0,
      end: 1000,
    }
    await expect(continuePublish(ctx, await reelOf(), checkpoint)).rejects.toMatchObject({
      platformCode: 'Bad',
      message: 'No [hidden] here',
    })
  })

  it('whose answer was lost and that was deleted meanwhile is left to a person, and the Page is none the worse', async () => {
    const { ctx } = cannedContext(provider, { 'v26.0/99': graphError(100, 33) })
    const checkpoint = { stage: 'finish', edge: 'video_reels', video: '99', request: '{}', replies: [] }
    await expect(findPublished(ctx, { account, sentAt: now }, checkpoint)).rejects.toMatchObject({
      code: 'outcome_unknown',
    })
  })

  it.each([
    ['uploading', {}, null],
    ['upload_complete', { publishing_phase: { status: 'not_started' } }, null],
    ['ready', { publishing_phase: { status: 'not_started' } }, null],
    ['processing', { publishing_phase: { status: 'not_started' } }, 'later'],
    ['something new', {}, 'later'],
    ['processing', { publishing_phase: { status: 'not_started', publish_status: 'published' } }, 'found'],
    ['ready', { publishing_phase: { status: 'complete' } }, 'found'],
  ])('whose answer was lost and that is %s %j: %s', async (video_status, more, expected) => {
    const { ctx } = cannedContext(provider, { 'v26.0/99': status({ video_status, ...more }) })
    const checkpoint = { stage: 'finish', edge: 'video_reels', video: '99', request: '{}', replies: ['One'] }
    const found = findPublished(ctx, { account, sentAt: now }, checkpoint)
    if (expected === 'later') {
      expect(meaningOf(await found.catch((error: unknown) => error))).toEqual({ kind: 'unavailable' })
    } else if (expected === 'found') {
      expect(await found).toMatchObject({
        type: 'wait',
        checkpoint: { stage: 'processing', video: '99', replies: ['One'] },
      })
    } else expect(await found).toBeNull()
  })
})

describe('a post whose answer was lost', () => {
  const at = (seconds: number) =>
    new Date(now.getTime() + seconds * 1000).toISOString().replace('.000Z', '+0000')
  const one = (id: string, message: string, seconds: number, more: object = {}) => ({
    id: `555_${id}`,
    message,
    created_time: at(seconds),
    ...more,
  })
  const shows = (...attachments: object[]) => ({ attachments: { data: attachments } })
  const photo = (id: string) => ({ media_type: 'photo', target: { id } })
  const album = (...ids: string[]) => ({ media_type: 'album', subattachments: { data: ids.map(photo) } })
  const state = (more: object) => ({
    stage: 'feed',
    request: '{}',
    message: 'Bread',
    link: null,
    photos: [],
    replies: [],
    ...more,
  })
  const find = (checkpoint: Json, ...pages: unknown[]) => {
    const { ctx, requests } = cannedContext(provider, {
      published_posts: pages.map((body): Canned => ({ body })),
    })
    return { found: findPublished(ctx, { account, sentAt: now }, checkpoint), requests }
  }
  const idOf = (step: PublishStep | null) => (step?.type === 'done' ? step.sent.platformPostId : step)

  it.each([
    ['its text', state({}), [one('1', 'Bread\r\n', 1)], '555_1'],
    ['its text, the first of two', state({}), [one('2', 'Bread', 9), one('1', 'Bread', 1)], '555_1'],
    [
      'one of its pictures, whatever its text',
      state({ photos: ['7', '8'] }),
      [one('1', 'Edited', 1, shows(album('6', '8')))],
      '555_1',
    ],
    ['its only picture', state({ photos: ['7'] }), [one('1', 'Bread', 1, shows(photo('7')))], '555_1'],
    [
      'where its link leads, without text',
      state({ message: '', link: 'https://example.org' }),
      [
        one('2', '', 2, shows({ media_type: 'link', unshimmed_url: 'https://elsewhere.example.org/' })),
        one('1', '', 1, shows({ media_type: 'link', unshimmed_url: 'https://example.org/' })),
      ],
      '555_1',
    ],
    ['not an equal one from before', state({}), [one('1', 'Bread', -600)], null],
    ['not one of another text', state({}), [one('1', 'bread', 1)], null],
    [
      'not one with pictures that are not its',
      state({ photos: ['7'] }),
      [one('1', 'Bread', 1, shows(photo('9')))],
      null,
    ],
    [
      'not one of its text that shows a picture it does not have',
      state({}),
      [one('1', 'Bread', 1, shows(photo('9')))],
      null,
    ],
    ['not among none', state({}), [], null],
  ])('is recognised by %s', async (_, checkpoint, data, expected) => {
    expect(idOf(await find(checkpoint, { data }).found)).toBe(expected)
  })

  it.each([
    ['may show its pictures', state({ photos: ['7'] }), one('1', 'Bread', 1)],
    ['may lead where its link leads', state({ message: '', link: 'https://example.org' }), one('1', '', 1)],
  ])('is looked for again when one %s', async (_, checkpoint, post) => {
    const thrown: unknown = await find(checkpoint, { data: [post] }).found.catch((error) => error)
    expect(meaningOf(thrown)).toEqual({ kind: 'unavailable' })
  })

  it('is found on a further part of the list, by cursor', async () => {
    const paging = { cursors: { after: 'x' }, next: 'https://elsewhere.example.org/' }
    const { found, requests } = find(
      state({}),
      { data: [one('2', 'Other', 2)], paging },
      { data: [one('1', 'Bread', 1)] },
    )
    expect(idOf(await found)).toBe('555_1')
    expect(asked(requests[1] as HttpRequest)).toMatchObject({
      call: 'GET /v26.0/555/published_posts',
      after: 'x',
      since: String(now.getTime() / 1000 - 120),
    })
  })

  it('is not given up among more posts than can be read', async () => {
    const page = { data: [], paging: { cursors: { after: 'x' }, next: 'https://elsewhere.example.org/' } }
    const thrown: unknown = await find(state({}), ...Array(5).fill(page)).found.catch((error) => error)
    expect(meaningOf(thrown)).toEqual({ kind: 'unavailable' })
  })

  it('goes on with the comments that follow it', async () => {
    const found = await find(state({ replies: ['One'] }), { data: [one('1', 'Bread', 1)] }).found
    expect(found).toMatchObject({
      type: 'send',
      checkpoint: { stage: 'comment', request: '{"message":"One"}' },
      published: { platformPostId: '555_1' },
    })
  })

  it('as a story is found by its picture, and otherwise never called missing', async () => {
    const listed = { body: { data: [{ post_id: '555_3', media_id: '7' }] } }
    const { ctx } = cannedContext(provider, { stories: listed })
    const story = (id: string) => ({ stage: 'photo_story', request: '{}', photo: id })
    expect(idOf(await findPublished(ctx, { account, sentAt: now }, story('7')))).toBe('555_3')
    const thrown: unknown = await findPublished(ctx, { account, sentAt: now }, story('8')).catch(
      (error) => error,
    )
    expect(meaningOf(thrown)).toEqual({ kind: 'unavailable' })
  })

  it('is not public while its files are uploaded', async () => {
    const { ctx, requests } = cannedContext(provider, {})
    expect(await findPublished(ctx, { account, sentAt: now }, { stage: 'photos', photos: [] })).toBeNull()
    expect(requests).toEqual([])
  })
})

describe('a comment', () => {
  const thread = { id: '555_7', permalink: null, parts: ['7_1'] }
  const comment = { stage: 'comment', request: '{"message":"Two"}', replies: [], thread }

  it('is one request by the token of the Page, and its id is kept', async () => {
    const { ctx, requests } = cannedContext(provider, { '555_7/comments': { body: { id: '7_2' } } })
    expect(await continuePublish(ctx, inputOf({}), comment)).toEqual({
      type: 'done',
      sent: {
        kind: 'post',
        visibility: 'public',
        platformPostId: '555_7',
        permalink: null,
        parts: ['7_1', '7_2'],
      },
    })
    expect(requests.map(asked)).toEqual([{ call: 'POST /v26.0/555_7/comments', message: 'Two' }])
    expect(new URL(requests[0]?.url ?? '').searchParams.get('access_token')).toBe('token-of-the-page')
  })

  it.each([[200], [10], [368], [1404078]])(
    'that is refused with %i says nothing of the Page',
    async (code) => {
      const { ctx } = cannedContext(provider, { '555_7/comments': graphError(code) })
      const thrown: unknown = await continuePublish(ctx, inputOf({}), comment).catch((error) => error)
      expect(thrown).toMatchObject({ platformCode: `comment/${code}` })
      expect(meaningOf(thrown, 'publish')).toEqual({ kind: 'refused' })
    },
  )

  const at = (seconds: number) =>
    new Date(now.getTime() + seconds * 1000).toISOString().replace('.000Z', '+0000')
  const one = (id: string, more: object = {}) => ({
    id,
    message: 'Two',
    created_time: at(-80),
    from: { id: '555' },
    ...more,
  })
  const sentAt = new Date(now.getTime() - 90_000)
  const find = async (...pages: object[]) => {
    const { ctx, requests } = cannedContext(provider, {
      comments: pages.map((body): Canned => ({ body })),
    })
    const found = await findPublished(ctx, { account, sentAt }, comment).catch((error: unknown) => error)
    return { found, requests: requests.map(asked) }
  }
  const summary = (total_count: number) => ({ summary: { total_count } })
  const more = { paging: { cursors: { after: 'x' }, next: 'https://elsewhere.example.org/' } }

  it('whose answer was lost is the one by the Page itself, below the post and not below another comment', async () => {
    const data = [
      one('7_4', { parent: { id: '7_1' }, created_time: at(-89) }),
      one('7_3', { from: { id: '9' }, created_time: at(-85) }),
      one('7_2'),
    ]
    const { found, requests } = await find({ data, ...summary(3) })
    expect(found).toMatchObject({ type: 'done', sent: { parts: ['7_1', '7_2'] } })
    expect(requests).toEqual([
      {
        call: 'GET /v26.0/555_7/comments',
        fields: 'id,message,created_time,from{id},parent{id}',
        filter: 'stream',
        summary: 'true',
        limit: '100',
      },
    ])
  })

  it('is looked for on all parts of the list, by cursor', async () => {
    const first = { data: [one('7_1')], ...summary(2), ...more }
    const { found, requests } = await find(first, { data: [one('7_2')], ...summary(2) })
    expect(found).toMatchObject({ sent: { parts: ['7_1', '7_2'] } })
    expect(requests[1]).toMatchObject({ after: 'x' })
  })

  it('is certainly not there when all comments that are counted are shown', async () => {
    expect((await find({ data: [one('7_1')], ...summary(1) })).found).toBeNull()
  })

  it.each([
    ['more are counted than shown', [{ data: [one('7_1')], ...summary(2) }]],
    ['they are not counted', [{ data: [one('7_1')] }]],
    ['there are too many', Array(5).fill({ data: [], ...summary(0), ...more })],
    ['one of its text has no author', [{ data: [one('7_2', { from: undefined })], ...summary(1) }]],
  ])('is left to a person when %s', async (_, pages) => {
    expect((await find(...pages)).found).toMatchObject({ code: 'outcome_unknown' })
  })

  it('below a post that is not shown is left to a person, and does not cost the account its status', async () => {
    const { ctx } = cannedContext(provider, { comments: graphError(100, 33) })
    await expect(findPublished(ctx, { account, sentAt }, comment)).rejects.toMatchObject({
      code: 'outcome_unknown',
    })
  })
})

describe('deleting', () => {
  const sent = { kind: 'post', visibility: 'public', platformPostId: '555_7', permalink: null } as const

  it('takes what does not exist for deleted, if the Page may be seen', async () => {
    const seen = cannedContext(provider, { '555_7': graphError(100, 33), '555': { body: { id: '555' } } })
    await deletePost(seen.ctx, { account }, sent)
    expect(seen.requests.map((one) => asked(one).call)).toEqual(['DELETE /v26.0/555_7', 'GET /v26.0/555'])
    const unseen = cannedContext(provider, { '555_7': graphError(100, 33), '555': graphError(100, 33) })
    await expect(deletePost(unseen.ctx, { account }, sent)).rejects.toMatchObject({ platformCode: '100/33' })
  })
})

describe('at the simulated platform', () => {
  let running: Awaited<ReturnType<typeof startPlatform>>
  beforeEach(async () => {
    running = await startPlatform(provider)
  })
  afterEach(() => running.close())

  const required = ['pages_show_list', 'pages_read_engagement', 'pages_manage_posts']
  async function publish(
    content: Content,
    options: Record<string, string>,
    asked: { scopes?: string[] } = {},
  ) {
    const granted = await running.connect({}, asked)
    const [page] = await running.targets(granted)
    if (!page) throw new Error('There is no Page.')
    const input = publishInputOf({ access: granted, account: page, content, options })
    let step: PublishStep = await startPublish(running.ctx, input)
    const sends: (PublishStep & { type: 'send' })[] = []
    while (step.type !== 'done') {
      if (step.type === 'wait') running.clock.advance(step.resumeAfterSeconds)
      if (step.type === 'send') sends.push(step)
      step = await continuePublish(running.ctx, input, step.checkpoint)
    }
    return { sent: step.sent, page, input, sends }
  }
  const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')

  it.each(['post', 'reel', 'story'])('a video larger than a part arrives whole as a %s', async (postAs) => {
    const video = await files.video(9_000_000)
    const { sent, page } = await publish({ text: 'Moving', media: [video] }, { postAs })
    const [post] = running.handle.world.posts({ resourceId: page.targetId })
    expect(post).toMatchObject({
      id: sent.platformPostId,
      text: postAs === 'story' ? '' : 'Moving',
      media: [{ byteLength: 9_000_000, sha256: sha256(video.content) }],
    })
    await deletePost(running.ctx, { account: page }, sent)
    expect(running.handle.world.posts()).toEqual([])
  })

  it.each(['post', 'reel'])(
    'a %s is followed by its comments, which are found and go with it',
    async (postAs) => {
      const media = postAs === 'reel' ? [await files.video()] : []
      const scopes = { scopes: [...required, 'pages_manage_engagement'] }
      const { sent, page, sends } = await publish(
        { text: 'Hello', media, replies: ['One', 'One'] },
        { postAs },
        scopes,
      )
      const { world } = running.handle
      const below = () => world.posts().filter(({ inReplyTo }) => inReplyTo === sent.platformPostId)
      expect(below()).toMatchObject([
        { id: sent.parts?.[0], text: 'One' },
        { id: sent.parts?.[1], text: 'One' },
      ])
      const looking = { account: page, sentAt: running.clock.now() }
      running.clock.advance(60)
      const [, first, second] = sends.map(({ checkpoint }) => checkpoint)
      expect(await findPublished(running.ctx, looking, first ?? null)).toMatchObject({
        published: { parts: sent.parts?.slice(0, 1) },
      })
      expect(await findPublished(running.ctx, looking, second ?? null)).toEqual({ type: 'done', sent })
      world.deletePost(sent.parts?.[1] ?? '')
      expect(await findPublished(running.ctx, looking, second ?? null)).toBeNull()
      const [, ben] = world.people()
      world.addPost({ personId: ben?.id ?? '', text: 'One', inReplyTo: sent.platformPostId, body: null })
      await expect(findPublished(running.ctx, looking, second ?? null)).rejects.toMatchObject({
        code: 'outcome_unknown',
      })
      await deletePost(running.ctx, { account: page }, sent)
      expect(world.posts()).toEqual([])
    },
  )

  it('a comment without the permission for it is refused, which says nothing of the Page', async () => {
    const thrown = await publish({ text: 'Hello', replies: ['One'] }, {}).catch((error: unknown) => error)
    expect(thrown).toMatchObject({ platformCode: 'comment/200' })
    expect(meaningOf(thrown, 'publish')).toEqual({ kind: 'refused' })
    expect(running.handle.world.posts()).toMatchObject([{ text: 'Hello' }])
  })

  it('a picture becomes a story that is found by it', async () => {
    const { sent, page } = await publish({ media: [await files.image()] }, { postAs: 'story' })
    const photo = running.handle.world.posts()[0]?.media[0]?.id
    const checkpoint = { stage: 'photo_story', request: '{}', photo: photo ?? '' }
    const found = await findPublished(running.ctx, { account: page, sentAt: running.clock.now() }, checkpoint)
    expect(found).toMatchObject({ type: 'done', sent: { platformPostId: sent.platformPostId } })
  })

  it('a post with pictures is found by them although its text is another one', async () => {
    const { sent, page } = await publish(
      { text: 'Two', media: [await files.image(), await files.image(1)] },
      {},
    )
    const [post] = running.handle.world.posts()
    running.handle.world.updatePost(sent.platformPostId, { text: 'Edited' })
    const photos = (post?.media ?? []).map(({ id }) => id)
    const checkpoint = { stage: 'feed', request: '{}', message: 'Two', link: null, photos, replies: [] }
    const found = await findPublished(running.ctx, { account: page, sentAt: running.clock.now() }, checkpoint)
    expect(found).toMatchObject({ type: 'done', sent: { platformPostId: sent.platformPostId } })
  })
})
