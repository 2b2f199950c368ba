import type { Content, PublishInput } from '@postmcp/core'
import { createSampleFiles, publishInputOf } from '@postmcp/core/testing'
import { describe, expect, it } from 'vitest'
import { type Canned, cannedContext, did, now, pds } from './fixtures/context.js'
import { continuePublish, deletePost, startPublish, validate } from './publish.js'

const rkey = '3jzfcijpj2z2a'
const input = (content: Partial<PublishInput['content']> = {}): PublishInput =>
  publishInputOf({
    access: {
      authMethod: 'credentials',
      grantedScopes: [],
      subject: did,
      settings: { pds },
      tokens: { accessToken: 'access' },
    },
    account: { targetId: did, handle: 'anna.example.org', settings: {}, secrets: {} },
    content: { text: 'Hello', ...content },
    dedupeKey: rkey,
    startedAt: now,
  })
const files = createSampleFiles()
const image = async (more: Partial<PublishInput['content']['media'][number]> = {}) =>
  files.image(0, {
    mimeType: 'image/png',
    width: 40,
    height: 30,
    altText: 'A dot',
    read: async () => new Uint8Array([1, 2, 3]),
    ...more,
  })
const blob = {
  $type: 'blob',
  ref: { $link: 'bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yaa' },
  mimeType: 'image/png',
  size: 3,
}
const uploaded = { 'com.atproto.repo.uploadBlob': { body: { blob } } }

async function prepare(content: Partial<PublishInput['content']>, answers: Record<string, Canned> = {}) {
  const { ctx, requests } = cannedContext(answers)
  const step = await startPublish(ctx, input(content))
  if (step.type !== 'send') throw new Error(step.type)
  const { request } = step.checkpoint as { request: string }
  return {
    requests,
    step,
    request: JSON.parse(request) as Record<string, unknown> & { record: Record<string, unknown> },
  }
}

describe('a draft', () => {
  const target = { kind: 'profile', settings: {}, grantSettings: {}, grantedScopes: [] }
  const issuesOf = (content: Pick<Content, 'languages' | 'link'>) =>
    validate({
      content: { text: 'Hello', media: [], visibility: 'public', replies: [], ...content },
      options: {},
      target,
    })

  it('with more than three languages, or what is none, is refused', () => {
    expect(issuesOf({ languages: ['en', 'de', 'fr', 'it'] })).toEqual([
      {
        code: 'too_many_languages',
        severity: 'error',
        message: 'Bluesky takes at most 3 languages per post; there are 4.',
        field: 'content.languages',
        allowed: 3,
        found: 4,
      },
    ])
    expect(issuesOf({ languages: ['en', 'not a language'] })).toMatchObject([
      { code: 'language_malformed', field: 'content.languages.1' },
    ])
  })

  it.each(['example.org', 'javascript:alert(1)', ''])('with the link %j is refused', (url) => {
    expect(issuesOf({ link: { url } })).toMatchObject([{ code: 'link_malformed', field: 'content.link.url' }])
  })

  it('that is right has no issues', () => {
    expect(issuesOf({ languages: ['en', 'pt-BR'], link: { url: 'https://example.org' } })).toEqual([])
  })
})

describe('a prepared post', () => {
  it('is a write that demands that nothing is there yet', async () => {
    const { request, step } = await prepare({ languages: ['en'] })
    expect(step.checkpoint).toEqual({ rkey, request: expect.any(String), replies: [] })
    expect(request).toEqual({
      repo: did,
      collection: 'app.bsky.feed.post',
      rkey,
      record: {
        $type: 'app.bsky.feed.post',
        text: 'Hello',
        createdAt: '2026-11-22T12:00:00.000Z',
        langs: ['en'],
      },
      swapRecord: null,
    })
  })

  it('carries its images with alt text and shape, uploaded as they are', async () => {
    const { request, requests } = await prepare(
      { media: [await image(), await image({ altText: '', width: null })] },
      uploaded,
    )
    expect(requests[0]).toMatchObject({
      headers: { authorization: 'Bearer access', 'content-type': 'image/png' },
      body: new Uint8Array([1, 2, 3]),
    })
    expect(request.record.embed).toEqual({
      $type: 'app.bsky.embed.images',
      images: [
        { alt: 'A dot', image: blob, aspectRatio: { width: 40, height: 30 } },
        { alt: '', image: blob },
      ],
    })
  })

  it.each([
    [
      { url: 'https://example.org/a/?q=1' },
      { uri: 'https://example.org/a/?q=1', title: 'example.org/a', description: '' },
    ],
    [
      { url: 'https://example.org', title: 'Title', description: 'Words' },
      { uri: 'https://example.org', title: 'Title', description: 'Words' },
    ],
  ])('shows the link %j as a card', async (link, external) => {
    const { request } = await prepare({ link })
    expect(request.record.embed).toEqual({ $type: 'app.bsky.embed.external', external })
  })

  it('that its lexicon would refuse is refused before it is sent', async () => {
    const { ctx, requests } = cannedContext({})
    await expect(startPublish(ctx, input({ text: 'a'.repeat(301) }))).rejects.toMatchObject({
      code: 'validation_failed',
      issues: [{ code: 'record_invalid', field: 'content' }],
    })
    expect(requests).toEqual([])
  })

  it.each([
    [413, { error: 'PayloadTooLarge', message: 'request entity too large' }],
    [413, '<html>nginx</html>'],
    [400, { error: 'BlobTooLarge', message: 'This file is too large.' }],
  ])('whose image an older server finds too large (%s) says so', async (status, body) => {
    const { ctx } = cannedContext({ 'com.atproto.repo.uploadBlob': { status, body } })
    await expect(startPublish(ctx, input({ media: [await image()] }))).rejects.toMatchObject({
      name: 'PlatformError',
      status,
      message: expect.stringMatching(
        /^The server of this account takes only smaller images than Bluesky itself/,
      ),
    })
  })
})

describe('sending', () => {
  it('sends the bytes of the checkpoint and says where the post is', async () => {
    const uri = `at://${did}/app.bsky.feed.post/${rkey}`
    const { ctx, requests } = cannedContext({ 'com.atproto.repo.putRecord': { body: { uri, cid: 'bafy' } } })
    const step = await continuePublish(ctx, input(), { rkey, request: '{"exactly": "this"}', replies: [] })
    expect(requests[0]).toMatchObject({
      body: '{"exactly": "this"}',
      headers: { 'content-type': 'application/json' },
    })
    expect(step).toEqual({
      type: 'done',
      sent: {
        kind: 'post',
        visibility: 'public',
        platformPostId: uri,
        permalink: `https://web.example.org/profile/${did}/post/${rkey}`,
      },
    })
  })
})

describe('a thread', () => {
  const uriOf = (key: string) => `at://${did}/app.bsky.feed.post/${key}`

  it('goes on below what was written, each post with a key of its own, known from the start', async () => {
    const { step } = await prepare({ replies: ['Second', 'Third'] })
    const { replies } = step.checkpoint as { replies: { rkey: string }[] }
    const keys = replies.map((reply) => reply.rkey)
    expect(keys.toSorted()).toEqual(keys)
    const cids = ['bafyfirst', 'bafysecond', 'bafythird']
    const { ctx, requests } = cannedContext({
      'com.atproto.repo.putRecord': cids.map((cid, index) => ({
        body: { uri: uriOf([rkey, ...keys][index] ?? ''), cid },
      })),
    })
    const second = await continuePublish(ctx, input(), step.checkpoint)
    expect(second).toMatchObject({ type: 'send', published: { platformPostId: uriOf(rkey) } })
    if (second.type !== 'send') return
    const third = await continuePublish(ctx, input(), second.checkpoint)
    if (third.type !== 'send') throw new Error(third.type)
    expect(await continuePublish(ctx, input(), third.checkpoint)).toMatchObject({
      type: 'done',
      sent: { platformPostId: uriOf(rkey), parts: keys.map(uriOf) },
    })
    const records = requests.map(({ body }) => JSON.parse(String(body)).record)
    const root = { uri: uriOf(rkey), cid: 'bafyfirst' }
    expect(records.map(({ text, reply }) => ({ text, reply }))).toEqual([
      { text: 'Hello', reply: undefined },
      { text: 'Second', reply: { root, parent: root } },
      { text: 'Third', reply: { root, parent: { uri: uriOf(keys[0] ?? ''), cid: 'bafysecond' } } },
    ])
  })
})

describe('a video', () => {
  const describeServer = { body: { did: 'did:web:pds.example.org' } }
  const getServiceAuth = { body: { token: 'service token' } }
  const common = {
    'com.atproto.server.describeServer': describeServer,
    'com.atproto.server.getServiceAuth': getServiceAuth,
  }
  const job = { jobId: 'job1', did, state: 'JOB_STATE_CREATED' }
  const withVideo = async () => input({ media: [await files.video(1000, { altText: 'A film' })] })

  it.each([
    ['bare', { body: job }],
    ['wrapped', { body: { jobStatus: job } }],
    ['known already', { status: 409, body: { ...job, error: 'already_exists' } }],
  ])(
    'is handed to the video service, whose answer is %s, with a token for the account server',
    async (_, answer) => {
      const { ctx, requests } = cannedContext({ ...common, 'app.bsky.video.uploadVideo': answer })
      const step = await startPublish(ctx, await withVideo())
      expect(step).toMatchObject({ type: 'wait', checkpoint: { jobId: 'job1' }, resumeAfterSeconds: 0 })
      const asked = new URL(requests[1]?.url ?? '').searchParams
      expect(Object.fromEntries(asked)).toMatchObject({
        aud: 'did:web:pds.example.org',
        lxm: 'com.atproto.repo.uploadBlob',
      })
      expect(Number(asked.get('exp'))).toBe(now.getTime() / 1000 + 1800)
      expect(requests[2]).toMatchObject({
        headers: { authorization: 'Bearer service token', 'content-type': 'video/mp4' },
        body: { bytes: 1000 },
      })
      expect(JSON.stringify(step)).not.toContain('service token')
    },
  )

  it('is waited for, and shown when it is ready', async () => {
    const checkpoint = { jobId: 'job1', startedAt: now.toISOString() }
    const encoded = { ...blob, mimeType: 'video/mp4' }
    const { ctx } = cannedContext({
      'app.bsky.video.getJobStatus': [
        { body: { jobStatus: { ...job, state: 'JOB_STATE_ENCODING', progress: 40 } } },
        { body: { jobStatus: { ...job, state: 'JOB_STATE_COMPLETED', blob: encoded } } },
      ],
    })
    expect(await continuePublish(ctx, await withVideo(), checkpoint)).toEqual({
      type: 'wait',
      checkpoint,
      resumeAfterSeconds: 2,
    })
    const step = await continuePublish(ctx, await withVideo(), checkpoint)
    if (step.type !== 'send') throw new Error(step.type)
    const { request } = step.checkpoint as { request: string }
    expect(JSON.parse(request).record.embed).toEqual({
      $type: 'app.bsky.embed.video',
      video: encoded,
      alt: 'A film',
      aspectRatio: { width: 1080, height: 1920 },
    })
  })

  it.each([
    [
      { body: { jobStatus: { ...job, state: 'JOB_STATE_FAILED', failureCode: 'validation_failure' } } },
      'validation_failure',
    ],
    [{ body: { jobStatus: { ...job, state: 'JOB_STATE_FAILED' } } }, 'video_refused'],
  ])('that cannot be processed is refused', async (answer, platformCode) => {
    const { ctx } = cannedContext({ 'app.bsky.video.getJobStatus': answer })
    const checkpoint = { jobId: 'job1', startedAt: now.toISOString() }
    await expect(continuePublish(ctx, await withVideo(), checkpoint)).rejects.toMatchObject({ platformCode })
  })

  it('of an account whose address is not confirmed says what to do', async () => {
    const jobStatus = { did: '', error: 'unconfirmed_email', jobId: '', state: '' }
    const answer = { status: 400, body: { jobStatus } }
    const { ctx } = cannedContext({ ...common, 'app.bsky.video.uploadVideo': answer })
    await expect(startPublish(ctx, await withVideo())).rejects.toMatchObject({
      platformCode: 'unconfirmed_email',
      message: expect.stringContaining('Confirm the e-mail address'),
    })
  })
})

describe('deleting', () => {
  it('refuses what is not a post of the account', async () => {
    const { ctx } = cannedContext({})
    const { access } = input()
    for (const id of [
      'x',
      'at://did:plc:bbbbbbbbbbbbbbbbbbbbbbbb/app.bsky.feed.post/1',
      `at://${did}/app.bsky.graph.follow/1`,
    ]) {
      const sent = { kind: 'post', visibility: 'public', platformPostId: id, permalink: null } as const
      await expect(deletePost(ctx, { access }, sent)).rejects.toMatchObject({ code: 'invalid_request' })
    }
  })
})
