import { type Json, type Occasion, PlatformError, type PublishInput, type PublishStep } from '@postmcp/core'
import { createFakeClock, createSampleFiles, publishInputOf } from '@postmcp/core/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { accessWith, apiError, cannedContext } from './fixtures/context.js'
import { startYouTube } from './fixtures/sandbox.js'
import { youtube } from './index.js'
import { manifest } from './manifest.js'
import { scope } from './scopes.js'

const files = createSampleFiles()
const granted = [scope.identity, scope.upload, scope.readonly]
const MiB = 1024 * 1024
const options = {
  categoryId: '22',
  madeForKids: false,
  notifySubscribers: true,
  embeddable: true,
  license: 'youtube',
}
const account = {
  targetId: 'UCchannel',
  handle: 'anna',
  settings: { uploadsPlaylistId: 'UUchannel' },
  secrets: {},
}
const location = 'https://api.example.org/upload/youtube/v3/videos?uploadType=resumable&upload_id=capability'
const videoAnswer = {
  kind: 'youtube#video',
  id: 'abc_DEF-123',
  status: { privacyStatus: 'public', uploadStatus: 'uploaded' },
}

async function inputOf(
  more: Partial<Parameters<typeof publishInputOf>[0]> = {},
  bytes = 1000,
): Promise<PublishInput> {
  const { content, ...rest } = more
  return publishInputOf({
    access: accessWith(granted),
    account,
    options,
    ...rest,
    content: { title: 'A title', text: 'A description.', media: [await files.video(bytes)], ...content },
  })
}

const uploading = { at: 'upload', resource: '{}', notifySubscribers: true, mimeType: 'video/mp4' }

/** What core is told of an error of the platform. */
function verdictOf(error: unknown, occasion: Occasion = 'publish') {
  if (!(error instanceof PlatformError)) throw error
  return { classification: youtube.classifyError(error, occasion), error }
}

/** Takes what a step gives to keep, as core does. */
function take(input: PublishInput, step: PublishStep): Json {
  if (step.type === 'done') throw new Error('It is done already.')
  if (step.secrets) input.secrets = step.secrets
  return JSON.parse(JSON.stringify(step.checkpoint)) as Json
}

afterAll(() => files.close())

describe('an upload', () => {
  it('is announced with everything about the video, and its address is kept sealed', async () => {
    const { ctx, requests } = cannedContext({ headers: { location } })
    const input = await inputOf({
      content: {
        title: ' A title ',
        tags: ['one', 'two words'],
        languages: ['de', 'en'],
        visibility: 'unlisted',
      },
      options: { ...options, madeForKids: true, notifySubscribers: false, containsSyntheticMedia: true },
    })
    const step = await youtube.startPublish(ctx, input)
    const [request] = requests
    expect(request).toMatchObject({
      method: 'POST',
      url: 'https://api.example.org/upload/youtube/v3/videos?uploadType=resumable&part=snippet%2Cstatus&notifySubscribers=false',
      headers: {
        authorization: 'Bearer ya29.access',
        'content-type': 'application/json; charset=UTF-8',
        'x-upload-content-length': '1000',
        'x-upload-content-type': 'video/mp4',
      },
    })
    expect(JSON.parse(String(request?.body))).toEqual({
      snippet: {
        title: 'A title',
        description: 'A description.',
        tags: ['one', 'two words'],
        categoryId: '22',
        defaultLanguage: 'de',
      },
      status: {
        privacyStatus: 'unlisted',
        selfDeclaredMadeForKids: true,
        containsSyntheticMedia: true,
        embeddable: true,
        license: 'youtube',
      },
    })
    expect(step).toMatchObject({
      type: 'send',
      secrets: { session: location },
      progress: { uploadedBytes: 0, totalBytes: 1000 },
    })
    expect(JSON.stringify(step.type === 'send' && step.checkpoint)).not.toContain('capability')
  })

  it.each(['https://evil.example.org/upload?upload_id=1', 'nonsense', undefined])(
    'is not sent to %s, where nobody may hear the token',
    async (wrong) => {
      const { ctx } = cannedContext({ headers: wrong === undefined ? {} : { location: wrong } })
      await expect(youtube.startPublish(ctx, await inputOf())).rejects.toThrow(
        'YouTube named no address for the upload.',
      )
    },
  )

  it.each(['public', 'unlisted', 'private'] as const)(
    'says who can see the video as YouTube says it, not as it was asked to: %s',
    async (privacyStatus) => {
      const { ctx } = cannedContext(
        { headers: { location } },
        { body: { ...videoAnswer, status: { privacyStatus } } },
      )
      const input = await inputOf()
      const step = await youtube.continuePublish(
        ctx,
        input,
        take(input, await youtube.startPublish(ctx, input)),
      )
      const visibility = { public: 'public', unlisted: 'limited', private: 'private' }[privacyStatus]
      expect(step).toMatchObject({ type: 'wait', checkpoint: { at: 'processing', sent: { visibility } } })
    },
  )

  it.each([
    [503, 'Invalid request.  According to the Content-Range header, the upload offset is 524288 byte(s), …'],
    [400, 'Failed to parse Content-Range header.'],
    [416, ''],
  ])(
    'goes on where the session stands when a chunk is refused with %i for its place',
    async (status, body) => {
      const input = await inputOf({ secrets: { session: location } }, 2 * MiB)
      const { ctx, requests } = cannedContext(
        { status, body },
        { status: 308, headers: { range: 'bytes=0-262143' } },
      )
      const checkpoint = { ...uploading, total: 2 * MiB, start: 524_288 }
      expect(await youtube.continuePublish(ctx, input, checkpoint)).toMatchObject({
        type: 'wait',
        resumeAfterSeconds: 30,
        checkpoint: { start: 262_144 },
      })
      expect(requests).toMatchObject([
        {
          method: 'PUT',
          headers: { 'content-range': `bytes 524288-1835007/${2 * MiB}`, 'content-type': 'video/mp4' },
        },
        { method: 'PUT', headers: { 'content-range': `bytes */${2 * MiB}` }, body: '' },
      ])
    },
  )

  it('is passing trouble when a chunk fails and the session knows nothing new', async () => {
    const input = await inputOf({ secrets: { session: location } }, 2 * MiB)
    const { ctx } = cannedContext({ status: 503, body: 'busy' }, { status: 308 })
    const checkpoint = { ...uploading, total: 2 * MiB, start: 0 }
    const error = await youtube.continuePublish(ctx, input, checkpoint).catch((thrown: unknown) => thrown)
    expect(verdictOf(error)).toMatchObject({
      classification: { kind: 'unavailable' },
    })
  })

  it('whose session is forgotten starts anew', async () => {
    const again = location.replace('capability', 'another')
    const { ctx, requests } = cannedContext(
      { status: 404, body: 'Not Found' },
      { headers: { location: again } },
    )
    const input = await inputOf({ secrets: { session: location } }, 2 * MiB)
    const resource = '{"snippet":{"title":"A title"}}'
    const step = await youtube.continuePublish(ctx, input, {
      at: 'upload',
      resource,
      notifySubscribers: false,
      mimeType: 'video/mp4',
      total: 2 * MiB,
      start: MiB,
    })
    expect(step).toMatchObject({
      type: 'wait',
      secrets: { session: again },
      checkpoint: { start: 0, resource },
    })
    expect(requests[1]).toMatchObject({
      body: resource,
      headers: { 'x-upload-content-length': String(2 * MiB) },
    })
  })
})

describe('errors', () => {
  const failureOf = async (status: number, body: unknown) => {
    const { ctx } = cannedContext({ status, body })
    const error = await youtube.startPublish(ctx, await inputOf()).catch((thrown: unknown) => thrown)
    return verdictOf(error)
  }
  const bucket =
    "Quota exceeded for quota metric 'Video Uploads' and limit 'Video Uploads per day' of service …"

  it.each([
    // Midnight in California after noon of 2026-11-22 UTC.
    [
      'the bucket of uploads',
      429,
      { ...apiError(429, 'rateLimitExceeded').error, message: bucket },
      '2026-11-23T08:00:00.000Z',
    ],
    ['the quota of the project', 403, apiError(403, 'quotaExceeded').error, '2026-11-23T08:00:00.000Z'],
    ['the limit of the channel', 400, apiError(400, 'uploadLimitExceeded').error, '2026-11-22T13:00:00.000Z'],
    ['a short burst', 403, apiError(403, 'userRateLimitExceeded').error, undefined],
  ])('of %s pass by themselves', async (_, status, error, retryAfter) => {
    const failure = await failureOf(status, { error })
    expect(failure).toMatchObject({ classification: { kind: 'rate_limited' } })
    expect(failure.error.retryAfter?.toISOString()).toBe(retryAfter)
  })

  it.each([
    [400, 'invalidTitle', 'refused'],
    [400, 'invalidDescription', 'refused'],
    [400, 'invalidTags', 'refused'],
    [400, 'invalidCategoryId', 'refused'],
    [400, 'mediaBodyRequired', 'refused'],
    [403, 'forbidden', 'refused'],
    [403, 'insufficientPermissions', 'account_unusable'],
    [401, 'youtubeSignupRequired', 'account_unusable'],
    [401, 'authError', 'access_token_expired'],
    [500, 'backendError', 'unavailable'],
  ])('%i %s means %s', async (status, reason, kind) => {
    expect(await failureOf(status, apiError(status, reason))).toMatchObject({ classification: { kind } })
  })
})

describe('an upload whose answer was lost', () => {
  const sentAt = new Date('2026-11-22T12:00:00Z')
  const checkpoint = {
    at: 'upload',
    resource: '{"snippet":{"title":"A title"},"status":{}}',
    notifySubscribers: true,
    mimeType: 'video/mp4',
    total: 1000,
    start: 0,
  }
  const item = (videoId: string, publishedAt: string, title = 'A title') => ({
    snippet: { title, publishedAt, resourceId: { kind: 'youtube#video', videoId } },
    status: { privacyStatus: 'public' },
  })
  const list = (items: unknown[], nextPageToken?: string) => ({
    body: { kind: 'youtube#playlistItemListResponse', items, ...(nextPageToken && { nextPageToken }) },
  })
  const gone = { status: 410, body: '' }
  const find = async (...answers: Parameters<typeof cannedContext>) => {
    const { ctx, requests } = cannedContext(...answers)
    const secrets = { session: location }
    const found = youtube.findPublished(
      ctx,
      { access: accessWith(granted), account, secrets, sentAt },
      checkpoint,
    )
    return { found: await found.catch((error: unknown) => error), requests }
  }

  it('is asked of its session, without a byte of the file', async () => {
    const { found, requests } = await find({ body: videoAnswer })
    expect(found).toMatchObject({
      type: 'wait',
      checkpoint: {
        sent: { platformPostId: 'abc_DEF-123', permalink: 'https://web.example.org/watch?v=abc_DEF-123' },
      },
    })
    expect(requests).toMatchObject([
      { method: 'PUT', url: location, headers: { 'content-range': 'bytes */1000' }, body: '' },
    ])
  })

  it('did not happen when the session still waits for bytes, however many', async () => {
    expect((await find({ status: 308 })).found).toBeNull()
    expect((await find({ status: 308, headers: { range: 'bytes=0-500' } })).found).toBeNull()
  })

  it('is looked for among the uploads once the session is gone', async () => {
    const { found, requests } = await find(
      gone,
      list([
        item('later', '2026-11-22T12:15:01Z'),
        item('other', '2026-11-22T12:00:30Z', 'Another title'),
        item('ours', '2026-11-22T12:00:20Z', 'A  title'),
        item('earlier', '2026-11-22T11:54:59Z'),
      ]),
    )
    expect(found).toMatchObject({ type: 'wait', checkpoint: { sent: { platformPostId: 'ours' } } })
    expect(requests[1]?.url).toBe(
      'https://api.example.org/youtube/v3/playlistItems?part=snippet%2Cstatus&playlistId=UUchannel&maxResults=50',
    )
  })

  it('is looked for on further pages, as far back as it can be', async () => {
    const first = list([item('a', '2026-11-22T12:10:00Z', 'a')], 'second')
    const second = list([item('ours', '2026-11-22T12:00:20Z'), item('b', '2026-11-22T11:00:00Z')], 'third')
    const { found, requests } = await find(gone, first, second)
    expect(found).toMatchObject({ checkpoint: { sent: { platformPostId: 'ours' } } })
    expect(requests).toHaveLength(3)
    expect(String(requests[2]?.url)).toContain('pageToken=second')
  })

  it('is not there when the list has none of its title and time, or there is no list', async () => {
    expect((await find(gone, list([item('other', '2026-11-22T12:00:20Z', 'A title!')]))).found).toBeNull()
    expect((await find(gone, { status: 404, body: apiError(404, 'playlistNotFound') })).found).toBeNull()
  })

  it('stays open where two could be it', async () => {
    const { found } = await find(
      gone,
      list([item('a', '2026-11-22T12:00:20Z'), item('b', '2026-11-22T12:00:10Z')]),
    )
    expect(found).toMatchObject({ code: 'outcome_unknown' })
  })
})

describe('drafts', () => {
  const draft = (content: object, chosen: object = {}) =>
    youtube.validate({
      content: { text: '', visibility: 'public', replies: [], media: [], ...content },
      options: { ...options, ...chosen },
      target: { kind: 'channel', settings: {}, grantSettings: {}, grantedScopes: granted },
    })

  it('may not have angle brackets, tags that are too long with their quotes, or a category that is no number', () => {
    expect(draft({ title: 'a < b', text: 'c > d' }).map(({ code, field }) => [code, field])).toEqual([
      ['characters_not_allowed', 'content.title'],
      ['characters_not_allowed', 'content.text'],
    ])
    expect(draft({ title: 'a', tags: ['a b', 'x'.repeat(495)] })).toMatchObject([
      { code: 'tags_too_long', found: 501 },
    ])
    expect(draft({ title: 'a', tags: ['ab', 'x'.repeat(497)] })).toEqual([])
    expect(draft({ title: 'a' }, { categoryId: 'Music' })).toMatchObject([{ field: 'options.categoryId' }])
    expect(draft({ title: 'a', text: 'b', tags: ['c d'] })).toEqual([])
  })

  it('have 15 minutes on channels that may not upload long videos', () => {
    const secondsOf = (settings: Record<string, string>) =>
      youtube.limitsOf({ kind: 'channel', settings, grantSettings: {}, grantedScopes: [] }).videos?.seconds
        ?.max
    expect(secondsOf({})).toBe(43_200)
    expect(secondsOf({ longUploads: 'allowed' })).toBe(43_200)
    expect(secondsOf({ longUploads: 'eligible' })).toBe(900)
    expect(secondsOf({ longUploads: 'disallowed' })).toBe(900)
  })
})

describe('at the simulated YouTube', () => {
  let world: Awaited<ReturnType<typeof startYouTube>>
  beforeAll(async () => {
    world = await startYouTube()
  })
  afterAll(() => world.close())
  beforeEach(() => {
    for (const { id } of world.handle.world.posts()) world.handle.world.deletePost(id)
  })

  async function connected(bytes?: number, content: Parameters<typeof inputOf>[0] = {}) {
    const access = await world.connect(world.ada.id, world.personal.id)
    const target = { targetId: world.personal.id, handle: '', settings: {}, secrets: {} }
    return inputOf({ ...content, access, account: target }, bytes)
  }
  const ctx = () => ({ ...world.ctx, clock: createFakeClock(world.handle.clock.now()) })

  it('a file goes up in chunks, and only the last one, which is small, makes a video of it', async () => {
    const bytes = 20 * MiB + 3
    const input = await connected(bytes)
    let step = await youtube.startPublish(ctx(), input)
    const seen: number[] = []
    while (step.type === 'wait') {
      if (step.progress) seen.push(step.progress.uploadedBytes)
      expect(world.handle.world.posts()).toEqual([])
      step = await youtube.continuePublish(ctx(), input, take(input, step))
    }
    expect(seen).toEqual([0, 8 * MiB, 16 * MiB])
    expect(step).toMatchObject({ type: 'send', progress: { uploadedBytes: 20 * MiB, totalBytes: bytes } })
    expect(world.handle.world.posts()).toEqual([])
    step = await youtube.continuePublish(ctx(), input, take(input, step))
    const [post] = world.handle.world.posts()
    expect(post).toMatchObject({
      isPublic: true,
      media: [{ byteLength: bytes, sha256: input.content.media[0]?.sha256 }],
    })
    step = await youtube.continuePublish(ctx(), input, take(input, step))
    expect(step).toMatchObject({ type: 'done', sent: { platformPostId: post?.id, visibility: 'public' } })
  })

  it('a chunk whose answer was lost, or of which a part arrived, is not taken twice', async () => {
    const input = await connected(9 * MiB)
    const first = take(input, await youtube.startPublish(ctx(), input))
    world.handle.badDays.failNext('lost_answer')
    await expect(youtube.continuePublish(ctx(), input, first)).rejects.toThrow('connection broke')
    // The same chunk again: the session has it all already.
    const second = await youtube.continuePublish(ctx(), input, first)
    expect(second).toMatchObject({ type: 'wait', checkpoint: { start: 8 * MiB } })
    const third = await youtube.continuePublish(ctx(), input, take(input, second))
    await youtube.continuePublish(ctx(), input, take(input, third))
    expect(world.handle.world.posts()[0]?.media[0]?.sha256).toBe(input.content.media[0]?.sha256)
  })

  it('a video is looked at until YouTube is done with it', async () => {
    world.handle.badDays.set({ fault: 'slow_media', seconds: 60 })
    const input = await connected()
    const send = take(input, await youtube.startPublish(ctx(), input))
    let step = await youtube.continuePublish(ctx(), input, send)
    const waits: number[] = []
    while (step.type === 'wait') {
      waits.push(step.resumeAfterSeconds)
      world.handle.clock.advance(step.resumeAfterSeconds)
      step = await youtube.continuePublish(ctx(), input, take(input, step))
    }
    world.handle.badDays.heal()
    expect(step.type).toBe('done')
    expect(waits).toEqual([3, 5, 7, 10, 15, 23])
  })

  it('a video that is worked on for two hours counts as published', async () => {
    world.handle.badDays.set({ fault: 'slow_media', seconds: 1e6 })
    const input = await connected()
    const step = await youtube.continuePublish(
      ctx(),
      input,
      take(input, await youtube.startPublish(ctx(), input)),
    )
    world.handle.badDays.heal()
    const later = ctx()
    later.clock.advance(2 * 3600 - 10)
    expect((await youtube.continuePublish(later, input, take(input, step))).type).toBe('wait')
    later.clock.advance(20)
    expect((await youtube.continuePublish(later, input, take(input, step))).type).toBe('done')
  })

  it('a video that YouTube took and then refused is refused, with the reason', async () => {
    world.handle.world.setCondition(world.ada.id, 'uploads_rejected')
    const input = await connected()
    const step = await youtube.continuePublish(
      ctx(),
      input,
      take(input, await youtube.startPublish(ctx(), input)),
    )
    const error = await youtube
      .continuePublish(ctx(), input, take(input, step))
      .catch((thrown: unknown) => thrown)
    world.handle.world.setCondition(world.ada.id, 'active')
    expect(error).toBeInstanceOf(PlatformError)
    expect(error).toMatchObject({
      platformCode: 'copyright',
      message: expect.stringContaining('violates a copyright'),
    })
    expect(verdictOf(error)).toMatchObject({ classification: { kind: 'refused' } })
  })

  it('a thumbnail is set last, when the video is known to be published', async () => {
    const input = await connected(1000, {
      content: { media: [await files.video(1000, { thumbnail: await files.image(3) })] },
    })
    const uploaded = await youtube.continuePublish(
      ctx(),
      input,
      take(input, await youtube.startPublish(ctx(), input)),
    )
    const step = await youtube.continuePublish(ctx(), input, take(input, uploaded))
    const [post] = world.handle.world.posts()
    expect(step).toMatchObject({ type: 'send', published: { platformPostId: post?.id } })
    const checkpoint = take(input, step)

    world.handle.world.setCondition(world.ada.id, 'thumbnails_forbidden')
    const error = await youtube.continuePublish(ctx(), input, checkpoint).catch((thrown: unknown) => thrown)
    world.handle.world.setCondition(world.ada.id, 'active')
    // Channels without a phone number may set none: nothing is wrong with the account.
    expect(verdictOf(error)).toMatchObject({ classification: { kind: 'refused' } })

    expect(await youtube.findPublished(ctx(), { ...input, sentAt: new Date() }, checkpoint)).toBeNull()
    expect((await youtube.continuePublish(ctx(), input, checkpoint)).type).toBe('done')
    const thumbnailId = world.handle.world.post(post?.id ?? '')?.facts.thumbnailId
    const thumbnail = world.handle.world.media(String(thumbnailId))
    expect(thumbnail?.sha256).toBe(input.content.media[0]?.thumbnail?.sha256)
  })
})

it('declares what it asks of users', () => {
  expect(manifest.publish.options.map(({ name }) => name)).toEqual([
    'categoryId',
    'madeForKids',
    'notifySubscribers',
    'containsSyntheticMedia',
    'embeddable',
    'license',
  ])
})
