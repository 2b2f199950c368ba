import {
  type Json,
  PlatformError,
  type PublishContent,
  type PublishInput,
  type PublishStep,
} from '@postmcp/core'
import { createSampleFiles, publishInputOf, type SampleFiles } from '@postmcp/core/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { classifyError } from './errors.js'
import { findPublished } from './find-published.js'
import { access, type Canned, cannedContext, now, target } from './fixtures/context.js'
import { limitsOf, validate } from './limits.js'
import { fromLittleText, toLittleText } from './little-text.js'
import { continuePublish, deletePost, startPublish } from './publish.js'

let files: SampleFiles
beforeAll(() => {
  files = createSampleFiles()
})
afterAll(() => files.close())

const member = 'urn:li:person:Ab1'
const page = 'urn:li:organization:79000001'
const inputOf = (content: Partial<PublishContent> = {}, options = {}, author = member) =>
  publishInputOf({ access: access(), account: target(author), content, options, startedAt: now })
const checkpointOf = (step: PublishStep): Json => {
  if (step.type === 'done') throw new Error('There is nothing to go on with.')
  return step.checkpoint
}
const requestOf = (step: PublishStep) =>
  JSON.parse((checkpointOf(step) as { request: string }).request) as Record<string, unknown>
const prepared = (content: Partial<PublishContent>, options = {}, author = member) =>
  startPublish(cannedContext({}).ctx, inputOf(content, options, author))
const created: Canned = { status: 201, headers: { 'x-restli-id': 'urn:li:share:7400000000000000001' } }

/** As core does it: goes on until something is sent, and keeps secrets apart from checkpoints. */
async function upTo(input: PublishInput, ctx: Parameters<typeof startPublish>[0]) {
  let step = await startPublish(ctx, input)
  const steps: PublishStep[] = [step]
  while (step.type === 'wait') {
    if (step.secrets) input.secrets = step.secrets
    step = await continuePublish(ctx, input, step.checkpoint)
    steps.push(step)
  }
  return { step, steps }
}

describe('a post', () => {
  it('is by its account, and says all that LinkedIn wants to hear', async () => {
    expect(requestOf(await prepared({ text: 'Hello' }))).toEqual({
      author: member,
      commentary: 'Hello',
      visibility: 'PUBLIC',
      distribution: { feedDistribution: 'MAIN_FEED', targetEntities: [], thirdPartyDistributionChannels: [] },
      lifecycleState: 'PUBLISHED',
      isReshareDisabledByAuthor: false,
    })
    const own = await prepared({ text: 'Hello', visibility: 'followers' }, { disableReshare: true }, page)
    expect(requestOf(own)).toMatchObject({
      author: page,
      visibility: 'CONNECTIONS',
      isReshareDisabledByAuthor: true,
    })
  })

  it('has a card of what was said about a link', async () => {
    const link = { url: 'https://example.org/page/', title: 'A page', description: 'About it' }
    expect(requestOf(await prepared({ text: 'See', link }))).toMatchObject({
      content: { article: { source: link.url, title: 'A page', description: 'About it' } },
    })
    expect(requestOf(await prepared({ link: { url: link.url } }))).toMatchObject({
      content: { article: { source: link.url, title: 'example.org/page' } },
    })
  })

  it('is known by the id in a header, and without it may be public', async () => {
    const checkpoint = checkpointOf(await prepared({ text: 'Hello' }))
    const { ctx, requests } = cannedContext({
      '/rest/posts': [created, { status: 201 }, { status: 200, body: '<html>' }],
    })
    expect(await continuePublish(ctx, inputOf(), checkpoint)).toEqual({
      type: 'done',
      sent: {
        kind: 'post',
        visibility: 'public',
        platformPostId: 'urn:li:share:7400000000000000001',
        permalink: 'https://www.linkedin.example/feed/update/urn:li:share:7400000000000000001/',
      },
    })
    expect(requests[0]).toMatchObject({
      method: 'POST',
      body: (checkpoint as { request: string }).request,
      headers: { 'linkedin-version': '202609', 'content-type': 'application/json' },
    })
    for (const _ of [1, 2]) {
      await expect(continuePublish(ctx, inputOf(), checkpoint)).rejects.toMatchObject({
        name: 'MalformedResponseError',
      })
    }
  })

  it('is deleted; one that is gone is, too', async () => {
    const urn = 'urn:li:share:74'
    const path = `/rest/posts/${encodeURIComponent(urn)}`
    const { ctx, requests } = cannedContext({ [path]: [{ status: 204 }, { status: 404 }, { status: 200 }] })
    const sent = { kind: 'post', visibility: 'public', platformPostId: urn, permalink: null } as const
    for (const _ of [1, 2]) await deletePost(ctx, { access: access() }, sent)
    expect(requests[0]).toMatchObject({ method: 'DELETE', headers: { 'x-restli-method': 'DELETE' } })
    await expect(deletePost(ctx, { access: access() }, sent)).rejects.toMatchObject({
      name: 'MalformedResponseError',
    })
  })
})

describe('images', () => {
  const image = (number: number): Canned => ({
    body: { value: { uploadUrl: `https://up.linkedin.example/i${number}`, image: `urn:li:image:${number}` } },
  })

  it('go with the token, in the name of the author; one is a medium, several are many', async () => {
    const { ctx, requests } = cannedContext({
      '/rest/images': [image(1), image(2)],
      '/i1': { status: 201 },
      '/i2': { status: 201 },
    })
    const media = [await files.image(0, { altText: 'A dot' }), await files.image(1)]
    const { step, steps } = await upTo(inputOf({ media }, {}, page), ctx)
    expect(JSON.parse(String(requests[0]?.body))).toEqual({ initializeUploadRequest: { owner: page } })
    expect(requests[1]).toMatchObject({
      method: 'PUT',
      url: 'https://up.linkedin.example/i1',
      headers: { authorization: 'Bearer AQX-access-token' },
      body: { bytes: media[0]?.bytes },
    })
    expect(steps.map((one) => one.type === 'wait' && one.resumeAfterSeconds)).toEqual([0, 3, false])
    expect(requestOf(step)).toMatchObject({
      content: {
        multiImage: { images: [{ id: 'urn:li:image:1', altText: 'A dot' }, { id: 'urn:li:image:2' }] },
      },
    })
    expect(JSON.stringify(steps)).not.toContain('up.linkedin.example')
    const alone = cannedContext({ '/rest/images': image(1), '/i1': { status: 201 } })
    expect(requestOf((await upTo(inputOf({ media: media.slice(0, 1) }), alone.ctx)).step)).toMatchObject({
      content: { media: { id: 'urn:li:image:1', altText: 'A dot' } },
    })
  })

  it('are not there when something in between answers', async () => {
    const { ctx } = cannedContext({ '/rest/images': image(1), '/i1': { status: 200, body: '<html>' } })
    await expect(startPublish(ctx, inputOf({ media: [await files.image()] }))).rejects.toMatchObject({
      name: 'MalformedResponseError',
    })
  })
})

describe('a video', () => {
  const urn = 'urn:li:video:V1'
  const path = `/rest/videos/${encodeURIComponent(urn)}`
  const parts = (...bounds: [number, number][]) => ({
    body: {
      value: {
        video: urn,
        uploadToken: 'tok',
        uploadInstructions: bounds.map(([firstByte, lastByte], index) => ({
          uploadUrl: `https://up.linkedin.example/p${index}?signature=secret-${index}`,
          firstByte,
          lastByte,
        })),
      },
    },
  })

  it('goes in parts as they are asked for, without the token; their addresses are kept sealed', async () => {
    const { ctx, requests } = cannedContext({
      '/rest/videos': [parts([0, 99_999], [100_000, 249_999]), { status: 200 }],
      '/p0': { status: 200, headers: { etag: 'first' } },
      '/p1': { status: 200, headers: { etag: 'second' } },
      [path]: [{ body: { status: 'PROCESSING' } }, { body: { status: 'AVAILABLE' } }],
    })
    const { step, steps } = await upTo(inputOf({ text: 'See', media: [await files.video(250_000)] }), ctx)
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      initializeUploadRequest: {
        owner: member,
        fileSizeBytes: 250_000,
        uploadCaptions: false,
        uploadThumbnail: false,
      },
    })
    for (const [index, bytes] of [100_000, 150_000].entries()) {
      expect(requests[index + 1]).toMatchObject({ method: 'PUT', body: { bytes } })
      expect(requests[index + 1]?.headers).not.toHaveProperty('authorization')
    }
    expect(JSON.parse(String(requests[3]?.body))).toEqual({
      finalizeUploadRequest: { video: urn, uploadToken: 'tok', uploadedPartIds: ['first', 'second'] },
    })
    const waits = steps.flatMap((one) =>
      one.type === 'wait' ? [[one.resumeAfterSeconds, one.progress?.uploadedBytes]] : [],
    )
    expect(waits).toEqual([
      [0, 0],
      [0, 100_000],
      [0, 250_000],
      [1, 250_000],
      [2, 250_000],
      [0, 250_000],
    ])
    expect(requestOf(step)).toMatchObject({ content: { media: { id: urn } } })
    const shown = steps.map((one) => ({ ...one, secrets: null }))
    expect(JSON.stringify(shown)).not.toContain('secret-')
    expect(JSON.stringify(shown)).not.toContain('tok')
  })

  it.each([
    [[[0, 9]]],
    [
      [
        [0, 99_999],
        [100_001, 249_999],
      ],
    ],
    [[[1, 249_999]]],
    [
      [
        [0, 249_999],
        [250_000, 250_000],
      ],
    ],
  ] as [[number, number][]][])('whose parts do not make up the whole is not begun: %j', async (bounds) => {
    const { ctx } = cannedContext({ '/rest/videos': parts(...bounds) })
    await expect(startPublish(ctx, inputOf({ media: [await files.video(250_000)] }))).rejects.toMatchObject({
      name: 'MalformedResponseError',
    })
  })

  it('that may not be asked about gets a minute', async () => {
    const denied = { status: 403, body: { code: 'ACCESS_DENIED', message: 'Not enough permissions' } }
    const { ctx } = cannedContext({ [path]: denied })
    const checkpoint = { stage: 'upload', urns: [], partIds: [], working: { urn, asked: 0 } }
    const step = await continuePublish(ctx, inputOf({ media: [await files.video()] }), checkpoint)
    expect(step).toMatchObject({ type: 'wait', resumeAfterSeconds: 60, checkpoint: { urns: [urn] } })
  })

  it.each([
    [{ body: { status: 'PROCESSING_FAILED' } }, 0, 'PROCESSING_FAILED'],
    [{ body: { status: 'PROCESSING' } }, 45, 'media_processing_timeout'],
  ])('that never comes fails the post: %j', async (answer, asked, platformCode) => {
    const { ctx } = cannedContext({ [path]: answer })
    const checkpoint = { stage: 'upload', urns: [], partIds: [], working: { urn, asked } }
    const failure: unknown = await continuePublish(
      ctx,
      inputOf({ media: [await files.video()] }),
      checkpoint,
    ).catch((error: unknown) => error)
    expect(failure).toMatchObject({ platformCode })
    expect(classifyError(failure as PlatformError, 'publish')).toEqual({ kind: 'refused' })
  })

  it('whose part is refused says nothing about the account', async () => {
    const { ctx } = cannedContext({
      '/p0': { status: 401, body: { code: 'REVOKED_ACCESS_TOKEN', message: 'no' } },
    })
    const input = inputOf({ media: [await files.video(100)] })
    input.secrets = { video: JSON.stringify(parts([0, 99]).body.value) }
    const checkpoint = { stage: 'upload', urns: [], partIds: [], working: null }
    const failure: unknown = await continuePublish(ctx, input, checkpoint).catch((error: unknown) => error)
    expect(failure).toMatchObject({ platformCode: 'upload_refused' })
    expect(classifyError(failure as PlatformError, 'publish')).toEqual({ kind: 'refused' })
  })
})

describe('a refusal', () => {
  it.each([
    [422, { code: 'DUPLICATE_POST', message: 'Content is a duplicate of urn:li:share:74' }, 'refused'],
    [400, { code: 'FIELD_LENGTH_TOO_LONG', message: 'too long' }, 'refused'],
    [400, { code: 'MEDIA_ASSET_WAITING_UPLOAD', message: 'not there yet' }, 'rate_limited'],
    [400, { code: 'MEDIA_ASSET_PROCESSING_FAILED', message: 'no' }, 'refused'],
    [403, { code: 'ACCESS_DENIED', message: 'Not enough permissions' }, 'account_unusable'],
    [426, { code: 'NONEXISTENT_VERSION', message: 'old' }, 'client_invalid'],
    [429, { code: 'TOO_MANY_REQUESTS', message: 'enough' }, 'rate_limited'],
    [500, { message: 'Unable to obtain activity' }, 'unavailable'],
  ])('with %i %j is %s', async (status, body, kind) => {
    const { ctx } = cannedContext({ '/rest/posts': { status, body } })
    const checkpoint = checkpointOf(await prepared({ text: 'Hello' }))
    const failure: unknown = await continuePublish(ctx, inputOf(), checkpoint).catch(
      (error: unknown) => error,
    )
    if (!(failure instanceof PlatformError)) throw failure
    expect(classifyError(failure, 'publish').kind).toBe(kind)
  })
})

describe('a post whose answer was lost', () => {
  const listed = (more: Record<string, unknown> = {}) => ({
    id: 'urn:li:share:5',
    commentary: 'Hello \\(all\\) #news',
    visibility: 'PUBLIC',
    createdAt: now.getTime() + 1000,
    ...more,
  })
  const find = async (answers: Canned | Canned[], more: Partial<PublishContent> = {}, author = page) => {
    const { ctx, requests } = cannedContext({ '/rest/posts': answers })
    const input = inputOf({ text: 'Hello (all) #news', ...more }, {}, author)
    const checkpoint = checkpointOf(await startPublish(cannedContext({}).ctx, input))
    const found = await findPublished(ctx, { ...input, sentAt: now }, checkpoint).catch(
      (error: unknown) => error,
    )
    return { requests, found }
  }

  it('is found among the newest of the page', async () => {
    const { requests, found } = await find({ body: { elements: [listed()] } })
    expect(found).toMatchObject({ type: 'done', sent: { platformPostId: 'urn:li:share:5' } })
    expect(requests[0]?.headers).toMatchObject({ 'x-restli-method': 'FINDER' })
    expect(String(requests[0]?.url)).toContain(
      `author=${encodeURIComponent(page)}&start=0&count=50&sortBy=CREATED`,
    )
  })

  it.each([
    ['another text', { commentary: 'Hello' }],
    ['another audience', { visibility: 'LOGGED_IN' }],
    ['an older one', { createdAt: now.getTime() - 60_001 }],
    ['one of later', { createdAt: now.getTime() + 300_001 }],
    ['one with a file', { content: { media: { id: 'urn:li:image:1' } } }],
    ['one with a link', { content: { article: { source: 'https://example.org' } } }],
  ])('is not %s', async (_, more) => {
    expect((await find({ body: { elements: [listed(more)] } })).found).toBeNull()
  })

  it('is known by its link', async () => {
    const link = { url: 'https://example.org' }
    const content = { article: { source: link.url, title: 'example.org' } }
    expect((await find({ body: { elements: [listed({ content })] } }, { link })).found).toMatchObject({
      type: 'done',
    })
  })

  it('is looked for on every page that may hold it', async () => {
    const full = Array.from({ length: 50 }, () => listed({ commentary: 'x' }))
    const { requests, found } = await find([{ body: { elements: full } }, { body: { elements: [listed()] } }])
    expect(found).toMatchObject({ type: 'done' })
    expect(String(requests[1]?.url)).toContain('start=50')
    const old = full.map((one) => ({ ...one, createdAt: 0 }))
    expect((await find([{ body: { elements: old } }])).found).toBeNull()
  })

  it('and is a member’s is left to a person', async () => {
    const { requests, found } = await find({ body: { elements: [] } }, {}, member)
    expect(found).toMatchObject({ code: 'outcome_unknown' })
    expect(requests).toEqual([])
  })
})

describe('the format of posts', () => {
  it.each([
    [
      'a (b) [c] {d} <e> *f* ~g~ h_i | @j \\',
      'a \\(b\\) \\[c\\] \\{d\\} \\<e\\> \\*f\\* \\~g\\~ h\\_i \\| \\@j \\\\',
    ],
    ['#news and #2026 and #a1, C# #', '#news and \\#2026 and #a1, C\\# \\#'],
    ['#my_tag https://example.org/#top', '\\#my\\_tag https://example.org/#top'],
    ['#über #日本', '#über #日本'],
  ])('of %j is %j', (text, written) => {
    expect(toLittleText(text)).toBe(written)
    expect(fromLittleText(written)).toBe(text)
  })

  it('shows every text as it was', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('#tag', '#', '(', '\\', '{hashtag|', '}', '@[', '](', ')'),
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join('')
        expect(fromLittleText(toLittleText(text))).toBe(text)
      }),
    )
  })

  it('that others wrote is read, with templates', () => {
    expect(fromLittleText('{hashtag|\\#|my\\_tag} by @[Ada \\(L\\)](urn:li:person:1)')).toBe(
      '#my_tag by Ada (L)',
    )
  })
})

it('limits are those of a member or of a page, and a video has a least size', () => {
  expect(limitsOf({ kind: 'member' }).replies?.scopes).toEqual(['w_member_social_feed'])
  expect(limitsOf({ kind: 'organization' }).replies?.scopes).toEqual(['w_organization_social_feed'])
  expect(limitsOf({ kind: 'member' }).visibilities).toEqual(['public', 'followers'])
  expect(limitsOf({ kind: 'organization' }).visibilities).toEqual(['public'])
  const draft = {
    content: {
      ...inputOf({ link: { url: 'example.org' } }).content,
      media: [{ mediaId: 'media_1', file: { is: 'video', bytes: 74_999 } }],
    },
    options: {},
    target: { kind: 'member', settings: {}, grantSettings: {}, grantedScopes: [] },
  } as unknown as Parameters<typeof validate>[0]
  expect(validate(draft).map(({ code, field }) => [code, field])).toEqual([
    ['video_too_small', 'content.media.0'],
    ['link_malformed', 'content.link.url'],
  ])
})
