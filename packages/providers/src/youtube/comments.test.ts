import { type Json, PlatformError, type PublishInput, type PublishStep } from '@postmcp/core'
import { type Canned, createFakeClock, createSampleFiles, publishInputOf } from '@postmcp/core/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { accessWith, apiError, cannedContext } from './fixtures/context.js'
import { startYouTube } from './fixtures/sandbox.js'
import { youtube } from './index.js'
import { scope } from './scopes.js'

const files = createSampleFiles()
afterAll(() => files.close())

const granted = [scope.identity, scope.upload, scope.readonly, scope.forceSsl]
const account = { targetId: 'UCchannel', handle: 'anna', settings: {}, secrets: {} }
const sent = {
  kind: 'post',
  visibility: 'public',
  platformPostId: 'abc_DEF-123',
  permalink: 'https://web.example.org/watch?v=abc_DEF-123',
}
const resourceOf = (textOriginal: string) => ({
  snippet: {
    channelId: 'UCchannel',
    videoId: 'abc_DEF-123',
    topLevelComment: { snippet: { textOriginal } },
  },
})
const options = { categoryId: '22', madeForKids: false, embeddable: true, license: 'youtube' }
const inputOf = async (content: Partial<PublishInput['content']> = {}): Promise<PublishInput> =>
  publishInputOf({
    access: accessWith(granted),
    account,
    options,
    content: { title: 'A title', text: 'Words.', media: [await files.video(1000)], ...content },
  })

/** Takes what a step gives to keep, as core does: JSON, with the fields of objects in another order. */
function take(input: PublishInput, step: PublishStep): Json {
  if (step.type === 'done') throw new Error('It is done already.')
  if (step.secrets) input.secrets = step.secrets
  return Object.fromEntries(Object.entries(step.checkpoint as Record<string, Json>).reverse())
}

const made = (id: string): Canned => ({ body: { kind: 'youtube#commentThread', id } })
const commenting = (parts: string[] = [], replies: string[] = []) => ({
  at: 'comment',
  resource: JSON.stringify(resourceOf('First <one>')),
  sent: { ...sent, parts },
  replies,
})

describe('comments', () => {
  const processed = {
    at: 'processing',
    sent,
    since: '2026-11-22T11:59:00.000Z',
    looks: 1,
    replies: ['First <one>', 'Second'],
  }
  const ready: Canned = {
    body: { kind: 'youtube#videoListResponse', items: [{ status: { uploadStatus: 'processed' } }] },
  }

  it('follow in their order once YouTube is done with the video, each announced by itself', async () => {
    const { ctx, requests } = cannedContext(ready, made('one'), made('two'))
    const input = await inputOf()
    const steps = [await youtube.continuePublish(ctx, input, processed)]
    for (let last = steps[0]; last && last.type !== 'done'; ) {
      last = await youtube.continuePublish(ctx, input, take(input, last))
      steps.push(last)
    }
    const known = steps.map((one) =>
      one.type === 'done' ? one.sent : one.type === 'send' ? one.published : undefined,
    )
    expect(known.map((video) => [video?.platformPostId, video?.parts ?? []])).toEqual([
      ['abc_DEF-123', []],
      ['abc_DEF-123', ['one']],
      ['abc_DEF-123', ['one', 'two']],
    ])
    expect(requests[1]).toMatchObject({
      method: 'POST',
      url: 'https://api.example.org/youtube/v3/commentThreads?part=snippet',
      headers: { authorization: 'Bearer ya29.access', 'content-type': 'application/json; charset=UTF-8' },
    })
    expect(requests.slice(1).map(({ body }) => JSON.parse(String(body)))).toEqual([
      resourceOf('First <one>'),
      resourceOf('Second'),
    ])
  })

  it('come after the thumbnail', async () => {
    const thumbnail: Canned = { body: { kind: 'youtube#thumbnailSetResponse' } }
    const { ctx } = cannedContext(ready, thumbnail)
    const media = [await files.video(1000, { thumbnail: await files.image(3) })]
    const input = await inputOf({ media })
    const first = await youtube.continuePublish(ctx, input, processed)
    expect(first).toMatchObject({ type: 'send', checkpoint: { at: 'thumbnail' }, published: sent })
    const second = await youtube.continuePublish(ctx, input, take(input, first))
    expect(second).toMatchObject({ type: 'send', checkpoint: { at: 'comment', replies: ['Second'] } })
  })

  it('are sent as they were announced, to the byte', async () => {
    const { ctx, requests } = cannedContext(made('one'))
    const checkpoint = commenting()
    await youtube.continuePublish(ctx, await inputOf({ replies: ['Something else'] }), checkpoint)
    expect(requests[0]?.body).toBe(checkpoint.resource)
  })

  it.each([
    [403, 'commentsDisabled', 'refused', 'comment/commentsDisabled'],
    [403, 'forbidden', 'refused', 'comment/forbidden'],
    [403, 'ineligibleAccount', 'refused', 'comment/ineligibleAccount'],
    [403, 'insufficientPermissions', 'refused', 'comment/insufficientPermissions'],
    [403, 'accountDelegationForbidden', 'refused', 'comment/accountDelegationForbidden'],
    [400, 'failedPrecondition', 'refused', 'comment/failedPrecondition'],
    [400, 'commentTextTooLong', 'refused', 'comment/commentTextTooLong'],
    [404, 'videoNotFound', 'refused', 'comment/videoNotFound'],
    [403, 'authenticatedUserAccountSuspended', 'account_unusable', 'authenticatedUserAccountSuspended'],
    [403, 'quotaExceeded', 'rate_limited', 'quotaExceeded'],
    [401, 'authError', 'access_token_expired', 'authError'],
    [503, 'backendError', 'unavailable', 'backendError'],
  ])('refused with %i %s are %s', async (status, reason, kind, platformCode) => {
    const { ctx } = cannedContext({ status, body: apiError(status, reason) })
    const failure: unknown = await youtube
      .continuePublish(ctx, await inputOf(), commenting())
      .catch((error: unknown) => error)
    if (!(failure instanceof PlatformError)) throw failure
    expect(failure).toMatchObject({ platformCode })
    expect(youtube.classifyError(failure, 'publish').kind).toBe(kind)
  })

  it.each([
    { status: 200, body: '<html>' },
    { status: 200, body: { kind: 'youtube#commentThread' } },
    { status: 204 },
  ])('may be public after %j', async (answer) => {
    const { ctx } = cannedContext(answer)
    await expect(youtube.continuePublish(ctx, await inputOf(), commenting())).rejects.toMatchObject({
      name: 'MalformedResponseError',
    })
  })
})

describe('a comment whose answer was lost', () => {
  const sentAt = new Date('2026-11-22T12:00:00Z')
  const thread = (id: string, more: Record<string, unknown> = {}) => ({
    id,
    snippet: {
      topLevelComment: {
        snippet: {
          authorChannelId: { value: 'UCchannel' },
          textOriginal: 'First <one>',
          publishedAt: '2026-11-22T12:00:02Z',
          ...more,
        },
      },
    },
  })
  const list = (items: unknown[] = [], nextPageToken?: string): Canned => ({
    body: { kind: 'youtube#commentThreadListResponse', items, ...(nextPageToken && { nextPageToken }) },
  })
  async function find(...answers: Canned[]) {
    const { ctx, requests } = cannedContext(...answers)
    const input = { ...(await inputOf()), sentAt }
    const found = await youtube
      .findPublished(ctx, input, commenting(['known'], ['Second']))
      .catch((error: unknown) => error)
    return { found, requests }
  }

  it('is found below the video, and the next one follows', async () => {
    const { found, requests } = await find(list([thread('known'), thread('ours')]), list(), list())
    expect(found).toMatchObject({
      type: 'send',
      published: { platformPostId: 'abc_DEF-123', parts: ['known', 'ours'] },
      checkpoint: { resource: JSON.stringify(resourceOf('Second')), replies: [] },
    })
    expect(requests[0]?.url).toBe(
      'https://api.example.org/youtube/v3/commentThreads?part=snippet&videoId=abc_DEF-123&moderationStatus=published&order=time&textFormat=plainText&maxResults=100',
    )
  })

  it.each([
    ['heldForReview', [list(), list([thread('ours')]), list()]],
    ['likelySpam', [list(), list(), list([thread('ours')])]],
  ])('is found where YouTube holds it back: %s', async (status, answers) => {
    const { found, requests } = await find(...answers)
    expect(found).toMatchObject({ published: { parts: ['known', 'ours'] } })
    expect(requests.some(({ url }) => String(url).includes(`moderationStatus=${status}`))).toBe(true)
  })

  it.each([
    ['of somebody else', { authorChannelId: { value: 'UCother' } }],
    ['of somebody who is gone', { authorChannelId: undefined }],
    ['with another text', { textOriginal: 'First' }],
    ['from before', { publishedAt: '2026-11-22T11:57:59Z' }],
  ])('is not one %s', async (_, more) => {
    expect((await find(list([thread('other', more)]), list(), list())).found).toBeNull()
  })

  it('is looked for as far back as it can be, and no further', async () => {
    const old = thread('old', { publishedAt: '2026-11-22T11:00:00Z' })
    const first = list([thread('new', { textOriginal: 'Hi' })], 'second')
    const second = list([thread('ours'), old], 'third')
    const { found, requests } = await find(first, second, list(), list())
    expect(found).toMatchObject({ published: { parts: ['known', 'ours'] } })
    expect(requests).toHaveLength(4)
    expect(String(requests[1]?.url)).toContain('pageToken=second')
  })

  it('is left to a person where it cannot be told', async () => {
    const doubts: Canned[][] = [
      [list([thread('mine', { textOriginal: undefined })]), list(), list()],
      [{ status: 403, body: apiError(403, 'insufficientPermissions') }],
      [list(), { status: 403, body: apiError(403, 'forbidden') }],
      [{ status: 403, body: apiError(403, 'commentsDisabled') }],
      [{ status: 404, body: apiError(404, 'videoNotFound') }],
      Array.from({ length: 5 }, () => list([thread('x', { textOriginal: 'Hi' })], 'more')),
    ]
    for (const answers of doubts) {
      expect((await find(...answers)).found).toMatchObject({ code: 'outcome_unknown' })
    }
  })

  it('is looked for again after passing trouble', async () => {
    for (const [status, reason, kind] of [
      [503, 'backendError', 'unavailable'],
      [403, 'quotaExceeded', 'rate_limited'],
      [401, 'authError', 'access_token_expired'],
    ] as const) {
      const { found } = await find({ status, body: apiError(status, reason) })
      expect(youtube.classifyError(found as PlatformError, 'verify').kind).toBe(kind)
    }
  })
})

it('a video that is found again goes on with its comments', async () => {
  const video = { kind: 'youtube#video', id: 'abc_DEF-123', status: { privacyStatus: 'public' } }
  const { ctx } = cannedContext({ body: video })
  const session = 'https://api.example.org/upload/youtube/v3/videos?upload_id=capability'
  const input = { ...(await inputOf()), secrets: { session }, sentAt: new Date('2026-11-22T12:00:00Z') }
  const checkpoint = {
    at: 'upload',
    resource: '{}',
    notifySubscribers: true,
    mimeType: 'video/mp4',
    total: 1000,
    start: 0,
    replies: ['First'],
  }
  expect(await youtube.findPublished(ctx, input, checkpoint)).toMatchObject({
    type: 'wait',
    checkpoint: { at: 'processing', replies: ['First'] },
  })
})

describe('a draft with comments', () => {
  const issues = (visibility: 'public' | 'unlisted' | 'private', madeForKids: boolean, replies = ['First']) =>
    youtube
      .validate({
        content: { title: 'A title', text: '', visibility, replies, media: [] },
        options: { ...options, madeForKids },
        target: { kind: 'channel', settings: {}, grantSettings: {}, grantedScopes: granted },
      })
      .map(({ code, field, message }) => [code, field, message])

  it('may be neither private nor made for kids', () => {
    expect(issues('public', false)).toEqual([])
    expect(issues('unlisted', false)).toEqual([])
    expect(issues('private', true, [])).toEqual([])
    const field = 'content.replies'
    expect(issues('private', false)).toEqual([
      ['replies_not_supported', field, 'YouTube takes no comments below a private video.'],
    ])
    expect(issues('public', true)).toEqual([
      ['replies_not_supported', field, 'YouTube takes no comments below a video made for kids.'],
    ])
  })
})

describe('at the simulated YouTube', () => {
  let world: Awaited<ReturnType<typeof startYouTube>>
  beforeAll(async () => {
    world = await startYouTube()
  })
  afterAll(() => world.close())
  beforeEach(() => {
    world.handle.world.setCondition(world.ada.id, 'active')
    for (const { id } of world.handle.world.posts()) world.handle.world.deletePost(id)
  })

  const ctx = () => ({ ...world.ctx, clock: createFakeClock(world.handle.clock.now()) })
  /** A video that is there, with its first comment about to be made. */
  async function uploaded(replies: string[]) {
    const access = await world.connect(world.ada.id, world.personal.id, undefined, [scope.forceSsl])
    const input = {
      ...(await inputOf({ replies })),
      access,
      account: { ...account, targetId: world.personal.id },
    }
    let step = await youtube.startPublish(ctx(), input)
    for (let isPublic = false; !isPublic; isPublic = step.type === 'send') {
      step = await youtube.continuePublish(ctx(), input, take(input, step))
    }
    return { input, step }
  }
  const below = () => world.handle.world.posts().filter(({ inReplyTo }) => inReplyTo !== null)

  it.each(['active', 'comments_held'])(
    'a lost answer never makes a second comment: %s',
    async (condition) => {
      const { input, step } = await uploaded(['First', 'First'])
      world.handle.world.setCondition(world.ada.id, condition)
      const checkpoint = take(input, step)
      const look = () =>
        youtube.findPublished(ctx(), { ...input, sentAt: world.handle.clock.now() }, checkpoint)
      world.handle.badDays.failNext('lost_request')
      await expect(youtube.continuePublish(ctx(), input, checkpoint)).rejects.toThrow()
      expect(await look()).toBeNull()
      world.handle.badDays.failNext('lost_answer')
      await expect(youtube.continuePublish(ctx(), input, checkpoint)).rejects.toThrow('connection broke')
      const found = await look()
      if (!found) throw new Error('It is not found.')
      const last = await youtube.continuePublish(ctx(), input, take(input, found))
      expect(last).toMatchObject({ type: 'done', sent: { parts: below().map(({ id }) => id) } })
      expect(below()).toHaveLength(2)
    },
  )

  it('comments that are switched off leave the video published, and the account well', async () => {
    const { input, step } = await uploaded(['First'])
    world.handle.world.setCondition(world.ada.id, 'comments_off')
    const failure: unknown = await youtube
      .continuePublish(ctx(), input, take(input, step))
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ platformCode: 'comment/commentsDisabled' })
    expect(youtube.classifyError(failure as PlatformError, 'publish')).toEqual({ kind: 'refused' })
  })

  it('comments go with their video', async () => {
    const { input, step } = await uploaded(['First'])
    const last = await youtube.continuePublish(ctx(), input, take(input, step))
    if (last.type !== 'done') throw new Error('It is not done.')
    expect(below()).toHaveLength(1)
    await youtube.deletePost(ctx(), input, last.sent)
    expect(world.handle.world.posts()).toEqual([])
  })
})
