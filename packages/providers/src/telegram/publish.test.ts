import {
  type DraftForTarget,
  type DraftMedia,
  type GrantAccess,
  type HttpRequest,
  PlatformError,
  type PublishInput,
  type StreamBody,
  type TargetAccess,
} from '@postmcp/core'
import { type CannedAnswer, cannedContext, createSampleFiles, publishInputOf } from '@postmcp/core/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { classifyError } from './errors.js'
import { telegram } from './index.js'
import { continuePublish, deletePost, startPublish } from './publish.js'
import { validate } from './validate.js'

const token = '123456789:AAabcdefghijklmnopqrstuvwxyz0123456'
const access: GrantAccess = {
  authMethod: 'credentials',
  subject: '123456789',
  grantedScopes: [],
  settings: {},
  tokens: { accessToken: token },
}
const account = (targetId = '-1001234567890', settings: TargetAccess['settings'] = {}): TargetAccess => ({
  targetId,
  handle: targetId,
  settings,
  secrets: {},
})
const channel = { id: -1001234567890, type: 'channel', title: 'News', username: 'news_channel' }
const ok = (result: unknown) => ({ body: { ok: true, result } })
const refusal = (error_code: number, description: string, parameters?: object) => ({
  status: error_code,
  body: { ok: false, error_code, description, ...(parameters && { parameters }) },
})
const message = (message_id: number, chat: object = channel) => ({ message_id, chat, date: 1 })

/** The Bot API with one answer per method. */
const answering = (answers: Record<string, CannedAnswer>) =>
  cannedContext(
    { getChat: ok(channel), ...answers },
    { endpoints: { api: 'https://api.telegram.org', web: 'https://t.me' } },
    ({ url }) => [String(url).split('/').at(-1) ?? ''],
  )

const input = (
  more: Partial<Omit<PublishInput, 'content'>> & { content?: Partial<PublishInput['content']> },
) => publishInputOf({ access, account: account(), ...more })

const files = createSampleFiles()
afterAll(() => files.close())

/** Prepares a post and sends its first message; the request that did it. */
async function publish(
  post: PublishInput,
  answers: Record<string, CannedAnswer>,
): Promise<{ request: HttpRequest; step: Awaited<ReturnType<typeof continuePublish>> }> {
  const { ctx, requests } = answering(answers)
  const first = await startPublish(ctx, post)
  if (first.type !== 'send') throw new Error('It was not announced.')
  const step = await continuePublish(ctx, post, first.checkpoint)
  const request = requests.at(-1)
  if (!request) throw new Error('Nothing was sent.')
  return { request, step }
}

async function formOf({ body, headers }: HttpRequest): Promise<FormData> {
  const pieces: Uint8Array[] = []
  for await (const piece of (body as StreamBody).open()) pieces.push(piece)
  return new Response(Buffer.concat(pieces), { headers: headers ?? {} }).formData()
}

describe('a text', () => {
  it('is sent as it is, without markup, to the id of the chat', async () => {
    const text = '<b>5 * 3</b> & _more_ https://example.org'
    const { request, step } = await publish(input({ content: { text } }), { sendMessage: ok(message(42)) })
    expect(request.url).toBe(`https://api.telegram.org/bot${token}/sendMessage`)
    expect(request.headers).toEqual({ 'content-type': 'application/json' })
    expect(JSON.parse(String(request.body))).toEqual({ chat_id: '-1001234567890', text })
    expect(step).toEqual({
      type: 'done',
      sent: {
        kind: 'post',
        platformPostId: '42',
        permalink: 'https://t.me/news_channel/42',
        visibility: 'public',
      },
    })
  })

  it('takes what the user chose', async () => {
    const options = { silent: true, protectContent: true, linkPreview: false, topicId: 7, captionAbove: true }
    const { request } = await publish(input({ content: { text: 'Hello' }, options }), {
      sendMessage: ok(message(42)),
    })
    expect(JSON.parse(String(request.body))).toEqual({
      chat_id: '-1001234567890',
      message_thread_id: 7,
      disable_notification: true,
      protect_content: true,
      text: 'Hello',
      link_preview_options: { is_disabled: true },
    })
  })

  it.each([
    [
      'a private channel',
      { id: -1009876543210, type: 'channel', title: 'x' },
      'https://t.me/c/9876543210/42',
    ],
    ['a supergroup', { id: -1000000000077, type: 'supergroup', title: 'x' }, 'https://t.me/c/0000000077/42'],
    ['a basic group', { id: -44, type: 'group', title: 'x' }, null],
  ])('in %s is seen by its members only', async (_, chat, permalink) => {
    const { step } = await publish(input({ content: { text: 'Hello' } }), {
      sendMessage: ok(message(42, chat)),
    })
    expect(step).toMatchObject({ sent: { permalink, visibility: 'limited' } })
  })
})

describe('files', () => {
  it('of one picture go along with its caption', async () => {
    const image = await files.image(0, { altText: 'A tree' })
    const options = { spoiler: true, captionAbove: true }
    const { request } = await publish(input({ content: { text: 'Hello', media: [image] }, options }), {
      sendPhoto: ok(message(42)),
    })
    expect(request.timeoutMs).toBe(300_000)
    const form = await formOf(request)
    const { file0, ...fields } = Object.fromEntries(form)
    expect(fields).toEqual({
      chat_id: '-1001234567890',
      photo: 'attach://file0',
      caption: 'Hello',
      show_caption_above_media: 'true',
      has_spoiler: 'true',
    })
    expect(file0).toMatchObject({ name: image.fileName, type: 'image/jpeg' })
    expect(new Uint8Array(await (file0 as File).arrayBuffer())).toEqual(image.content)
  })

  it('of a video say how large and long it is, and bring the picture shown before', async () => {
    const cover = await files.image(3)
    const video = await files.video(5000, { thumbnail: cover, durationMs: 9600 })
    const { request } = await publish(input({ content: { media: [video] } }), { sendVideo: ok(message(42)) })
    const { file0, file1, ...fields } = Object.fromEntries(await formOf(request))
    expect(fields).toEqual({
      chat_id: '-1001234567890',
      video: 'attach://file0',
      width: '1080',
      height: '1920',
      duration: '10',
      cover: 'attach://file1',
    })
    expect([file0, file1].map((file) => (file as File).size)).toEqual([5000, cover.bytes])
  })

  it('of a GIF are an animation', async () => {
    const gif = await files.image(1, { kind: 'animation', mimeType: 'image/gif', durationMs: 900 })
    const { request } = await publish(input({ content: { media: [gif] } }), { sendAnimation: ok(message(1)) })
    const fields = Object.fromEntries(await formOf(request))
    expect(fields).toMatchObject({ animation: 'attach://file0', width: '1080', duration: '1' })
  })

  it('that are several make one album with one caption, of which all messages are kept', async () => {
    const media = [await files.image(0), await files.video(2000), await files.image(1)]
    const { request, step } = await publish(input({ content: { text: 'Hello', media } }), {
      sendMediaGroup: ok([message(42), message(43), message(44)]),
    })
    const form = await formOf(request)
    expect(JSON.parse(String(form.get('media')))).toEqual([
      { type: 'photo', media: 'attach://file0', caption: 'Hello' },
      { type: 'video', media: 'attach://file1', width: 1080, height: 1920, duration: 10 },
      { type: 'photo', media: 'attach://file2' },
    ])
    expect((form.get('file2') as File).size).toBe(media[2]?.bytes)
    expect(step).toMatchObject({ type: 'done', sent: { platformPostId: '42', parts: ['43', '44'] } })
  })
})

describe('answers to the own post', () => {
  it('follow one by one, each announced, and are parts of it', async () => {
    const post = input({ content: { text: 'One', replies: ['Two', 'Three'] }, options: { silent: true } })
    const { ctx, requests } = answering({
      sendMessage: [ok(message(42)), ok(message(43)), ok(message(44))],
    })
    let step = await startPublish(ctx, post)
    const steps: unknown[] = []
    while (step.type !== 'done') {
      expect(step.type).toBe('send')
      steps.push('published' in step ? step.published : undefined)
      step = await continuePublish(ctx, post, step.checkpoint)
    }
    const permalink = 'https://t.me/news_channel/42'
    const sent = { kind: 'post', platformPostId: '42', permalink, visibility: 'public' }
    expect(steps).toEqual([undefined, sent, { ...sent, parts: ['43'] }])
    expect(step.sent).toEqual({ ...sent, parts: ['43', '44'] })
    expect(requests.slice(2).map(({ body }) => JSON.parse(String(body)))).toEqual([
      {
        chat_id: '-1001234567890',
        disable_notification: true,
        text: 'Two',
        reply_parameters: { message_id: 42 },
      },
      {
        chat_id: '-1001234567890',
        disable_notification: true,
        text: 'Three',
        reply_parameters: { message_id: 42 },
      },
    ])
  })
})

describe('a group that becomes a supergroup', () => {
  const upgraded = refusal(400, 'Bad Request: group chat was upgraded to a supergroup chat', {
    migrate_to_chat_id: -1007000000001,
  })
  const supergroup = { id: -1007000000001, type: 'supergroup', title: 'Group' }

  it('before the post gets it under its new id', async () => {
    const post = input({ account: account('-44'), content: { text: 'Hello' } })
    const { request } = await publish(post, {
      getChat: [upgraded, ok(supergroup)],
      sendMessage: ok(message(1, supergroup)),
    })
    expect(JSON.parse(String(request.body))).toMatchObject({ chat_id: '-1007000000001' })
  })

  it('while the post is on its way gets none, and the account is left as it is', async () => {
    const post = input({ account: account('-44'), content: { text: 'Hello' } })
    const work = publish(post, { getChat: ok({ ...supergroup, id: -44 }), sendMessage: upgraded })
    await expect(work).rejects.toMatchObject({ code: 'refused_by_platform' })
  })

  it('after the post keeps it: its number means another message there', async () => {
    const { ctx, requests } = answering({ deleteMessage: upgraded })
    const of = { access, account: account('-44', { movedTo: '-1007000000001' }) }
    const sent = { kind: 'post', visibility: 'limited', platformPostId: '5', permalink: null } as const
    await expect(deletePost(ctx, of, sent)).rejects.toMatchObject({ code: 'refused_by_platform' })
    expect(requests.map(({ json }) => json)).toEqual([{ chat_id: '-44', message_id: 5 }])
  })
})

describe('deleting', () => {
  const of = { access, account: account() }
  const sent = {
    kind: 'post',
    visibility: 'public',
    platformPostId: '42',
    permalink: 'https://t.me/news_channel/42',
    parts: ['43', '44'],
  } as const

  it('takes all messages, the last first, and goes on where one is gone', async () => {
    const gone = refusal(400, 'Bad Request: message to delete not found')
    const { ctx, requests } = answering({ deleteMessage: [ok(true), gone, ok(true)] })
    await deletePost(ctx, of, { ...sent, parts: [...sent.parts] })
    expect(requests.map(({ json }) => json)).toEqual(
      [44, 43, 42].map((message_id) => ({ chat_id: '-1001234567890', message_id })),
    )
  })

  it('says so where a message stays', async () => {
    const { ctx } = answering({ deleteMessage: refusal(400, "Bad Request: message can't be deleted") })
    const error: unknown = await deletePost(ctx, of, { ...sent, parts: [] }).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(PlatformError)
    expect(classifyError(error as PlatformError, 'delete')).toEqual({ kind: 'refused' })
  })
})

describe('errors of publishing', () => {
  it.each([
    [400, 'Bad Request: message is too long', 'refused'],
    [400, 'Bad Request: message caption is too long', 'refused'],
    [400, 'Bad Request: PHOTO_INVALID_DIMENSIONS', 'refused'],
    [400, 'Bad Request: IMAGE_PROCESS_FAILED', 'refused'],
    [400, 'Bad Request: file is too big', 'refused'],
    [400, "Bad Request: can't use the media of the specified type in the album", 'refused'],
    [400, 'Bad Request: message thread not found', 'refused'],
    [400, 'Bad Request: message to be replied not found', 'refused'],
    [400, 'Bad Request: need administrator rights in the channel chat', 'account_unusable'],
    [400, 'Bad Request: not enough rights to send photos to the chat', 'account_unusable'],
    [413, 'Request Entity Too Large', 'refused'],
    [429, 'Too Many Requests: retry after 3', 'rate_limited'],
    [401, 'Unauthorized', 'grant_lost'],
    // A part of the album may be public.
    [
      400,
      'Bad Request: failed to send message #2 with the error message "Too Many Requests: retry after 8"',
      'unavailable',
    ],
  ])('%i %s is %s', (status, words, kind) => {
    const error = new PlatformError({ status, platformCode: null, message: words })
    expect(classifyError(error, 'publish').kind).toBe(kind)
  })

  it('of a proxy that takes no such large body is a refusal, too', async () => {
    const post = input({ content: { media: [await files.image()] } })
    const work = publish(post, { sendPhoto: { status: 413, body: '<html>Request Entity Too Large</html>' } })
    await expect(work).rejects.toMatchObject({ name: 'PlatformError', status: 413 })
  })
})

describe('a draft', () => {
  const check = (media: DraftMedia[], options: DraftForTarget['options'] = {}, kind = 'channel') =>
    validate({
      content: { text: '', visibility: 'public', media, replies: [] },
      options,
      target: { kind, settings: {}, grantSettings: {}, grantedScopes: [] },
    })
  const image = (width: number, height: number) =>
    ({ mediaId: 'media_1', file: { is: 'image', width, height } }) as unknown as DraftMedia

  it('has no photo whose sides are more than 10,000 pixels together', () => {
    expect(check([image(5000, 5000)])).toEqual([])
    expect(check([image(10, 10), image(5000, 5001)])).toMatchObject([
      { code: 'image_dimensions', field: 'content.media.1', allowed: 10_000, found: 10_001 },
    ])
  })

  it('names a topic in groups only', () => {
    expect(check([], { topicId: 7 }, 'group')).toEqual([])
    expect(check([], { topicId: 7 })).toMatchObject([{ field: 'options.topicId' }])
    expect(check([], { topicId: 0 }, 'group')).toMatchObject([{ field: 'options.topicId' }])
  })

  it('with files has less room for text', () => {
    const { limits } = telegram.manifest.publish
    expect([limits.text[0]?.max, limits.textWithMedia?.[0]?.max]).toEqual([4096, 1024])
  })
})
