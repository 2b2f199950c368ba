import { type Json, type Media, PlatformError, type PublishInput, type PublishStep } from '@postmcp/core'
import { createFakeClock, createSampleFiles, publishInputOf } from '@postmcp/core/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { accessWith, cannedContext, creatorInfo, errorOf, now, openId } from './fixtures/context.js'
import { startTikTok } from './fixtures/sandbox.js'
import { tiktok } from './index.js'

const files = createSampleFiles()
afterAll(() => files.close())

const MiB = 1024 * 1024
const account = { targetId: openId, handle: 'anna', settings: {}, secrets: {} }
const uploadUrl = 'https://open.example.org/upload/?upload_id=1&upload_token=capability'
const ok = (data: unknown) => ({ body: { data, error: { code: 'ok', message: '', log_id: '1' } } })
const announced = ok({ publish_id: 'v_pub_file~v2-1.1', upload_url: uploadUrl })
const chosen = { mode: 'direct', coverIndex: 0 }

async function inputOf(
  more: Partial<Parameters<typeof publishInputOf>[0]> = {},
  bytes = 1000,
): Promise<PublishInput> {
  const { content, options, ...rest } = more
  return publishInputOf({
    access: accessWith(),
    account,
    ...rest,
    options: { ...chosen, ...options },
    content: { text: 'Words.', media: [await files.video(bytes)], ...content },
  })
}

/** Takes what a step gives to keep, as core does. */
function take(input: PublishInput, step: PublishStep): Json {
  if (step.type === 'done') throw new Error('It is done already.')
  if (step.secrets) input.secrets = step.secrets
  return JSON.parse(JSON.stringify(step.checkpoint)) as Json
}

const uploading = (more: object = {}) => ({
  at: 'upload',
  about: { kind: 'video', username: 'anna.workshop', visibility: 'public' },
  path: '/v2/post/publish/video/init/',
  body: '{"post_info":{}}',
  publishId: 'v_pub_file~v2-1.1',
  total: 12 * MiB,
  start: 0,
  ...more,
})
const looking = (more: object = {}) => ({
  at: 'look',
  about: { kind: 'video', username: 'anna.workshop', visibility: 'public' },
  publishId: 'v_pub_file~v2-1.1',
  looks: 0,
  completeSince: null,
  ...more,
})

describe('a video', () => {
  it('is announced with what the account may post, what was chosen, and how it is cut', async () => {
    const { ctx, requests } = cannedContext({ body: creatorInfo }, announced)
    const options = { disableComment: true, coverTimestampMs: 500, brandOrganic: true, aiGenerated: true }
    const input = await inputOf({ options }, 12 * MiB + 7)
    const step = await tiktok.startPublish(ctx, input)
    expect(requests.map(({ url }) => url)).toEqual([
      'https://open.example.org/v2/post/publish/creator_info/query/',
      'https://open.example.org/v2/post/publish/video/init/',
    ])
    expect(requests[1]?.headers).toMatchObject({ authorization: 'Bearer act.1' })
    expect(JSON.parse(String(requests[1]?.body))).toEqual({
      post_info: {
        title: 'Words.',
        privacy_level: 'PUBLIC_TO_EVERYONE',
        disable_comment: true,
        brand_content_toggle: false,
        brand_organic_toggle: true,
        disable_duet: false,
        // Switched off by the account itself.
        disable_stitch: true,
        video_cover_timestamp_ms: 500,
        is_aigc: true,
      },
      source_info: {
        source: 'FILE_UPLOAD',
        video_size: 12 * MiB + 7,
        chunk_size: 5 * MiB,
        total_chunk_count: 2,
      },
    })
    expect(step).toMatchObject({ type: 'wait', resumeAfterSeconds: 0, secrets: { upload: uploadUrl } })
    expect(JSON.stringify(step.type === 'wait' && step.checkpoint)).not.toContain('capability')
  })

  it('for the inbox brings nothing but itself, and asks nothing before', async () => {
    const { ctx, requests } = cannedContext(announced)
    const step = await tiktok.startPublish(ctx, await inputOf({ options: { mode: 'inbox' } }))
    expect(requests).toHaveLength(1)
    expect(requests[0]?.url).toBe('https://open.example.org/v2/post/publish/inbox/video/init/')
    expect(Object.keys(JSON.parse(String(requests[0]?.body)))).toEqual(['source_info'])
    expect(step).toMatchObject({
      type: 'send',
      checkpoint: { about: { username: null, visibility: 'private' } },
    })
  })

  it.each(['https://evil.example.org/?upload_token=1', 'http://open-upload.tiktokapis.com/', 'nonsense'])(
    'is not sent to %s',
    async (upload_url) => {
      const { ctx } = cannedContext({ body: creatorInfo }, ok({ publish_id: '1', upload_url }))
      await expect(tiktok.startPublish(ctx, await inputOf())).rejects.toThrow('no address for the upload')
    },
  )

  it('is sent to any host of TikTok', async () => {
    const upload_url = 'https://open-upload-sg.tiktokapis.com/video/?upload_id=1&upload_token=2'
    const { ctx } = cannedContext({ body: creatorInfo }, ok({ publish_id: '1', upload_url }))
    expect(await tiktok.startPublish(ctx, await inputOf())).toMatchObject({ secrets: { upload: upload_url } })
  })

  it('that is longer than this account may post is refused before anything is announced', async () => {
    const { ctx, requests } = cannedContext({ body: creatorInfo })
    const media = [await files.video(1000, { durationMs: 300_001 })]
    await expect(tiktok.startPublish(ctx, await inputOf({ content: { media } }))).rejects.toMatchObject({
      code: 'validation_failed',
    })
    expect(requests).toHaveLength(1)
  })

  it('goes on where TikTok stands when a chunk is refused because it is there already', async () => {
    const state = ok({
      status: 'PROCESSING_UPLOAD',
      publicaly_available_post_id: [],
      uploaded_bytes: 5 * MiB,
    })
    const { ctx, requests } = cannedContext({ status: 416 }, state)
    const input = await inputOf({ secrets: { upload: uploadUrl } }, 16 * MiB)
    const step = await tiktok.continuePublish(ctx, input, uploading({ total: 16 * MiB }))
    expect(requests[0]).toMatchObject({
      method: 'PUT',
      url: uploadUrl,
      headers: { 'content-type': 'video/mp4', 'content-range': `bytes 0-${5 * MiB - 1}/${16 * MiB}` },
    })
    expect(requests[0]?.headers).not.toHaveProperty('authorization')
    expect(step).toMatchObject({ type: 'wait', checkpoint: { start: 5 * MiB } })
  })

  it('that is whole at TikTok is looked at, however the chunk was answered', async () => {
    for (const state of [
      { status: 'PROCESSING_UPLOAD', uploaded_bytes: 12 * MiB },
      { status: 'PUBLISH_COMPLETE' },
    ]) {
      const { ctx } = cannedContext({ status: 404 }, ok(state))
      const input = await inputOf({ secrets: { upload: uploadUrl } }, 12 * MiB)
      const step = await tiktok.continuePublish(ctx, input, uploading({ start: 5 * MiB }))
      expect(step).toMatchObject({ type: 'wait', checkpoint: { at: 'look', publishId: 'v_pub_file~v2-1.1' } })
    }
  })

  it('whose hour is over is announced anew', async () => {
    const state = ok({ status: 'PROCESSING_UPLOAD', uploaded_bytes: 0 })
    const { ctx, requests } = cannedContext(
      { status: 403 },
      state,
      ok({ publish_id: '2', upload_url: uploadUrl }),
    )
    const input = await inputOf({ secrets: { upload: 'https://open.example.org/old' } }, 12 * MiB)
    const step = await tiktok.continuePublish(ctx, input, uploading())
    expect(requests[2]).toMatchObject({ body: '{"post_info":{}}' })
    expect(step).toMatchObject({ secrets: { upload: uploadUrl }, checkpoint: { publishId: '2', start: 0 } })
  })

  it('of which a chunk is refused for another reason is refused, without the words of the upload server', async () => {
    const { ctx } = cannedContext({ status: 400, body: uploadUrl }, { status: 500 })
    const input = await inputOf({ secrets: { upload: uploadUrl } }, 12 * MiB)
    const error = await tiktok.continuePublish(ctx, input, uploading()).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      status: 400,
      message: 'TikTok answered a part of the video with status 400.',
    })
    expect(error instanceof PlatformError && tiktok.classifyError(error, 'publish')).toEqual({
      kind: 'refused',
    })
  })
})

describe('photos', () => {
  const photos = async (more: Parameters<typeof inputOf>[0] = {}) =>
    inputOf({
      ...more,
      content: {
        title: 'A title',
        media: [
          await files.image(1, { url: async () => 'https://us.example.org/1' }),
          await files.image(2, { url: async () => 'https://us.example.org/2' }),
        ],
        ...more.content,
      },
    })

  it('are named by addresses, which are kept sealed with the request until it is sent', async () => {
    const { ctx, requests } = cannedContext({ body: creatorInfo }, ok({ publish_id: 'p_pub_url~v2.1' }))
    const input = await photos({ options: { coverIndex: 1, autoAddMusic: true } })
    const step = await tiktok.startPublish(ctx, input)
    expect(step.type).toBe('send')
    expect(JSON.stringify(step.type === 'send' && step.checkpoint)).not.toContain('us.example.org')
    expect(requests).toHaveLength(1)
    expect(await tiktok.continuePublish(ctx, input, take(input, step))).toMatchObject({
      type: 'wait',
      checkpoint: { at: 'look', publishId: 'p_pub_url~v2.1' },
    })
    expect(requests[1]?.url).toBe('https://open.example.org/v2/post/publish/content/init/')
    expect(JSON.parse(String(requests[1]?.body))).toEqual({
      media_type: 'PHOTO',
      post_mode: 'DIRECT_POST',
      post_info: {
        title: 'A title',
        description: 'Words.',
        privacy_level: 'PUBLIC_TO_EVERYONE',
        disable_comment: false,
        brand_content_toggle: false,
        brand_organic_toggle: false,
        auto_add_music: true,
      },
      source_info: {
        source: 'PULL_FROM_URL',
        photo_images: ['https://us.example.org/1', 'https://us.example.org/2'],
        photo_cover_index: 1,
      },
    })
  })

  it('for the inbox bring their words', async () => {
    const { ctx } = cannedContext()
    const input = await photos({ options: { mode: 'inbox' } })
    take(input, await tiktok.startPublish(ctx, input))
    expect(JSON.parse(input.secrets.request ?? '')).toMatchObject({
      post_mode: 'MEDIA_UPLOAD',
      post_info: { title: 'A title', description: 'Words.' },
    })
  })

  it('whose answer was lost are left to a person', async () => {
    const { ctx, requests } = cannedContext()
    const checkpoint = { at: 'photos', about: { kind: 'photo', username: 'a', visibility: 'public' } }
    await expect(tiktok.findPublished(ctx, { access: accessWith() }, checkpoint)).rejects.toMatchObject({
      code: 'outcome_unknown',
    })
    expect(requests).toEqual([])
  })

  it('are refused without a word about where they are', async () => {
    const message = 'I could not reach https://us.example.org/1 for Bearer act.1'
    const { ctx } = cannedContext(
      { body: creatorInfo },
      { status: 400, body: errorOf('invalid_params', message) },
    )
    const input = await photos()
    const error = tiktok.continuePublish(ctx, input, take(input, await tiktok.startPublish(ctx, input)))
    await expect(error).rejects.toThrow('I could not reach [hidden] for Bearer [hidden]')
  })
})

describe('who may see a post', () => {
  const levelOf = async (content: object, options: object = {}, levels?: string[]) => {
    const data = levels
      ? { ...(creatorInfo.data as object), privacy_level_options: levels }
      : creatorInfo.data
    const { ctx, requests } = cannedContext(ok(data), announced)
    await tiktok.startPublish(ctx, await inputOf({ content, options: { ...chosen, ...options } }))
    return JSON.parse(String(requests[1]?.body)).post_info.privacy_level
  }

  it('is what was said, in words the account has', async () => {
    expect(await levelOf({ visibility: 'public' })).toBe('PUBLIC_TO_EVERYONE')
    expect(await levelOf({ visibility: 'private' })).toBe('SELF_ONLY')
    expect(await levelOf({ visibility: 'followers' })).toBe('MUTUAL_FOLLOW_FRIENDS')
    expect(await levelOf({ visibility: 'followers' }, {}, ['FOLLOWER_OF_CREATOR', 'SELF_ONLY'])).toBe(
      'FOLLOWER_OF_CREATOR',
    )
    expect(await levelOf({ visibility: 'public' }, { privacyLevel: 'SELF_ONLY' })).toBe('SELF_ONLY')
  })

  it('is never widened or narrowed without a word', async () => {
    await expect(
      levelOf({ visibility: 'public' }, {}, ['FOLLOWER_OF_CREATOR', 'SELF_ONLY']),
    ).rejects.toMatchObject({
      code: 'validation_failed',
      message: expect.stringContaining('offers FOLLOWER_OF_CREATOR, SELF_ONLY'),
    })
  })

  it('is offered as the account was at its last check, the usual case first', () => {
    const visibilitiesOf = (settings: Record<string, Json>) =>
      tiktok.limitsOf({ kind: 'profile', settings, grantSettings: {}, grantedScopes: [] })
    expect(visibilitiesOf({}).visibilities).toEqual(['public', 'followers', 'private'])
    const known = visibilitiesOf({
      privacyLevels: ['FOLLOWER_OF_CREATOR', 'SELF_ONLY'],
      maxVideoSeconds: 180,
    })
    expect(known.visibilities).toEqual(['followers', 'private'])
    expect(known.videos?.seconds?.max).toBe(180)
    expect(visibilitiesOf({ maxVideoSeconds: 3600 }).videos?.seconds?.max).toBe(600)
  })
})

describe('what TikTok makes of a post', () => {
  const lookAt = async (data: unknown, more: object = {}) => {
    const { ctx, requests } = cannedContext(ok(data))
    const input = await inputOf()
    const step = await tiktok.continuePublish(ctx, input, looking(more)).catch((error: unknown) => error)
    expect(requests[0]).toMatchObject({
      url: 'https://open.example.org/v2/post/publish/status/fetch/',
      body: '{"publish_id":"v_pub_file~v2-1.1"}',
    })
    return step
  }

  it('is asked every ten seconds for ten minutes, then more slowly', async () => {
    const data = { status: 'PROCESSING_UPLOAD' }
    for (const [looks, seconds] of [
      [0, 10],
      [59, 10],
      [60, 60],
      [120, 300],
    ]) {
      expect(await lookAt(data, { looks })).toMatchObject({ type: 'wait', resumeAfterSeconds: seconds })
    }
  })

  it('is a post with a number of 64 bits, and an address that can be built from it', async () => {
    const data = { status: 'PUBLISH_COMPLETE', publicaly_available_post_id: ['7400000000000000001'] }
    const sent = { kind: 'post', visibility: 'public', platformPostId: '7400000000000000001' }
    expect(await lookAt(data)).toMatchObject({
      type: 'done',
      sent: { ...sent, permalink: 'https://www.example.org/@anna.workshop/video/7400000000000000001' },
    })
    const photo = { about: { kind: 'photo', username: 'anna.workshop', visibility: 'public' } }
    expect(await lookAt(data, photo)).toMatchObject({
      sent: { permalink: 'https://www.example.org/@anna.workshop/photo/7400000000000000001' },
    })
  })

  it('waits two minutes for the number of a public post, and none for another', async () => {
    const data = { status: 'PUBLISH_COMPLETE', publicaly_available_post_id: [] }
    expect(await lookAt(data)).toMatchObject({
      type: 'wait',
      checkpoint: { completeSince: now.toISOString() },
    })
    const waited = { completeSince: new Date(now.getTime() - 120_000).toISOString() }
    const done = { type: 'done', sent: { platformPostId: 'v_pub_file~v2-1.1', permalink: null } }
    expect(await lookAt(data, waited)).toMatchObject(done)
    const about = { kind: 'video', username: 'anna.workshop', visibility: 'private' }
    expect(await lookAt(data, { about })).toMatchObject(done)
  })

  it('is a draft where it went to the inbox', async () => {
    expect(await lookAt({ status: 'SEND_TO_USER_INBOX' })).toMatchObject({
      type: 'done',
      sent: { kind: 'inbox_draft', visibility: 'private', permalink: null },
    })
  })

  it.each([
    ['file_format_check_failed', 'refused', 'does not take this kind of file'],
    ['spam_risk', 'refused', 'for spam'],
    ['internal', 'refused', 'retry the post'],
    ['photo_pull_failed', 'refused', 'retry the post'],
    ['something_new', 'refused', 'something_new'],
    ['auth_removed', 'grant_lost', 'auth_removed'],
  ])('is a failure with the reason %s', async (fail_reason, kind, words) => {
    const error = await lookAt({ status: 'FAILED', fail_reason })
    if (!(error instanceof PlatformError)) throw new Error('It did not fail.')
    expect(error).toMatchObject({ platformCode: fail_reason, message: expect.stringContaining(words) })
    expect(tiktok.classifyError(error, 'publish')).toMatchObject({ kind })
  })

  it('is not known where it says something new', async () => {
    expect(await lookAt({ status: 'DREAMING' })).toMatchObject({ name: 'MalformedResponseError' })
  })
})

describe('a last chunk whose answer was lost', () => {
  const find = async (data: unknown) => {
    const { ctx } = cannedContext(ok(data))
    return tiktok.findPublished(ctx, { access: accessWith() }, uploading({ start: 5 * MiB }))
  }

  it('has arrived when TikTok has every byte, or goes on', async () => {
    const step = { type: 'wait', checkpoint: { at: 'look', publishId: 'v_pub_file~v2-1.1' } }
    expect(await find({ status: 'PROCESSING_UPLOAD', uploaded_bytes: 12 * MiB })).toMatchObject(step)
    expect(await find({ status: 'PUBLISH_COMPLETE' })).toMatchObject(step)
    expect(await find({ status: 'FAILED', fail_reason: 'spam_risk' })).toMatchObject(step)
  })

  it('has not when bytes are missing, or TikTok does not say: the same chunk again is the same post', async () => {
    expect(await find({ status: 'PROCESSING_UPLOAD', uploaded_bytes: 5 * MiB })).toBeNull()
    expect(await find({ status: 'PROCESSING_UPLOAD' })).toBeNull()
  })
})

describe('caps and refusals', () => {
  it.each([
    [200, 'spam_risk_too_many_posts', 'rate_limited', '2026-11-22T13:00:00.000Z'],
    [403, 'spam_risk_too_many_pending_share', 'rate_limited', '2026-11-22T13:00:00.000Z'],
    [200, 'reached_active_user_cap', 'rate_limited', '2026-11-22T13:00:00.000Z'],
    [429, 'rate_limit_exceeded', 'rate_limited', '2026-11-22T12:01:00.000Z'],
    [403, 'unaudited_client_can_only_post_to_private_accounts', 'client_invalid', undefined],
    [403, 'url_ownership_unverified', 'client_invalid', undefined],
    [403, 'privacy_level_option_mismatch', 'refused', undefined],
    [200, 'spam_risk_user_banned_from_posting', 'account_unusable', undefined],
    [401, 'scope_not_authorized', 'account_unusable', undefined],
    [401, 'access_token_invalid', 'access_token_expired', undefined],
    [400, 'invalid_params', 'refused', undefined],
  ])('with status %i, %s means %s', async (status, code, kind, retryAfter) => {
    const { ctx } = cannedContext({ status, body: errorOf(code) })
    const error = await tiktok.startPublish(ctx, await inputOf()).catch((thrown: unknown) => thrown)
    if (!(error instanceof PlatformError)) throw new Error('It was not refused.')
    expect(tiktok.classifyError(error, 'publish')).toMatchObject({ kind })
    expect(error.retryAfter?.toISOString()).toBe(retryAfter)
  })
})

describe('drafts', () => {
  const media = (kind: Media['kind'], durationMs: number | null = null) => {
    // Only what `validate` looks at.
    const file = { kind, is: kind, durationMs } as Media & { is: 'image' | 'video' }
    return { mediaId: file.id, file }
  }
  const issuesOf = (content: object, options: object = {}, settings: Record<string, Json> = {}) =>
    tiktok
      .validate({
        content: { text: '', visibility: 'public', replies: [], media: [media('video', 10_000)], ...content },
        options: { ...chosen, ...options },
        target: { kind: 'profile', settings, grantSettings: {}, grantedScopes: [] },
      })
      .map(({ code, severity, field }) => [code, severity, field])

  it('have less room for the text of a video than for that of photos', () => {
    const text = 'x'.repeat(2201)
    expect(issuesOf({ text })).toEqual([['text_too_long', 'error', 'content.text']])
    expect(issuesOf({ text, media: [media('image')] })).toEqual([])
    expect(issuesOf({ text: 'x' }, { mode: 'inbox' })).toEqual([
      ['text_not_published', 'warning', 'content.text'],
    ])
    expect(issuesOf({ text: 'x'.repeat(2200) })).toEqual([])
  })

  it('need a cover that is there', () => {
    const late = [['option_invalid', 'error', 'options.coverTimestampMs']]
    expect(issuesOf({}, { coverTimestampMs: 10_001 })).toEqual(late)
    expect(issuesOf({}, { coverTimestampMs: -1 })).toEqual(late)
    expect(issuesOf({}, { coverTimestampMs: 10_000 })).toEqual([])
    expect(issuesOf({ media: [media('image')] }, { coverIndex: 1 })).toEqual([
      ['option_invalid', 'error', 'options.coverIndex'],
    ])
  })

  it('cannot be a paid partnership that nobody sees, or have a level the account has not', () => {
    const refused = [['option_invalid', 'error', 'options.brandContent']]
    expect(issuesOf({ visibility: 'private' }, { brandContent: true })).toEqual(refused)
    expect(issuesOf({}, { brandContent: true, privacyLevel: 'SELF_ONLY' })).toEqual(refused)
    expect(issuesOf({}, { brandContent: true })).toEqual([])
    const levels = { privacyLevels: ['SELF_ONLY'] }
    expect(issuesOf({}, { privacyLevel: 'PUBLIC_TO_EVERYONE' }, levels)).toEqual([
      ['option_invalid', 'error', 'options.privacyLevel'],
    ])
    expect(issuesOf({}, { privacyLevel: 'SELF_ONLY' }, levels)).toEqual([])
  })
})

describe('at the simulated TikTok', () => {
  let world: Awaited<ReturnType<typeof startTikTok>>
  beforeAll(async () => {
    world = await startTikTok()
  })
  afterAll(() => world.close())
  beforeEach(() => {
    world.handle.clock.advance(61)
  })
  const ctx = () => ({ ...world.ctx, clock: createFakeClock(world.handle.clock.now()) })
  const connected = async (more: Parameters<typeof inputOf>[0] = {}, bytes?: number) =>
    inputOf({ ...more, access: await world.connect(world.ada.id) }, bytes)

  it('a video goes up in chunks, and only the last one publishes it', async () => {
    const before = world.handle.world.posts().length
    const input = await connected({}, 17 * MiB)
    let step = await tiktok.startPublish(ctx(), input)
    const seen: unknown[] = []
    while (step.type === 'wait') {
      seen.push(step.progress?.uploadedBytes)
      step = await tiktok.continuePublish(ctx(), input, take(input, step))
    }
    expect(seen).toEqual([0, 5 * MiB])
    expect(step.type).toBe('send')
    expect(world.handle.world.posts()).toHaveLength(before)
    step = await tiktok.continuePublish(ctx(), input, take(input, step))
    const post = world.handle.world.posts().at(-1)
    expect(post).toMatchObject({
      text: 'Words.',
      isPublic: true,
      media: [{ sha256: input.content.media[0]?.sha256 }],
    })
    expect(await tiktok.continuePublish(ctx(), input, take(input, step))).toEqual({
      type: 'done',
      sent: {
        kind: 'post',
        visibility: 'public',
        platformPostId: post?.id,
        permalink: `${world.handle.endpoints.www}/@ada.sandbox/video/${post?.id}`,
      },
    })
  })

  it('a chunk whose answer was lost is not sent twice', async () => {
    const input = await connected({}, 17 * MiB)
    const first = take(input, await tiktok.startPublish(ctx(), input))
    world.handle.badDays.failNext('lost_answer')
    await expect(tiktok.continuePublish(ctx(), input, first)).rejects.toThrow('connection broke')
    const second = await tiktok.continuePublish(ctx(), input, first)
    expect(second).toMatchObject({ type: 'wait', checkpoint: { start: 5 * MiB } })
  })

  it('an upload that lay for an hour begins anew', async () => {
    const input = await connected()
    const send = take(input, await tiktok.startPublish(ctx(), input))
    world.handle.clock.advance(3601)
    const step = await tiktok.continuePublish(ctx(), input, send)
    expect(step).toMatchObject({ type: 'send', checkpoint: { start: 0 } })
    const taken = await tiktok.continuePublish(ctx(), input, take(input, step))
    expect(taken).toMatchObject({ type: 'wait', checkpoint: { at: 'look' } })
  })

  it('photos that cannot be fetched fail, and are not published', async () => {
    const before = world.handle.world.posts().length
    const media = [await files.image(1, { url: async () => 'http://127.0.0.1:1/none.jpg' })]
    const input = await connected({ content: { media } })
    let step = await tiktok.continuePublish(
      ctx(),
      input,
      take(input, await tiktok.startPublish(ctx(), input)),
    )
    let error: unknown
    for (let looks = 0; looks < 200 && error === undefined; looks++) {
      if (step.type !== 'wait') break
      step = await tiktok.continuePublish(ctx(), input, take(input, step)).catch((thrown: unknown) => {
        error = thrown
        return step
      })
    }
    expect(error).toMatchObject({ platformCode: 'photo_pull_failed' })
    expect(world.handle.world.posts()).toHaveLength(before)
  })

  it('a draft waits in the inbox, where the public does not see it', async () => {
    const input = await connected({ options: { mode: 'inbox' } })
    const taken = await tiktok.continuePublish(
      ctx(),
      input,
      take(input, await tiktok.startPublish(ctx(), input)),
    )
    const step = await tiktok.continuePublish(ctx(), input, take(input, taken))
    expect(step).toMatchObject({ type: 'done', sent: { kind: 'inbox_draft' } })
    expect(world.handle.world.posts().at(-1)).toMatchObject({ isPublic: false, facts: { isDraft: true } })
  })
})
