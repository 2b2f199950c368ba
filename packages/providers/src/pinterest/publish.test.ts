import {
  type Json,
  type Media,
  PlatformError,
  type PublishInput,
  type PublishStep,
  type StreamBody,
} from '@postmcp/core'
import { createSampleFiles, publishInputOf } from '@postmcp/core/testing'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { access, cannedContext, now } from './fixtures/context.js'
import { pinterest } from './index.js'
import { bodyOf, describePin } from './pin-request.js'

const files = createSampleFiles()
afterAll(() => files.close())

const boardId = '549755885175'
const account = { targetId: boardId, handle: 'ada/Recipes', settings: { privacy: 'PUBLIC' }, secrets: {} }
const created = { '/v5/pins': { status: 201, body: { id: '813744226420795884' } } }
const registered = {
  media_id: '333',
  media_type: 'video',
  upload_url: 'https://api.example.org/media-upload/',
  upload_parameters: { key: 'uploads/333', policy: 'secret policy', 'x-amz-signature': 'secret signature' },
}

async function inputOf(more: Partial<Parameters<typeof publishInputOf>[0]> = {}): Promise<PublishInput> {
  const { content, options, ...rest } = more
  return publishInputOf({
    access: access(),
    account,
    ...rest,
    options: { coverIndex: 0, coverSeconds: 0, ...options },
    content: { text: 'Words.', media: [await files.image()], ...content },
  })
}

function take(input: PublishInput, step: PublishStep): Json {
  if (step.type === 'done') throw new Error('It is done already.')
  if (step.secrets) input.secrets = step.secrets
  return JSON.parse(JSON.stringify(step.checkpoint)) as Json
}

async function readStream(body: unknown): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of (body as StreamBody).open()) pieces.push(piece)
  return Buffer.concat(pieces)
}

describe('a Pin', () => {
  it('says everything that was written, and carries its picture', async () => {
    const { ctx, requests } = cannedContext(created)
    const picture = await files.image(1, { altText: ' A cake. ' })
    const input = await inputOf({
      content: { title: ' Cake ', link: { url: 'https://example.org/cake' }, media: [picture] },
      options: { boardSectionId: '77', dominantColor: '#6E7874' },
    })
    const step = await pinterest.startPublish(ctx, input)
    expect(step.type).toBe('send')
    const done = await pinterest.continuePublish(ctx, input, take(input, step))
    expect(requests).toMatchObject([
      {
        method: 'POST',
        headers: { authorization: 'Bearer pina_1', 'content-type': 'application/json' },
      },
    ])
    const body = await readStream(requests[0]?.body)
    expect(requests[0]?.body).toHaveProperty('bytes', body.byteLength)
    expect(JSON.parse(body.toString())).toEqual({
      board_id: boardId,
      board_section_id: '77',
      title: 'Cake',
      description: 'Words.',
      alt_text: 'A cake.',
      link: 'https://example.org/cake',
      dominant_color: '#6E7874',
      media_source: {
        source_type: 'image_base64',
        content_type: 'image/jpeg',
        data: Buffer.from(picture.content).toString('base64'),
      },
    })
    expect(done).toEqual({
      type: 'done',
      sent: {
        kind: 'post',
        visibility: 'public',
        platformPostId: '813744226420795884',
        permalink: 'https://www.example.org/pin/813744226420795884/',
      },
    })
  })

  it('of several pictures has one alt text, and says which is first', async () => {
    const media = [
      await files.image(1, { altText: 'One.' }),
      await files.image(2),
      await files.image(3, { altText: 'Three.' }),
    ]
    const request = JSON.parse(
      describePin(await inputOf({ content: { media }, options: { coverIndex: 2 } }), null),
    )
    expect(request).toMatchObject({
      alt_text: 'One.\nThree.',
      media_source: { source_type: 'multiple_image_base64', index: 2, items: [{}, {}, {}] },
    })
  })

  it.each([
    ['PUBLIC', 'public'],
    ['PROTECTED', 'limited'],
    ['SECRET', 'private'],
  ])('on a board that is %s is %s', async (privacy, visibility) => {
    const { ctx } = cannedContext(created)
    const input = await inputOf({ account: { ...account, settings: { privacy } } })
    const step = await pinterest.continuePublish(
      ctx,
      input,
      take(input, await pinterest.startPublish(ctx, input)),
    )
    expect(step).toMatchObject({ sent: { visibility } })
  })

  it('carries the bytes of its pictures, whatever is written and however they come', async () => {
    const words = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('data":"picture 0"', '"data":"picture 1"', 'picture 0', '\\"data":"picture 0"'),
    )
    await fc.assert(
      fc.asyncProperty(
        words,
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 7 }),
        async (text, contents, size) => {
          const media = await Promise.all(
            contents.map(async (content) => ({
              ...(await sample),
              bytes: content.byteLength,
              stream: () => ({
                bytes: content.byteLength,
                async *open() {
                  for (let at = 0; at < content.byteLength; at += size) yield content.subarray(at, at + size)
                },
              }),
            })),
          )
          const input = await inputOf({ content: { text, title: text, media } })
          const body = bodyOf(describePin(input, null), input.content)
          const sent = await readStream(body)
          expect(sent.byteLength).toBe(body.bytes)
          const { description = '', media_source } = JSON.parse(sent.toString())
          expect(description).toBe(text.trim() === '' ? '' : text)
          const items: { data: string }[] = media_source.items ?? [media_source]
          expect(items.map(({ data }) => data)).toEqual(
            contents.map((content) => Buffer.from(content).toString('base64')),
          )
        },
      ),
      { numRuns: 60 },
    )
  })
})

const sample = files.image()

describe('a video', () => {
  const video = (more: Parameters<typeof files.video>[1] = {}) => files.video(1000, more)

  it('is registered, uploaded with all parameters and the file last, looked at, and pinned with a cover', async () => {
    const { ctx, requests } = cannedContext({
      '/v5/media': { status: 201, body: registered },
      '/media-upload/': { status: 204 },
      '/v5/media/333': [
        { body: { media_id: '333', media_type: 'video', status: 'registered' } },
        { body: { media_id: '333', media_type: 'video', status: 'processing' } },
        { body: { media_id: '333', media_type: 'video', status: 'succeeded' } },
      ],
      ...created,
    })
    const input = await inputOf({
      content: { media: [await video({ fileName: 'a"b.mp4' })] },
      options: { coverSeconds: 3 },
    })
    const first = await pinterest.startPublish(ctx, input)
    expect(first).toMatchObject({ type: 'wait', resumeAfterSeconds: 0 })
    expect(JSON.stringify(first.type === 'wait' && first.checkpoint)).not.toContain('secret')
    let step = await pinterest.continuePublish(ctx, input, take(input, first))
    expect(step).toMatchObject({ type: 'wait', progress: { uploadedBytes: 1000, totalBytes: 1000 } })
    const waits: number[] = []
    while (step.type === 'wait') {
      waits.push(step.resumeAfterSeconds)
      step = await pinterest.continuePublish(ctx, input, take(input, step))
    }
    expect(waits).toEqual([5, 5, 5])
    expect(step.type).toBe('send')
    await pinterest.continuePublish(ctx, input, take(input, step))

    expect(requests[0]?.body).toBe('{"media_type":"video"}')
    const { headers = {}, body } = requests[1] ?? {}
    expect(headers).not.toHaveProperty('authorization')
    const form = await new Response(new Uint8Array(await readStream(body)), {
      headers: { 'content-type': headers['content-type'] ?? '' },
    }).formData()
    expect([...form.keys()]).toEqual(['key', 'policy', 'x-amz-signature', 'file'])
    expect(form.get('policy')).toBe('secret policy')
    expect(JSON.parse((await readStream(requests.at(-1)?.body)).toString()).media_source).toEqual({
      source_type: 'video_id',
      media_id: '333',
      cover_image_key_frame_time: 3,
    })
  })

  it('takes the thumbnail of the post for its cover', async () => {
    const thumbnail = await files.image(4)
    const input = await inputOf({ content: { media: [await video({ thumbnail })] } })
    const body = await readStream(bodyOf(describePin(input, '333'), input.content))
    expect(JSON.parse(body.toString()).media_source).toEqual({
      source_type: 'video_id',
      media_id: '333',
      cover_image_content_type: 'image/jpeg',
      cover_image_data: Buffer.from(thumbnail.content).toString('base64'),
    })
  })

  it.each([
    'https://evil.example.org/',
    'http://s3.amazonaws.com/',
    'https://amazonaws.com.example.org/',
    'x',
  ])('is not uploaded to %s', async (upload_url) => {
    const { ctx } = cannedContext({ '/v5/media': { status: 201, body: { ...registered, upload_url } } })
    const input = await inputOf({ content: { media: [await video()] } })
    await expect(pinterest.startPublish(ctx, input)).rejects.toThrow('no address for the upload')
  })

  it('is uploaded to the storage of Pinterest', async () => {
    const upload_url = 'https://pinterest-media-upload.s3-accelerate.amazonaws.com/'
    const { ctx } = cannedContext({ '/v5/media': { status: 201, body: { ...registered, upload_url } } })
    const step = await pinterest.startPublish(ctx, await inputOf({ content: { media: [await video()] } }))
    expect(step.type === 'wait' && JSON.parse(step.secrets?.upload ?? '')).toMatchObject({ url: upload_url })
  })

  it('whose permission ran out is registered anew, twice at most', async () => {
    const { ctx } = cannedContext({
      '/v5/media': { status: 201, body: registered },
      '/media-upload/': { status: 403, body: 'secret policy' },
    })
    const input = await inputOf({ content: { media: [await video()] } })
    let step = await pinterest.startPublish(ctx, input)
    for (const tries of [2, 3]) {
      step = await pinterest.continuePublish(ctx, input, take(input, step))
      expect(step).toMatchObject({
        type: 'wait',
        checkpoint: { tries },
        secrets: { upload: expect.any(String) },
      })
    }
    const error = await pinterest
      .continuePublish(ctx, input, take(input, step))
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: 'The storage of Pinterest does not take the video.' })
    expect(error instanceof PlatformError && pinterest.classifyError(error, 'publish')).toEqual({
      kind: 'refused',
    })
  })

  it('that Pinterest could not use is refused', async () => {
    const { ctx } = cannedContext({ '/v5/media/333': { body: { media_id: '333', status: 'failed' } } })
    const input = await inputOf({ content: { media: [await video()] } })
    const error = await pinterest
      .continuePublish(ctx, input, { at: 'processing', mediaId: '333', looks: 0 })
      .catch((thrown: unknown) => thrown)
    expect(error instanceof PlatformError && pinterest.classifyError(error, 'publish')).toEqual({
      kind: 'refused',
    })
  })
})

describe('a Pin whose answer was lost', () => {
  const request = JSON.stringify({
    board_id: boardId,
    title: 'Cake',
    description: 'Words.',
    link: 'https://example.org/cake',
    media_source: { source_type: 'image_base64' },
  })
  const pin = (more: object = {}) => ({
    id: '1',
    created_at: now.toISOString(),
    title: 'Cake',
    description: 'Words.',
    link: 'https://example.org/cake',
    is_owner: true,
    media: { media_type: 'image' },
    ...more,
  })
  const at = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString()
  const path = `/v5/boards/${boardId}/pins`
  const find = async (pages: object[][], more: { privacy?: string; scopes?: string[] } = {}) => {
    const answers = pages.map((items, index) => ({
      body: { items, bookmark: index < pages.length - 1 ? `page ${index + 1}` : null },
    }))
    const { ctx, requests } = cannedContext({ [path]: answers })
    const found = await pinterest
      .findPublished(
        ctx,
        {
          access: { ...access(), grantedScopes: [...access().grantedScopes, ...(more.scopes ?? [])] },
          account: { ...account, settings: { privacy: more.privacy ?? 'PUBLIC' } },
          sentAt: now,
        },
        { at: 'pin', request },
      )
      .catch((error: unknown) => error)
    return { found, requests }
  }

  it('is found on its board by what it says and when it came', async () => {
    const { found, requests } = await find([
      [
        pin({ id: '9', created_at: at(601) }),
        pin({ id: '8', title: 'Cakes' }),
        pin({ id: '7', description: 'Other words.' }),
        pin({ id: '6', link: null }),
        pin({ id: '5', media: { media_type: 'video' } }),
        pin({ id: '4', is_owner: false }),
        pin({ id: '3', title: ' Cake ' }),
        pin({ id: '2', created_at: at(-121) }),
      ],
    ])
    expect(found).toMatchObject({ type: 'done', sent: { platformPostId: '3' } })
    expect(String(requests[0]?.url)).toContain('page_size=250')
  })

  it('is read at the time of Greenwich where no zone is told', async () => {
    const { found } = await find([[pin({ created_at: now.toISOString().replace('.000Z', '') })]])
    expect(found).toMatchObject({ type: 'done' })
  })

  it('is certainly not there once the list has come to what is older, or to its end', async () => {
    const old = pin({ title: 'Old', created_at: at(-3600) })
    const { found, requests } = await find([[pin({ title: 'New' }), old], [pin()]])
    expect(found).toBeNull()
    expect(requests).toHaveLength(1)
    expect((await find([[], []])).found).toBeNull()
  })

  it('is looked for to the end where the list is in another order', async () => {
    const old = (id: string, seconds: number) => pin({ id, title: 'Old', created_at: at(seconds) })
    const { found, requests } = await find([[old('1', -7200), old('2', -3600)], [pin({ id: '3' })]])
    expect(found).toMatchObject({ type: 'done', sent: { platformPostId: '3' } })
    expect(requests).toHaveLength(2)
  })

  it('stays open where several could be it, the board does not end, or is secret and cannot be read', async () => {
    const open = { code: 'outcome_unknown' }
    expect((await find([[pin({ id: '1' }), pin({ id: '2' })]])).found).toMatchObject(open)
    expect((await find(Array(25).fill([pin({ title: 'Other' })]))).found).toMatchObject(open)
    expect((await find([[pin()]], { privacy: 'SECRET' })).found).toMatchObject(open)
    const read = await find([[pin()]], { privacy: 'SECRET', scopes: ['pins:read_secret'] })
    expect(read.found).toMatchObject({ type: 'done', sent: { visibility: 'private' } })
  })
})

describe('errors', () => {
  it.each([
    [429, 8, 'Rate limit exceeded.', 'rate_limited'],
    [429, 8, 'Rate limit exceeded. Blocked as spam.', 'refused'],
    [403, 29, 'Apps with Trial access may not create Pins in production.', 'client_invalid'],
    [403, 29, 'Please use API Sandbox.', 'client_invalid'],
    [403, 29, 'You are not permitted to access that resource.', 'refused'],
    [404, 40, 'Board not found.', 'account_unusable'],
    [403, 7, 'Not authorized to access board or Pin.', 'account_unusable'],
    [401, 3, 'Your token does not have sufficient permissions.', 'account_unusable'],
    [401, 2, 'Authentication failed.', 'access_token_expired'],
    [400, 1, "'title' is too long", 'refused'],
    [500, 0, 'Something went wrong on our end.', 'unavailable'],
  ])('with status %i, code %i and "%s" mean %s', async (status, code, message, kind) => {
    const { ctx } = cannedContext({ '/v5/pins': { status, body: { code, message } } })
    const input = await inputOf()
    const error = await pinterest
      .continuePublish(ctx, input, take(input, await pinterest.startPublish(ctx, input)))
      .catch((thrown: unknown) => thrown)
    if (!(error instanceof PlatformError)) throw new Error('It was not refused.')
    expect(pinterest.classifyError(error, 'publish')).toMatchObject({ kind })
  })

  it('of a deletion say nothing where the Pin is gone already', async () => {
    const sent = { kind: 'post', visibility: 'public', platformPostId: '1', permalink: null } as const
    const gone = cannedContext({
      '/v5/pins/1': { status: 404, body: { code: 50, message: 'Pin not found.' } },
    })
    await pinterest.deletePost(gone.ctx, { access: access() }, sent)
    expect(gone.requests).toMatchObject([{ method: 'DELETE' }])
    const refused = cannedContext({ '/v5/pins/1': { status: 403, body: { code: 7, message: 'No.' } } })
    await expect(pinterest.deletePost(refused.ctx, { access: access() }, sent)).rejects.toMatchObject({
      status: 403,
    })
  })
})

describe('drafts', () => {
  const image = (width = 1000, altText = '') => {
    const file = { kind: 'image', is: 'image', width, height: 1500 } as Media & { is: 'image' }
    return { mediaId: file.id, altText, file }
  }
  const issuesOf = (content: object, options: object = {}) =>
    pinterest
      .validate({
        content: { text: '', visibility: 'public', replies: [], media: [image()], ...content },
        options: { coverIndex: 0, coverSeconds: 0, ...options },
        target: { kind: 'board', settings: {}, grantSettings: {}, grantedScopes: [] },
      })
      .map(({ code, severity, field }) => [code, severity, field])

  it('need a link that is whole and not too long', () => {
    expect(issuesOf({ link: { url: 'example.org' } })).toEqual([
      ['link_malformed', 'error', 'content.link.url'],
    ])
    expect(issuesOf({ link: { url: 'ftp://example.org' } })).toEqual([
      ['link_malformed', 'error', 'content.link.url'],
    ])
    const url = `https://example.org/${'x'.repeat(2028)}`
    expect(issuesOf({ link: { url } })).toEqual([])
    expect(issuesOf({ link: { url: `${url}x` } })).toEqual([['link_too_long', 'error', 'content.link.url']])
  })

  it('have room for one alt text, and better have pictures of one size', () => {
    const media = [image(1000, 'x'.repeat(250)), image(1000, 'x'.repeat(249))]
    expect(issuesOf({ media })).toEqual([])
    expect(issuesOf({ media: [...media, image(1000, 'y')] })).toEqual([
      ['alt_text_too_long', 'error', 'content.media'],
    ])
    expect(issuesOf({ media: [image(), image(999)] })).toEqual([
      ['image_dimensions_differ', 'warning', 'content.media'],
    ])
  })

  it('need options that make sense', () => {
    const wrong = (name: string) => [['option_invalid', 'error', `options.${name}`]]
    expect(issuesOf({}, { boardSectionId: 'Cakes' })).toEqual(wrong('boardSectionId'))
    expect(issuesOf({}, { dominantColor: 'red' })).toEqual(wrong('dominantColor'))
    expect(issuesOf({ media: [image(), image()] }, { coverIndex: 2 })).toEqual(wrong('coverIndex'))
    const video = { kind: 'video', is: 'video', durationMs: 10_000 } as Media & { is: 'video' }
    const media = [{ mediaId: video.id, file: video }]
    expect(issuesOf({ media }, { coverSeconds: 11 })).toEqual(wrong('coverSeconds'))
    expect(issuesOf({ media }, { coverSeconds: 10 })).toEqual([])
    expect(issuesOf({}, { boardSectionId: '7', dominantColor: '#00ff00' })).toEqual([])
  })
})
