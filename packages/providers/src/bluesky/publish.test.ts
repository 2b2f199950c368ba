import type { Content, PublishInput } from '@postmcp/core'
import { describe, expect, it } from 'vitest'
import { type Canned, cannedContext, did, now, pds } from './fixtures/context.js'
import { continuePublish, deletePost, startPublish, validate } from './publish.js'

const rkey = '3jzfcijpj2z2a'
const input = (content: Partial<PublishInput['content']> = {}): PublishInput => ({
  access: {
    authMethod: 'credentials',
    grantedScopes: [],
    subject: did,
    settings: { pds },
    tokens: { accessToken: 'access' },
  },
  account: { targetId: did, handle: 'anna.example.org', settings: {}, secrets: {} },
  content: { text: 'Hello', media: [], ...content },
  dedupeKey: rkey,
  startedAt: now,
})
const image = (more: Partial<PublishInput['content']['media'][number]> = {}) => ({
  mimeType: 'image/png',
  bytes: 3,
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
  const issuesOf = (content: Partial<Content>) => validate({ text: 'Hello', media: [], ...content })

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

  it('with an image without alt text is warned about', () => {
    const media: Content['media'] = [{ mediaId: 'media_1', altText: 'A dot' }, { mediaId: 'media_2' }]
    expect(issuesOf({ media })).toMatchObject([
      { code: 'alt_text_missing', severity: 'warning', field: 'content.media.1.altText' },
    ])
  })

  it('that is right has no issues', () => {
    expect(issuesOf({ languages: ['en', 'pt-BR'], link: { url: 'https://example.org' } })).toEqual([])
  })
})

describe('a prepared post', () => {
  it('is a write that demands that nothing is there yet', async () => {
    const { request, step } = await prepare({ languages: ['en'] })
    expect(step.checkpoint).toEqual({ rkey, request: expect.any(String) })
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
      { media: [image(), image({ altText: '', width: null })] },
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
    await expect(startPublish(ctx, input({ media: [image()] }))).rejects.toMatchObject({
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
    const step = await continuePublish(ctx, input(), { rkey, request: '{"exactly": "this"}' })
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

describe('deleting', () => {
  it('refuses what is not a post of the account', async () => {
    const { ctx } = cannedContext({})
    const { access } = input()
    for (const id of [
      'x',
      'at://did:plc:bbbbbbbbbbbbbbbbbbbbbbbb/app.bsky.feed.post/1',
      `at://${did}/app.bsky.graph.follow/1`,
    ]) {
      await expect(deletePost(ctx, access, id)).rejects.toMatchObject({ code: 'invalid_request' })
    }
  })
})
