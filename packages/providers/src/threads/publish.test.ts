import type { HttpRequest, Json, Provider, PublishStep } from '@postmcp/core'
import { createSampleFiles, publishInputOf } from '@postmcp/core/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { type Canned, cannedContext, graphError, now } from '../meta/fixtures/context.js'
import { threads } from './index.js'

const provider: Provider = threads
const { startPublish, continuePublish, findPublished, deletePost } = threads
const files = createSampleFiles()
afterAll(() => files.close())

const access = {
  authMethod: 'oauth2' as const,
  subject: '17',
  grantedScopes: ['threads_basic', 'threads_content_publish', 'threads_delete'],
  settings: {},
  tokens: { accessToken: 'the-token' },
}
const account = { targetId: '17', handle: 'ada', settings: {}, secrets: {} }
type Content = NonNullable<Parameters<typeof publishInputOf>[0]['content']>
const inputOf = (content: Content, options = {}) => publishInputOf({ access, account, content, options })

const container = (id: string): Canned => ({ body: { id } })
const finished: Canned = { body: { id: '1', status: 'FINISHED' } }

/** What a request asked, without what every one of them has. */
function asked({ method, url, body }: HttpRequest) {
  const { pathname, searchParams } = new URL(url)
  searchParams.delete('access_token')
  const form = typeof body === 'string' ? Object.fromEntries(new URLSearchParams(body)) : {}
  return { call: `${method} ${pathname}`, ...Object.fromEntries(searchParams), ...form }
}

/** Goes on as core does, up to the first call that makes something public. */
async function prepare(content: Content, answers: Parameters<typeof cannedContext>[1], options = {}) {
  const { ctx, requests } = cannedContext(provider, answers)
  const input = inputOf(content, options)
  let step: PublishStep = await startPublish(ctx, input)
  while (step.type === 'wait') step = await continuePublish(ctx, input, step.checkpoint)
  if (step.type !== 'send') throw new Error('Nothing was announced.')
  return { ctx, input, requests, checkpoint: step.checkpoint, asked: requests.map(asked) }
}

describe('a post', () => {
  it('of text is a container that is looked at and then published', async () => {
    const { ctx, input, checkpoint, requests } = await prepare(
      { text: 'Hello & goodbye' },
      {
        '17/threads': container('1'),
        '1': finished,
        threads_publish: container('9'),
        '9': { body: { id: '9', permalink: 'https://www.threads.com/@ada/post/x' } },
      },
      { replyControl: 'mentioned_only', topicTag: 'Bread', spoilerMedia: true },
    )
    expect(await continuePublish(ctx, input, checkpoint)).toEqual({
      type: 'done',
      sent: {
        kind: 'post',
        visibility: 'public',
        platformPostId: '9',
        permalink: 'https://www.threads.com/@ada/post/x',
      },
    })
    expect(requests.map(asked)).toEqual([
      {
        call: 'POST /v1.0/17/threads',
        media_type: 'TEXT',
        text: 'Hello & goodbye',
        reply_control: 'mentioned_only',
        topic_tag: 'Bread',
      },
      { call: 'GET /v1.0/1', fields: 'status,error_message' },
      { call: 'POST /v1.0/17/threads_publish', creation_id: '1' },
      { call: 'GET /v1.0/9', fields: 'permalink' },
    ])
    for (const { url } of requests) expect(new URL(url).searchParams.get('access_token')).toBe('the-token')
  })

  it('is public although its link cannot be read', async () => {
    const { ctx, input, checkpoint } = await prepare(
      { text: 'Hello' },
      { '17/threads': container('1'), '1': finished, threads_publish: container('9'), '9': graphError(2) },
    )
    expect(await continuePublish(ctx, input, checkpoint)).toMatchObject({
      type: 'done',
      sent: { platformPostId: '9', permalink: null },
    })
  })

  it('with nothing but a link has its address for a text, too', async () => {
    const { asked } = await prepare(
      { link: { url: 'https://example.org/' } },
      { '17/threads': container('1'), '1': finished },
    )
    expect(asked[0]).toEqual({
      call: 'POST /v1.0/17/threads',
      media_type: 'TEXT',
      text: 'https://example.org/',
      link_attachment: 'https://example.org/',
    })
  })

  it('of several files has a container for each; only the one of the post carries text', async () => {
    const image = await files.image(0, { altText: 'Bread' })
    const video = await files.video(1000)
    const { asked, checkpoint } = await prepare(
      { text: 'Two', media: [image, video] },
      {
        '17/threads': [container('1'), container('2'), container('3')],
        '1': finished,
        '2': [{ body: { id: '2', status: 'IN_PROGRESS' } }, finished],
        '3': finished,
      },
      { spoilerMedia: true },
    )
    expect(asked).toEqual([
      {
        call: 'POST /v1.0/17/threads',
        is_carousel_item: 'true',
        media_type: 'IMAGE',
        image_url: await image.url(),
        alt_text: 'Bread',
      },
      {
        call: 'POST /v1.0/17/threads',
        is_carousel_item: 'true',
        media_type: 'VIDEO',
        video_url: await video.url(),
      },
      { call: 'GET /v1.0/1', fields: 'status,error_message' },
      { call: 'GET /v1.0/2', fields: 'status,error_message' },
      { call: 'GET /v1.0/2', fields: 'status,error_message' },
      {
        call: 'POST /v1.0/17/threads',
        media_type: 'CAROUSEL',
        children: '1,2',
        text: 'Two',
        is_spoiler_media: 'true',
      },
      { call: 'GET /v1.0/3', fields: 'status,error_message' },
    ])
    // Whoever has the address of a file can fetch it.
    for (const file of [image, video]) expect(JSON.stringify(checkpoint)).not.toContain(await file.url())
  })

  it('does not repeat the address of a file that an error repeats', async () => {
    const image = await files.image()
    const message = `Cannot fetch ${await image.url()}.`
    const { ctx } = cannedContext(provider, { '17/threads': graphError(9004, 2207052, { message }) })
    await expect(startPublish(ctx, inputOf({ media: [image] }))).rejects.toMatchObject({
      message: 'Cannot fetch [hidden].',
    })
  })

  it('is refused in words when its video is', async () => {
    const problem = { id: '1', status: 'ERROR', error_message: 'INVALID_DURATION' }
    const thrown: unknown = await prepare(
      { media: [await files.video(1000)] },
      { '17/threads': container('1'), '1': { body: problem } },
    ).catch((error: unknown) => error)
    expect(thrown).toMatchObject({
      platformCode: 'INVALID_DURATION',
      message: 'The video is too long or too short',
    })
    const meaning = threads.classifyError(thrown as Parameters<typeof threads.classifyError>[0], 'publish')
    expect(meaning).toEqual({ kind: 'refused' })
  })
})

describe('replies', () => {
  it('are announced one by one, each below the one before it', async () => {
    const { ctx, input, requests, checkpoint } = await prepare(
      { text: 'One', replies: ['Two', 'Three'] },
      {
        '17/threads': [container('1'), container('2'), container('3')],
        '1': finished,
        '2': finished,
        '3': finished,
        threads_publish: [container('91'), container('92'), container('93')],
        '91': { body: { id: '91', permalink: 'https://www.threads.com/@ada/post/x' } },
        '92': graphError(24),
        '93': graphError(24),
      },
    )
    const published: unknown[] = []
    let step = await continuePublish(ctx, input, checkpoint)
    while (step.type !== 'done') {
      if (step.type === 'send') published.push(step.published?.parts ?? [])
      step = await continuePublish(ctx, input, step.checkpoint)
    }
    expect(step.sent).toMatchObject({ platformPostId: '91', parts: ['92', '93'] })
    // Twice for each: before its container, so that the post is known, and before it is published.
    expect(published).toEqual([[], [], ['92'], ['92']])
    expect(requests.map(asked).filter((one) => 'reply_to_id' in one)).toEqual([
      { call: 'POST /v1.0/17/threads', media_type: 'TEXT', text: 'Two', reply_to_id: '91' },
      { call: 'POST /v1.0/17/threads', media_type: 'TEXT', text: 'Three', reply_to_id: '92' },
    ])
  })
})

describe('a reply that is not allowed', () => {
  it('is refused and leaves the account as it is', async () => {
    const { ctx, input, checkpoint } = await prepare(
      { text: 'One', replies: ['Two'] },
      {
        '17/threads': [container('1'), graphError(10)],
        '1': finished,
        threads_publish: container('91'),
        '91': graphError(24),
      },
    )
    const announced = (await continuePublish(ctx, input, checkpoint)) as { checkpoint: Json }
    const thrown: unknown = await continuePublish(ctx, input, announced.checkpoint).catch((error) => error)
    expect(thrown).toMatchObject({
      platformCode: 'reply/10',
      message: 'Something is wrong.',
      requestId: 'AbCdEf',
    })
  })
})

describe('a post whose answer was lost', () => {
  const sentAt = now
  const at = (seconds: number) =>
    new Date(now.getTime() + seconds * 1000).toISOString().replace('.000Z', '+0000')
  const one = (id: string, text: string, seconds: number) => ({
    id,
    text,
    timestamp: at(seconds),
    permalink: `https://www.threads.com/@ada/post/${id}`,
  })
  async function lost(content: Content, status: string, listed: unknown[]) {
    const { checkpoint } = await prepare(content, { '17/threads': container('1'), '1': finished })
    const { ctx, requests } = cannedContext(provider, {
      '1': { body: { id: '1', status } },
      '17/threads': { body: { data: listed } },
    })
    const result = findPublished(ctx, { ...inputOf({}), sentAt }, checkpoint)
    return { result, requests }
  }

  it.each(['FINISHED', 'IN_PROGRESS', 'EXPIRED', 'ERROR'])(
    'is not public while its container is %s, whatever is listed',
    async (status) => {
      const { result, requests } = await lost({ text: 'Hello' }, status, [one('9', 'Hello', 1)])
      expect(await result).toBeNull()
      expect(requests).toHaveLength(1)
    },
  )

  it('is the one with our text since we sent, not an equal one before it', async () => {
    const listed = [one('8', 'Another', 5), one('7', 'Hello', 1), one('6', 'Hello', -3600)]
    const { result, requests } = await lost({ text: 'Hello' }, 'PUBLISHED', listed)
    expect(await result).toMatchObject({ type: 'done', sent: { platformPostId: '7' } })
    expect(asked(requests[1] as HttpRequest)).toMatchObject({
      since: String(now.getTime() / 1000 - 120),
      limit: '50',
    })
  })

  it('is the first of two with our text, for ours was sent then', async () => {
    const { result } = await lost({ text: 'Hello' }, 'PUBLISHED', [
      one('8', 'Hello', 90),
      one('7', 'Hello', 1),
    ])
    expect(await result).toMatchObject({ sent: { platformPostId: '7' } })
  })

  it('that was edited since is the only new one', async () => {
    const listed = [one('7', 'Hello, all', 1), one('6', 'Hello', -3600)]
    const { result } = await lost({ text: 'Hello' }, 'PUBLISHED', listed)
    expect(await result).toMatchObject({ sent: { platformPostId: '7' } })
  })

  it.each([
    ['nothing is listed yet', []],
    ['two others are listed', [one('7', 'One', 1), one('8', 'Two', 2)]],
  ])('is looked for again later when %s', async (_, listed) => {
    const { result } = await lost({ text: 'Hello' }, 'PUBLISHED', listed)
    const thrown: unknown = await result.catch((error: unknown) => error)
    const meaning = threads.classifyError(thrown as Parameters<typeof threads.classifyError>[0], 'verify')
    expect(meaning).toEqual({ kind: 'unavailable' })
  })

  it('goes on with its replies', async () => {
    const content = { text: 'Hello', replies: ['More'] }
    const { result } = await lost(content, 'PUBLISHED', [one('7', 'Hello', 1)])
    expect(await result).toMatchObject({ type: 'send', published: { platformPostId: '7' } })
  })

  it('as a reply is public without an id, and before its container was made is not public', async () => {
    const { ctx, input, checkpoint } = await prepare(
      { text: 'One', replies: ['Two'] },
      {
        '17/threads': [container('1'), container('2')],
        '1': finished,
        '2': [finished, { body: { id: '2', status: 'PUBLISHED' } }],
        threads_publish: container('91'),
        '91': graphError(24),
      },
    )
    const announced = (await continuePublish(ctx, input, checkpoint)) as { checkpoint: Json }
    const actor = { ...input, sentAt }
    expect(await findPublished(ctx, actor, announced.checkpoint)).toBeNull()
    const made = (await continuePublish(ctx, input, announced.checkpoint)) as { checkpoint: Json }
    const looked = (await continuePublish(ctx, input, made.checkpoint)) as { checkpoint: Json }
    expect(await findPublished(ctx, actor, looked.checkpoint)).toEqual({
      type: 'done',
      sent: { kind: 'post', visibility: 'public', platformPostId: '91', permalink: null },
    })
  })
})

describe('deleting', () => {
  const sent = {
    kind: 'post' as const,
    visibility: 'public' as const,
    platformPostId: '9',
    permalink: null,
    parts: ['10', '11'],
  }
  const deleted = { body: { success: true, deleted_id: '1' } }

  it('begins with the last reply', async () => {
    const { ctx, requests } = cannedContext(provider, { '9': deleted, '10': deleted, '11': deleted })
    await deletePost(ctx, { access }, sent)
    expect(requests.map((one) => asked(one).call)).toEqual(
      ['11', '10', '9'].map((id) => `DELETE /v1.0/${id}`),
    )
  })

  it('takes what does not exist for deleted, if the token is good', async () => {
    const answers = {
      '9': graphError(24),
      '10': deleted,
      '11': graphError(100, 33),
      me: { body: { id: '17' } },
    }
    await deletePost(cannedContext(provider, answers).ctx, { access }, sent)
    const ended = { ...answers, me: graphError(190, 463) }
    await expect(deletePost(cannedContext(provider, ended).ctx, { access }, sent)).rejects.toMatchObject({
      platformCode: '190/463',
    })
  })
})
