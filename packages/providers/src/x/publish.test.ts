import {
  type HttpRequest,
  type Json,
  PlatformError,
  type PublishContent,
  type PublishStep,
} from '@postmcp/core'
import { createSampleFiles, publishInputOf, type SampleFiles } from '@postmcp/core/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { classifyError } from './errors.js'
import { findPublished } from './find-published.js'
import { access, type Canned, cannedContext, now } from './fixtures/context.js'
import { limitsOf, postLimits } from './limits.js'
import { continuePublish, deletePost, startPublish } from './publish.js'
import { validate } from './validate.js'

let files: SampleFiles
beforeAll(() => {
  files = createSampleFiles()
})
afterAll(() => files.close())

const account = (settings = {}) => ({ targetId: '900000000000000001', handle: 'ada', settings, secrets: {} })
const inputOf = (content: Partial<PublishContent> = {}, options = {}, settings = {}) =>
  publishInputOf({ access: access(), account: account(settings), content, options, startedAt: now })
const created = (id: string): Canned => ({ status: 201, body: { data: { id, text: 'x' } } })
const checkpointOf = (step: PublishStep): Json => {
  if (step.type === 'done') throw new Error('There is nothing to go on with.')
  return step.checkpoint
}
const requestOf = (step: PublishStep): unknown => {
  const { request } = checkpointOf(step) as { request: string }
  return JSON.parse(request)
}

describe('a post', () => {
  it('of text is announced with what will be sent, and nothing is asked before', async () => {
    const { ctx, requests } = cannedContext({})
    const options = { replySettings: 'following', madeWithAi: true, paidPartnership: false }
    const step = await startPublish(ctx, inputOf({ text: 'Hello' }, options))
    expect(step.type).toBe('send')
    expect(requestOf(step)).toEqual({ text: 'Hello', reply_settings: 'following', made_with_ai: true })
    expect(requests).toEqual([])
  })

  it('is sent to the byte, and its id stays text', async () => {
    const { ctx, requests } = cannedContext({ '/2/tweets': created('1900000000000000001') })
    const input = inputOf({ text: 'Hello' })
    const step = await continuePublish(ctx, input, checkpointOf(await startPublish(ctx, input)))
    expect(requests).toMatchObject([
      {
        method: 'POST',
        body: '{"text":"Hello"}',
        headers: { 'content-type': 'application/json', authorization: 'Bearer access-token-1' },
      },
    ])
    expect(step).toEqual({
      type: 'done',
      sent: {
        kind: 'post',
        visibility: 'public',
        platformPostId: '1900000000000000001',
        permalink: 'https://x.example/i/status/1900000000000000001',
      },
    })
  })

  it('of a protected account is seen by its followers only', async () => {
    const { ctx } = cannedContext({ '/2/tweets': created('1') })
    const input = inputOf({ text: 'Hello' }, {}, { protected: true })
    const step = await continuePublish(ctx, input, checkpointOf(await startPublish(ctx, input)))
    expect(step).toMatchObject({ sent: { visibility: 'limited' } })
  })

  it('is followed by the posts of its thread, each below the one before', async () => {
    const { ctx, requests } = cannedContext({ '/2/tweets': [created('1'), created('2'), created('3')] })
    const input = inputOf({ text: 'One', replies: ['Two', 'Three'] })
    let step = await startPublish(ctx, input)
    const published: unknown[] = []
    while (step.type !== 'done') {
      expect(step.type).toBe('send')
      if (step.type === 'send') published.push(step.published?.parts ?? step.published?.platformPostId)
      step = await continuePublish(ctx, input, step.checkpoint)
    }
    expect(requests.map(({ body }) => JSON.parse(String(body)))).toEqual([
      { text: 'One' },
      { text: 'Two', reply: { in_reply_to_tweet_id: '1' } },
      { text: 'Three', reply: { in_reply_to_tweet_id: '2' } },
    ])
    expect(published).toEqual([undefined, '1', ['2']])
    expect(step.sent).toMatchObject({ platformPostId: '1', parts: ['2', '3'] })
  })

  it('whose answer holds no id may be public', async () => {
    const { ctx } = cannedContext({ '/2/tweets': { status: 200, body: { errors: [] } } })
    const input = inputOf({ text: 'Hello' })
    await expect(
      continuePublish(ctx, input, checkpointOf(await startPublish(ctx, input))),
    ).rejects.toMatchObject({ name: 'MalformedResponseError' })
  })
})

describe('files', () => {
  const upload = { body: { data: { id: '77' } } }
  const path = '/2/media/upload'

  it('that are images go whole, with their category and then their alt text', async () => {
    const { ctx, requests } = cannedContext({ [path]: upload, '/2/media/metadata': { body: { data: {} } } })
    const media = [await files.image(0, { altText: 'A dot' }), await files.image(1)]
    const input = inputOf({ text: '', media })
    let step = await startPublish(ctx, input)
    expect(step).toMatchObject({
      type: 'wait',
      resumeAfterSeconds: 0,
      progress: { uploadedBytes: media[0]?.bytes },
    })
    while (step.type === 'wait') step = await continuePublish(ctx, input, step.checkpoint)
    expect(requestOf(step)).toEqual({ text: '', media: { media_ids: ['77', '77'] } })
    expect(requests.map(({ url }) => new URL(url).pathname)).toEqual([path, '/2/media/metadata', path])
    const form = await formOf(requests[0])
    expect(form.get('media_category')).toBe('tweet_image')
    expect(requests[1]?.body).toBe('{"id":"77","metadata":{"alt_text":{"text":"A dot"}}}')
  })

  it('that are videos go in parts of which each is one step, and are waited for', async () => {
    const processing = (state: string, seconds?: number): Canned => ({
      body: { data: { id: '77', processing_info: { state, check_after_secs: seconds } } },
    })
    const { ctx, requests } = cannedContext({
      [`${path}/initialize`]: upload,
      [`${path}/77/append`]: { body: { data: { expires_at: 1 } } },
      [`${path}/77/finalize`]: processing('pending', 3),
      [path]: [processing('in_progress', 7), processing('succeeded')],
    })
    const media = await files.video(9_000_000, { altText: 'Not shown' })
    const input = inputOf({ text: 'See', media: [media] })
    let step = await startPublish(ctx, input)
    const waits: unknown[] = []
    while (step.type === 'wait') {
      waits.push([step.resumeAfterSeconds, step.progress?.uploadedBytes])
      step = await continuePublish(ctx, input, step.checkpoint)
    }
    expect(waits).toEqual([
      [0, 0],
      [0, 4_194_304],
      [0, 8_388_608],
      [0, 9_000_000],
      [3, 9_000_000],
      [7, 9_000_000],
      [0, 9_000_000],
    ])
    expect(requests[0]?.body).toBe(
      '{"media_type":"video/mp4","total_bytes":9000000,"media_category":"tweet_video"}',
    )
    const parts = await Promise.all(requests.slice(1, 4).map(formOf))
    expect(parts.map((form) => form.get('segment_index'))).toEqual(['0', '1', '2'])
    const sent = await Promise.all(
      parts.map(async (form) => [...new Uint8Array(await (form.get('media') as File).arrayBuffer())].length),
    )
    expect(sent).toEqual([4_194_304, 4_194_304, 611_392])
    expect(new URL(requests[5]?.url ?? '').search).toBe('?command=STATUS&media_id=77')
    expect(requestOf(step)).toEqual({ text: 'See', media: { media_ids: ['77'] } })
  })

  it('that move go as animations', async () => {
    const { ctx, requests } = cannedContext({ [`${path}/initialize`]: upload })
    const media = await files.image(0, { kind: 'animation', mimeType: 'image/gif' })
    await startPublish(ctx, inputOf({ media: [media] }))
    expect(requests[0]?.body).toContain('"media_category":"tweet_gif"')
  })

  it('X cannot work with refuse the post, in its words', async () => {
    const info = { state: 'failed', error: { message: 'Unsupported codec' } }
    const { ctx } = cannedContext({ [path]: { body: { data: { id: '77', processing_info: info } } } })
    const session = { id: '77', segment: 0, isProcessing: true }
    const input = inputOf({ media: [await files.video()] })
    const error: unknown = await continuePublish(ctx, input, {
      stage: 'upload',
      mediaIds: [],
      session,
    }).catch((thrown: unknown) => thrown)
    if (!(error instanceof PlatformError)) throw error
    expect(error.message).toBe('Unsupported codec')
    expect(classifyError(error, 'publish')).toEqual({ kind: 'refused' })
  })
})

describe('a refusal', () => {
  it.each([
    [403, 'You are not allowed to create a Tweet with duplicate content.', 'refused'],
    [403, 'You are not permitted to perform this action.', 'refused'],
    [403, 'This user is not allowed to post a video longer than 20 minutes.', 'refused'],
    [400, 'Your media IDs are invalid.', 'refused'],
    [413, 'Too large', 'refused'],
    [401, 'Unauthorized', 'access_token_expired'],
    [429, 'Too Many Requests', 'rate_limited'],
    [503, 'Service Unavailable', 'unavailable'],
    [402, 'Payment Required', 'client_invalid'],
    [403, 'Your account is suspended and is not permitted to access this feature.', 'account_unusable'],
  ])('with %i "%s" is %s', async (status, detail, kind) => {
    const answer = { status, body: { title: 'Title', type: 'about:blank', detail } }
    const { ctx } = cannedContext({ '/2/tweets': answer })
    const input = inputOf({ text: 'Hello' })
    const error: unknown = await continuePublish(
      ctx,
      input,
      checkpointOf(await startPublish(ctx, input)),
    ).catch((thrown: unknown) => thrown)
    if (!(error instanceof PlatformError)) throw error
    expect(classifyError(error, 'publish').kind).toBe(kind)
  })
})

describe('a post whose answer was lost', () => {
  const path = '/2/users/900000000000000001/tweets'
  const at = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString()
  const listed = (more: Record<string, unknown> = {}) => ({
    id: '5',
    text: 'Hello',
    created_at: at(1),
    conversation_id: '5',
    ...more,
  })
  const find = async (content: Partial<PublishContent>, answers: Canned | Canned[], from?: Json) => {
    const { ctx, requests } = cannedContext({ [path]: answers })
    const input = inputOf(content)
    const checkpoint = from ?? checkpointOf(await startPublish(cannedContext({}).ctx, input))
    return { requests, found: await findPublished(ctx, { ...input, sentAt: now }, checkpoint) }
  }

  it('is found by its text, among the posts since then', async () => {
    const { requests, found } = await find({ text: 'Hello' }, { body: { data: [listed()] } })
    expect(found).toMatchObject({ type: 'done', sent: { platformPostId: '5' } })
    const query = new URL(requests[0]?.url ?? '').searchParams
    expect(query.get('start_time')).toBe('2026-11-22T15:29:00Z')
    expect(query.get('max_results')).toBe('100')
  })

  it.each([
    ['another text', { text: 'Hello!' }],
    ['an older one', { created_at: at(-61) }],
    ['one of later', { created_at: at(301) }],
    ['a reply', { conversation_id: '4' }],
    ['one with a file', { attachments: { media_keys: ['3_1'] } }],
    ['one that was edited', { text: 'Hullo' }],
  ])('is not %s', async (_, more) => {
    const { found } = await find({ text: 'Hello' }, { body: { data: [listed(more)] } })
    expect(found).toBeNull()
  })

  it('is looked for on every page', async () => {
    const pages = [
      { body: { data: [listed({ text: 'x' })], meta: { next_token: 'two' } } },
      { body: { data: [listed({ id: '6', conversation_id: '6' })], meta: {} } },
    ]
    const { requests, found } = await find({ text: 'Hello' }, pages)
    expect(found).toMatchObject({ sent: { platformPostId: '6' } })
    expect(new URL(requests[1]?.url ?? '').searchParams.get('pagination_token')).toBe('two')
    const empty = await find({ text: 'Hello' }, { body: { meta: { result_count: 0 } } })
    expect(empty.found).toBeNull()
  })

  it('is not said to be missing while there are more pages than can be read', async () => {
    const endless = { body: { data: [], meta: { next_token: 'on' } } }
    await expect(find({ text: 'Hello' }, Array(40).fill(endless))).rejects.toMatchObject({
      code: 'platform_response_invalid',
    })
  })

  it('is known although X writes addresses and some characters its own way', async () => {
    const text = 'R&D <news> at example.org and https://example.net/a/ and more'
    const shown = {
      text: 'R&amp;D &lt;news&gt; at https://t.co/a and https://t.co/b and more https://t.co/c',
      entities: {
        urls: [
          { url: 'https://t.co/a', expanded_url: 'http://example.org' },
          { url: 'https://t.co/b', expanded_url: 'https://example.net/a/' },
          { url: 'https://t.co/c', expanded_url: 'https://x.com/ada/status/5/photo/1', media_key: '3_1' },
        ],
      },
      attachments: { media_keys: ['3_1'] },
    }
    const request = JSON.stringify({ text, media: { media_ids: ['1'] } })
    const checkpoint = { stage: 'post', request, replies: [], thread: null }
    const found = (await find({}, { body: { data: [listed(shown)] } }, checkpoint)).found
    expect(found).toMatchObject({ type: 'done' })
    const { urls } = shown.entities
    const other = {
      ...shown,
      entities: { urls: [{ ...urls[0], expanded_url: 'http://example.com' }, ...urls.slice(1)] },
    }
    expect((await find({}, { body: { data: [listed(other)] } }, checkpoint)).found).toBeNull()
  })

  it('that is long is known by its whole text', async () => {
    const text = 'word '.repeat(100).trim()
    const { found } = await find(
      { text },
      { body: { data: [listed({ text: 'word word…', note_post: { text } })] } },
    )
    expect(found).not.toBeNull()
  })

  it('in a thread is one below it that is not known yet', async () => {
    const thread = { rootId: '1', parts: ['2'] }
    const checkpoint = { stage: 'post', request: '{"text":"Hello"}', replies: ['Next'], thread }
    const inThread = (id: string, root = '1') => ({ body: { data: [listed({ id, conversation_id: root })] } })
    expect((await find({}, inThread('2'), checkpoint)).found).toBeNull()
    expect((await find({}, inThread('3', '3'), checkpoint)).found).toBeNull()
    expect((await find({}, inThread('3'), checkpoint)).found).toMatchObject({
      type: 'send',
      published: { platformPostId: '1', parts: ['2', '3'] },
    })
  })

  it('is known whatever characters it is made of', async () => {
    const escaped = (text: string) =>
      text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1 }), async (text) => {
        const { found } = await find({ text }, { body: { data: [listed({ text: escaped(text).trim() })] } })
        expect(found).not.toBeNull()
      }),
      { numRuns: 50 },
    )
  })
})

describe('deleting', () => {
  const sent = {
    kind: 'post',
    visibility: 'public',
    platformPostId: '1',
    permalink: null,
    parts: ['2'],
  } as const

  it('takes the last post of a thread first, and what is gone for deleted', async () => {
    const gone = { type: 'https://api.x.com/2/problems/resource-not-found', title: 'x', detail: 'x' }
    const { ctx, requests } = cannedContext({
      '/2/tweets/2': { status: 404, body: gone },
      '/2/tweets/1': { body: { errors: [gone] } },
    })
    await deletePost(ctx, { access: access() }, { ...sent, parts: ['2'] })
    expect(requests.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      'DELETE /2/tweets/2',
      'DELETE /2/tweets/1',
    ])
  })

  it('that X does not confirm is not believed', async () => {
    const { ctx } = cannedContext({ '/2/tweets/2': { body: { data: { deleted: false } } } })
    await expect(deletePost(ctx, { access: access() }, { ...sent, parts: ['2'] })).rejects.toMatchObject({
      name: 'MalformedResponseError',
    })
    await expect(deletePost(ctx, { access: access() }, { ...sent, parts: ['../1'] })).rejects.toMatchObject({
      code: 'invalid_request',
    })
  })
})

describe('limits', () => {
  it('are higher where the account is known to pay for it', () => {
    expect(limitsOf({ settings: { subscriptionType: 'Premium' } })).toMatchObject({
      text: [{ unit: 'weighted', max: 25_000 }],
      videos: { seconds: { max: 7500 } },
    })
    for (const subscriptionType of ['None', null, 'Unknown'])
      expect(limitsOf({ settings: { subscriptionType } })).toBe(postLimits)
  })

  it('of cashtags, characters and animations are looked at, and a link is warned about', () => {
    const file = { is: 'animation', width: 1000, height: 1000, frames: 301 }
    const draft = {
      content: {
        ...inputOf({ text: '$ABC and $DEF, see example.org', replies: ['\uFEFF', '$ABC costs $5'] }).content,
        media: [{ mediaId: 'media_1', file }],
      },
      options: {},
      target: { kind: 'profile', settings: {}, grantSettings: {}, grantedScopes: [] },
    } as unknown as Parameters<typeof validate>[0]
    expect(validate(draft).map(({ code, severity, field }) => [code, severity, field])).toEqual([
      ['too_many_cashtags', 'error', 'content.text'],
      ['link_costs_more', 'warning', 'content.text'],
      ['text_malformed', 'error', 'content.replies.0'],
      ['animation_dimensions', 'error', 'content.media.0'],
    ])
  })
})

async function formOf(request: HttpRequest | undefined): Promise<FormData> {
  const { body, headers = {} } = request ?? {}
  if (typeof body !== 'object' || !('open' in body)) throw new Error('This request has no form.')
  const pieces: Uint8Array[] = []
  for await (const piece of body.open()) pieces.push(piece)
  return new Response(new Uint8Array(Buffer.concat(pieces)), { headers }).formData()
}
