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
import { countCharacters, countWeighted } from './count-characters.js'
import { classifyError } from './errors.js'
import { findPublished } from './find-published.js'
import { access, account, type Canned, cannedContext, instance, now } from './fixtures/context.js'
import { readInstanceLimits } from './instance-limits.js'
import { limitsOf, postLimits } from './limits.js'
import { plainText } from './plain-text.js'
import { verify } from './profile.js'
import { continuePublish, deletePost, startPublish } from './publish.js'
import { validate } from './validate.js'

let files: SampleFiles
beforeAll(() => {
  files = createSampleFiles()
})
afterAll(() => files.close())

const target = { targetId: 'social.example.org/14715', handle: 'anna@example.org', settings: {}, secrets: {} }
const inputOf = (content: Partial<PublishContent> = {}, options = {}, grant = access()) =>
  publishInputOf({ access: grant, account: target, content, options, startedAt: now, dedupeKey: 'the-key' })
const statuses = '/api/v1/statuses'
const status = (more: Record<string, unknown> = {}): Canned => ({
  body: {
    id: '1',
    url: `${instance}/@anna/1`,
    uri: `${instance}/users/anna/statuses/1`,
    visibility: 'public',
    ...more,
  },
})
const checkpointOf = (step: PublishStep): Json => {
  if (step.type === 'done') throw new Error('There is nothing to go on with.')
  return step.checkpoint
}
const requestOf = (step: PublishStep): unknown => {
  const { request } = checkpointOf(step) as { request: string }
  return JSON.parse(request)
}
const prepared = async (content: Partial<PublishContent> = {}, options = {}) =>
  startPublish(cannedContext({}).ctx, inputOf(content, options))

describe('a post', () => {
  it('holds what was chosen for it', async () => {
    const content = { text: 'Hello', visibility: 'followers', languages: ['de', 'en'] } as const
    const step = await prepared(
      { ...content, languages: [...content.languages] },
      { spoilerText: 'Food', sensitive: true },
    )
    expect(step.type).toBe('send')
    expect(requestOf(step)).toEqual({
      status: 'Hello',
      visibility: 'private',
      language: 'de',
      spoiler_text: 'Food',
      sensitive: true,
    })
    expect(requestOf(await prepared({ text: 'Hello' }))).toEqual({ status: 'Hello', visibility: 'public' })
  })

  it('is sent under its key, to the byte', async () => {
    const { ctx, requests } = cannedContext({ [statuses]: status() })
    const input = inputOf({ text: 'Hello' })
    const step = await continuePublish(ctx, input, checkpointOf(await prepared({ text: 'Hello' })))
    expect(requests[0]).toMatchObject({
      method: 'POST',
      body: '{"status":"Hello","visibility":"public"}',
      headers: { 'idempotency-key': 'the-key', 'content-type': 'application/json' },
    })
    expect(step).toEqual({
      type: 'done',
      sent: { kind: 'post', visibility: 'public', platformPostId: '1', permalink: `${instance}/@anna/1` },
    })
  })

  it.each([
    [{ visibility: 'unlisted' }, 'public', `${instance}/@anna/1`],
    [{ visibility: 'private' }, 'limited', `${instance}/@anna/1`],
    [{ visibility: 'direct', url: null }, 'private', `${instance}/users/anna/statuses/1`],
    [{ url: 'javascript:1', uri: null }, 'public', null],
  ])('that the instance shows as %j is said to be so', async (more, visibility, permalink) => {
    const { ctx } = cannedContext({ [statuses]: status(more) })
    const step = await continuePublish(ctx, inputOf(), checkpointOf(await prepared({ text: 'Hello' })))
    expect(step).toMatchObject({ sent: { visibility, permalink } })
  })

  it('is followed by the posts of its thread, each below the one before and under a key of its own', async () => {
    const { ctx, requests } = cannedContext({
      [statuses]: [status(), status({ id: '2' }), status({ id: '3' })],
    })
    const content = { text: 'One', replies: ['Two', 'Three'], visibility: 'unlisted' } as const
    const input = inputOf(
      { ...content, replies: [...content.replies] },
      { spoilerText: 'Food', sensitive: true },
    )
    let step = await startPublish(ctx, input)
    while (step.type !== 'done') step = await continuePublish(ctx, input, step.checkpoint)
    const same = { visibility: 'unlisted', spoiler_text: 'Food' }
    expect(requests.map(({ body }) => JSON.parse(String(body)))).toEqual([
      { status: 'One', ...same, sensitive: true },
      { status: 'Two', ...same, in_reply_to_id: '1' },
      { status: 'Three', ...same, in_reply_to_id: '2' },
    ])
    expect(requests.map(({ headers }) => headers?.['idempotency-key'])).toEqual([
      'the-key',
      'the-key-1',
      'the-key-2',
    ])
    expect(step.sent).toMatchObject({
      platformPostId: '1',
      permalink: `${instance}/@anna/1`,
      parts: ['2', '3'],
    })
  })

  it('is deleted with its thread, the last first; what is gone is deleted', async () => {
    const { ctx, requests } = cannedContext({
      [`${statuses}/2`]: { status: 404, body: { error: 'Record not found' } },
      [`${statuses}/1`]: status(),
    })
    const sent = {
      kind: 'post',
      visibility: 'public',
      platformPostId: '1',
      permalink: null,
      parts: ['2'],
    } as const
    await deletePost(ctx, { access: access() }, { ...sent, parts: ['2'] })
    expect(requests.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      `DELETE ${statuses}/2`,
      `DELETE ${statuses}/1`,
    ])
  })
})

describe('files', () => {
  it('go with their alt text and thumbnail, and are asked about ever more slowly', async () => {
    const thumbnail = await files.image(1)
    const media = [await files.video(1000, { altText: 'A film', thumbnail })]
    const { ctx, requests } = cannedContext({
      '/api/v2/media': { status: 202, body: { id: '7', url: null } },
      '/api/v1/media/7': [
        ...Array(11).fill({ status: 206, body: { id: '7', url: null } }),
        { status: 200, body: { id: '7', url: 'https://files.example.org/7' } },
      ],
    })
    const input = inputOf({ text: 'See', media })
    let step = await startPublish(ctx, input)
    const pauses: number[] = []
    while (step.type === 'wait') {
      pauses.push(step.resumeAfterSeconds)
      step = await continuePublish(ctx, input, step.checkpoint)
    }
    expect(pauses).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 0])
    expect(requestOf(step)).toEqual({ status: 'See', visibility: 'public', media_ids: ['7'] })
    const form = await formOf(requests[0])
    expect([...form.keys()]).toEqual(['description', 'file', 'thumbnail'])
    expect(form.get('description')).toBe('A film')
    expect((form.get('file') as File).size).toBe(1000)
  })

  it('that are ready at once are not asked about', async () => {
    const { ctx, requests } = cannedContext({ '/api/v2/media': [{ body: { id: 7 } }, { body: { id: '8' } }] })
    const input = inputOf({ media: [await files.image(0), await files.image(1)] })
    let step = await startPublish(ctx, input)
    while (step.type === 'wait') step = await continuePublish(ctx, input, step.checkpoint)
    expect(requestOf(step)).toMatchObject({ media_ids: ['7', '8'] })
    expect(requests).toHaveLength(2)
  })

  it('an instance never finishes fail the post, after about ten minutes', async () => {
    const { ctx } = cannedContext({ '/api/v1/media/7': { status: 206, body: { id: '7' } } })
    const input = inputOf({ media: [await files.video()] })
    const checkpoint = { stage: 'upload', mediaIds: [], working: { id: '7', asked: 64 } }
    await expect(continuePublish(ctx, input, checkpoint)).rejects.toMatchObject({
      platformCode: 'media_processing_timeout',
    })
  })
})

describe('a refusal', () => {
  it.each([
    ["Validation failed: Text can't be blank", 'refused'],
    ['Validation failed: Text character limit of 500 exceeded', 'refused'],
    ['Media 7 not found', 'refused'],
    ['This action is not allowed', 'refused'],
    ['Cannot attach files that have not finished processing. Try again in a moment!', 'rate_limited'],
    [
      'Validation failed: Cannot attach files that have not finished processing. Try again in a moment!',
      'rate_limited',
    ],
    ['This action is outside the authorized scopes', 'account_unusable'],
  ])('in the words "%s" is %s', async (error, kind) => {
    const { ctx } = cannedContext({ [statuses]: { status: 422, body: { error } } })
    const step = await prepared({ text: 'Hello' })
    const thrown: unknown = await continuePublish(ctx, inputOf(), checkpointOf(step)).catch(
      (one: unknown) => one,
    )
    if (!(thrown instanceof PlatformError)) throw thrown
    expect(classifyError(thrown, 'publish').kind).toBe(kind)
  })
})

describe('a post whose answer was lost', () => {
  const path = '/api/v1/accounts/14715/statuses'
  const at = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString()
  const listed = (more: Record<string, unknown> = {}) => ({
    id: '5',
    created_at: at(1),
    content: '<p>Hello</p>',
    spoiler_text: '',
    in_reply_to_id: null,
    media_attachments: [],
    visibility: 'public',
    url: `${instance}/@anna/5`,
    ...more,
  })
  const closed = { status: 403, body: { error: 'This action is outside the authorized scopes' } }
  const find = async (
    content: Partial<PublishContent>,
    answers: Canned | Canned[],
    {
      checkpoint,
      software = 'gotosocial',
      sentAt = now,
    }: { checkpoint?: Json; software?: string; sentAt?: Date } = {},
  ) => {
    const { ctx, requests } = cannedContext({ [path]: answers })
    const grant = access({ settings: { instance, software } })
    const from = checkpoint ?? checkpointOf(await prepared(content))
    const found = findPublished(ctx, { ...inputOf(content, {}, grant), sentAt }, from)
    return { requests, found: await found.catch((error: unknown) => error) }
  }

  it('is found as anybody finds it', async () => {
    const { requests, found } = await find({ text: 'Hello' }, { body: [listed()] })
    expect(found).toMatchObject({
      type: 'done',
      sent: { platformPostId: '5', permalink: `${instance}/@anna/5` },
    })
    expect(requests).toMatchObject([{ url: `${instance}${path}?limit=40`, headers: {} }])
  })

  it.each([
    ['other words', { content: '<p>Hello!</p>' }],
    ['an older one', { created_at: at(-31) }],
    ['one of later', { created_at: at(301) }],
    ['a reply', { in_reply_to_id: '4' }],
    ['one with a file', { media_attachments: [{}] }],
    ['one with a warning', { spoiler_text: 'Food' }],
    ['one of somebody else', { reblog: {} }],
  ])('is not %s', async (_, more) => {
    expect((await find({ text: 'Hello' }, { body: [listed(more)] })).found).toBeNull()
  })

  it('is looked for on every page that may hold it', async () => {
    const page = Array.from({ length: 40 }, (_, index) => listed({ id: `${100 - index}`, content: '' }))
    const { requests, found } = await find({ text: 'Hello' }, [{ body: page }, { body: [listed()] }])
    expect(found).toMatchObject({ type: 'done' })
    expect(new URL(requests[1]?.url ?? '').searchParams.get('max_id')).toBe('61')
    const old = page.map((one) => ({ ...one, created_at: at(-60) }))
    expect((await find({ text: 'Hello' }, [{ body: old }])).found).toBeNull()
  })

  it('is looked for as the account where anybody may not', async () => {
    const { requests, found } = await find({ text: 'Hello' }, [closed, { body: [listed()] }])
    expect(found).toMatchObject({ type: 'done' })
    expect(requests.map(({ headers }) => headers?.authorization)).toEqual([
      undefined,
      'Bearer the-access-token',
    ])
  })

  it('and that not everybody sees is looked for as the account only', async () => {
    const { requests, found } = await find({ text: 'Hello', visibility: 'followers' }, { body: [] })
    expect(found).toBeNull()
    expect(requests.map(({ headers }) => headers?.authorization)).toEqual(['Bearer the-access-token'])
  })

  it('and that nobody may read is sent again only where the server knows its key', async () => {
    const again = { software: 'mastodon', sentAt: new Date(now.getTime() - 3_500_000) }
    expect((await find({ text: 'Hello' }, [closed, closed], again)).found).toBeNull()
    const late = { software: 'mastodon', sentAt: new Date(now.getTime() - 3_700_000) }
    expect((await find({ text: 'Hello' }, [closed, closed], late)).found).toMatchObject({
      code: 'platform_unavailable',
    })
    const other = await find({ text: 'Hello' }, [closed, closed])
    expect(other.found).toMatchObject({
      message: 'social.example.org does not let us read the posts of this account.',
    })
  })

  it('in a thread is one below the post before it', async () => {
    const thread = { rootId: '1', permalink: null, visibility: 'public', parts: ['2'] }
    const request = JSON.stringify({ status: 'Hello', visibility: 'public', in_reply_to_id: '2' })
    const checkpoint = { stage: 'post', request, key: 'the-key-2', replies: ['Next'], thread }
    const below = (id: string, parent: string) => ({ body: [listed({ id, in_reply_to_id: parent })] })
    expect((await find({}, below('3', '1'), { checkpoint })).found).toBeNull()
    expect((await find({}, below('2', '2'), { checkpoint })).found).toBeNull()
    expect((await find({}, below('3', '2'), { checkpoint })).found).toMatchObject({
      type: 'send',
      published: { platformPostId: '1', parts: ['2', '3'] },
    })
  })

  it('is known by its words although they are shown as HTML', async () => {
    const text = 'Hi @ben@example.net & <all>,\n\nsee https://example.org/a/very/long/path#tag #news'
    const content =
      '<p>Hi <span class="h-card"><a href="https://example.net/@ben">@<span>ben</span></a></span> &amp; &lt;all&gt;,</p>' +
      '<p>see <a href="https://example.org/a/very/long/path#tag"><span class="invisible">https://</span>' +
      '<span class="ellipsis">example.org/a/very</span><span class="invisible">/long/path#tag</span></a> ' +
      '<a href="https://social.example.org/tags/news">#<span>news</span></a></p>'
    expect((await find({ text }, { body: [listed({ content })] })).found).toMatchObject({ type: 'done' })
  })
})

describe('the limits of an instance', () => {
  const configuration = {
    statuses: { max_characters: 2000, max_media_attachments: 8, characters_reserved_per_url: 30 },
    media_attachments: {
      supported_mime_types: ['image/jpeg', 'image/gif', 'video/mp4', 'audio/ogg'],
      description_limit: 5000,
      image_size_limit: 1000,
      video_size_limit: 2000,
      video_frame_rate_limit: 60,
      image_matrix_limit: 0,
      video_matrix_limit: 'many',
    },
  }

  it('are read with every look at the account, and are those of its posts', async () => {
    const { ctx } = cannedContext({
      '/api/v1/accounts/verify_credentials': { body: account() },
      '/api/v2/instance': { body: { configuration } },
    })
    const verification = await verify(ctx, access(), target)
    const limits = limitsOf({ settings: verification.target?.settings ?? {} })
    expect(limits).toMatchObject({
      text: [{ unit: 'weighted', max: 2000 }],
      images: {
        max: 8,
        mimeTypes: ['image/jpeg', 'image/gif'],
        maxBytes: 1000,
        maxAltTextGraphemes: 5000,
        maxPixels: 33_177_600,
      },
      animations: { max: 1, mimeTypes: ['image/gif'] },
      videos: {
        max: 1,
        mimeTypes: ['video/mp4'],
        maxBytes: 2000,
        frameRate: { max: 60 },
        maxPixels: 8_294_400,
      },
      maxMedia: 8,
    })
  })

  it('stay as they were where the instance does not answer', async () => {
    const { ctx } = cannedContext({
      '/api/v1/accounts/verify_credentials': { body: account() },
      '/api/v2/instance': { status: 503, body: 'busy' },
    })
    expect(await verify(ctx, access(), target)).toMatchObject({ status: 'active' })
    expect((await verify(ctx, access(), target)).target).not.toHaveProperty('settings')
    expect(limitsOf({ settings: {} })).toEqual(postLimits)
    expect(limitsOf({ settings: { limits: { maxCharacters: 'x' } } })).toEqual(postLimits)
  })

  it('are also read from older documents', async () => {
    const { ctx } = cannedContext({ '/api/v1/instance': { body: { max_toot_chars: 777 } } })
    expect(await readInstanceLimits(ctx, instance)).toEqual({ maxCharacters: 777 })
    expect(await readInstanceLimits(cannedContext({}).ctx, instance)).toBeNull()
  })

  it('take no images where there are none among the types', () => {
    const limits = limitsOf({ settings: { limits: { mimeTypes: ['video/mp4'] } } })
    expect(limits.images).toBeUndefined()
    expect(limits.animations).toBeUndefined()
  })

  it('hold for text and content warning together, and as the instance counts addresses', () => {
    const check = (content: Partial<PublishContent>, options = {}, limits = {}) =>
      validate({
        content: { ...inputOf(content).content, media: [] },
        options,
        target: { kind: 'profile', settings: { limits }, grantSettings: {}, grantedScopes: [] },
      })
    expect(check({ text: 'a'.repeat(490) }, { spoilerText: 'b'.repeat(10) })).toEqual([])
    expect(
      check({ text: 'a'.repeat(490), replies: ['a'.repeat(491)] }, { spoilerText: 'b'.repeat(11) }),
    ).toMatchObject([
      { code: 'text_too_long', field: 'content.text', found: 501, allowed: 500 },
      { code: 'text_too_long', field: 'content.replies.0', found: 502 },
    ])
    expect(
      check({ text: `${'a'.repeat(300)} https://example.org` }, {}, { charactersPerUrl: 256 }),
    ).toMatchObject([{ field: 'content.text', found: 557 }])
    // Too long even without the warning: that is said by the limits themselves.
    expect(check({ text: 'a'.repeat(501) }, { spoilerText: 'b' })).toEqual([])
  })
})

describe('counting', () => {
  it.each([
    ['👩‍👩‍👧‍👦', 1],
    ['https://example.org/a/very/long/path', 23],
    ['See https://example.org/a.', 28],
    ['@ben@example.net hi', 7],
    ['me@example.net', 14],
    ['example.org', 11],
  ])('%j is %i', (text, length) => {
    expect(countWeighted(text)).toBe(length)
  })

  it('of an address does not depend on its length', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9/?=&_-]{0,100}[a-z0-9]$/), fc.nat(300), (path, perUrl) => {
        expect(countCharacters(`a https://example.org/${path} b`, perUrl)).toBe(4 + perUrl)
      }),
    )
  })
})

it('the text of HTML is what was escaped, whatever it was', () => {
  const escaped = (text: string) =>
    text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`).replaceAll('\n', '<br />')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(plainText(`<p>${escaped(text)}</p>`)).toBe(`${text}\n`)
    }),
  )
  expect(plainText('&unknown; &#x41; &#1114112; &quot;')).toBe('&unknown; A &#1114112; "')
})

async function formOf(request: HttpRequest | undefined): Promise<FormData> {
  const { body, headers = {} } = request ?? {}
  if (typeof body !== 'object' || !('open' in body)) throw new Error('This request has no form.')
  const pieces: Uint8Array[] = []
  for await (const piece of body.open()) pieces.push(piece)
  return new Response(new Uint8Array(Buffer.concat(pieces)), { headers }).formData()
}
