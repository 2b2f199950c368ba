import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { createLinkedin } from './index.js'
import { readLittleText } from './little-text.js'

let sandbox: RunningSandbox
afterEach(() => sandbox?.close())

const ada = 'urn:li:person:adaSandbx1'
const works = 'urn:li:organization:79000001'
const studio = 'urn:li:organization:79000002'
const SCOPES = ['openid', 'w_member_social', 'w_organization_social', 'r_organization_social']

async function start(scopes = SCOPES) {
  sandbox = await startSandbox({ platforms: [createLinkedin()] })
  const { base, world, clock, tokens, app, badDays } = sandbox.platform('linkedin')
  const issued = tokens.issue({ clientId: app?.clientId ?? '', personId: 'adaSandbx1', scopes })
  const authorization = { authorization: `Bearer ${issued.accessToken}` }
  const call = async (method: string, path: string, body?: unknown, more: Record<string, string> = {}) => {
    const headers = {
      ...authorization,
      'linkedin-version': '202609',
      'x-restli-protocol-version': '2.0.0',
      ...more,
    }
    const response = await fetch(`${base}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const json = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
    return { status: response.status, urn: response.headers.get('x-restli-id'), text, body: json }
  }
  const post = (more: Record<string, unknown> = {}) =>
    call('POST', '/rest/posts', {
      author: ada,
      commentary: 'Hello',
      visibility: 'PUBLIC',
      distribution: { feedDistribution: 'MAIN_FEED' },
      lifecycleState: 'PUBLISHED',
      ...more,
    })
  const begin = async (kind: 'images' | 'videos', request: Record<string, unknown>) => {
    const { body } = await call('POST', `/rest/${kind}?action=initializeUpload`, {
      initializeUploadRequest: { owner: ada, ...request },
    })
    return body.value as Record<string, unknown>
  }
  const put = (url: string, bytes: number, headers: Record<string, string> = {}) =>
    fetch(url, { method: 'PUT', body: new Uint8Array(bytes).fill(7), headers })
  const image = async () => {
    const { image: urn, uploadUrl } = await begin('images', {})
    await put(String(uploadUrl), 3, authorization)
    return String(urn)
  }
  return { call, post, begin, put, image, authorization, world, clock, badDays }
}

const hashOf = (bytes: number) => createHash('sha256').update(new Uint8Array(bytes).fill(7)).digest('hex')

describe('posts', () => {
  it('are made without a word but an id in a header, and deleted without complaint', async () => {
    const { post, call, world } = await start()
    const { status, urn, text } = await post({ commentary: 'Hello \\(all\\)' })
    expect([status, text]).toEqual([201, ''])
    expect(urn).toMatch(/^urn:li:share:\d+$/)
    expect(world.posts()).toMatchObject([{ id: urn, text: 'Hello (all)', personId: 'adaSandbx1' }])
    const path = `/rest/posts/${encodeURIComponent(urn ?? '')}`
    for (const _ of [1, 2]) expect((await call('DELETE', path)).status).toBe(204)
    expect(world.posts()).toEqual([])
  })

  it('of a page are by who may speak for it, and are listed', async () => {
    const { post, call, world } = await start()
    const { urn } = await post({ author: works })
    expect(world.posts({ resourceId: '79000001' })).toMatchObject([{ id: urn, personId: null }])
    const path = `/rest/posts?q=author&author=${encodeURIComponent(works)}&sortBy=CREATED`
    const list = await call('GET', path, undefined, { 'x-restli-method': 'FINDER' })
    expect(list.body.elements).toMatchObject([
      { id: urn, commentary: 'Hello', createdAt: expect.any(Number) },
    ])
    expect((await call('GET', path)).status).toBe(400)
    expect(await post({ author: studio })).toMatchObject({ status: 400 })
    const own = `/rest/posts?q=author&author=${encodeURIComponent(ada)}&sortBy=CREATED`
    expect((await call('GET', own, undefined, { 'x-restli-method': 'FINDER' })).status).toBe(403)
  })

  it.each([
    [{ author: 'urn:li:person:benSandbx2' }, 403, 'ACCESS_DENIED'],
    [{ commentary: 'a'.repeat(3001) }, 400, 'FIELD_LENGTH_TOO_LONG'],
    [{ visibility: 'FRIENDS' }, 422, 'ILLEGAL_ARGUMENT'],
    [{ lifecycleState: 'DRAFT' }, 422, 'ILLEGAL_ARGUMENT'],
    [{ shoeSize: 42 }, 422, 'ILLEGAL_ARGUMENT'],
    [{ content: { media: { id: 'urn:li:image:1' } } }, 403, 'ACCESS_DENIED'],
    [{ content: { multiImage: { images: [{}] } } }, 400, 'ILLEGAL_ARGUMENT'],
    [{ content: { article: { source: 'https://example.org' } } }, 400, 'MISSING_FIELD'],
  ])('are refused: %j', async (more, status, code) => {
    const { post } = await start()
    expect(await post(more)).toMatchObject({ status, body: { code } })
  })

  it('are not made twice within ten minutes, and the refusal names the first', async () => {
    const { post, clock } = await start()
    const { urn } = await post()
    expect(await post()).toMatchObject({ status: 422, body: { message: `Content is a duplicate of ${urn}` } })
    clock.advance(601)
    expect((await post()).status).toBe(201)
  })

  it('take the right to post', async () => {
    const { post } = await start(['openid'])
    expect(await post()).toMatchObject({ status: 403, body: { code: 'ACCESS_DENIED' } })
  })

  it.each([
    ['all \\(of it\\) #tag', 'all (of it) #tag'],
    ['cut (off', 'cut '],
    ['{hashtag|\\#|tag} @[Ada](urn:li:person:1)', '#tag Ada'],
    ['a_b', 'a'],
  ])('of %j show %j', (written, shown) => {
    expect(readLittleText(written)).toBe(shown)
  })
})

describe('uploads', () => {
  it('of images want the token, and are not to be looked at', async () => {
    const { begin, put, post, call, authorization, world } = await start()
    const { image, uploadUrl } = await begin('images', {})
    expect((await put(String(uploadUrl), 3)).status).toBe(401)
    const content = { media: { id: image, altText: 'A dot' } }
    expect(await post({ content })).toMatchObject({ body: { code: 'MEDIA_ASSET_WAITING_UPLOAD' } })
    expect((await put(String(uploadUrl), 3, authorization)).status).toBe(201)
    expect((await post({ content })).status).toBe(201)
    expect(world.posts()).toMatchObject([{ media: [{ sha256: hashOf(3), altText: 'A dot' }] }])
    expect((await call('GET', `/rest/images/${encodeURIComponent(String(image))}`)).status).toBe(403)
  })

  it('of several images stand in one post', async () => {
    const { image, post, world } = await start()
    const images = [{ id: await image() }, { id: await image(), altText: 'Two' }]
    await post({ content: { multiImage: { images } } })
    expect(world.posts()[0]?.media.map(({ altText }) => altText)).toEqual(['', 'Two'])
  })

  it('of videos come in parts without the token, and are worked on', async () => {
    const { begin, put, call, post, authorization, badDays, clock, world } = await start()
    badDays.set({ fault: 'slow_media', seconds: 60 })
    const bytes = 4 * 1024 * 1024 + 10
    const { video, uploadToken, uploadInstructions } = await begin('videos', { fileSizeBytes: bytes })
    const parts = uploadInstructions as { uploadUrl: string; firstByte: number; lastByte: number }[]
    expect(parts.map(({ firstByte, lastByte }) => lastByte - firstByte + 1)).toEqual([4_194_304, 10])
    expect((await put(parts[1]?.uploadUrl ?? '', 10, authorization)).status).toBe(401)
    expect((await put(parts[1]?.uploadUrl ?? '', 9)).status).toBe(400)
    const etags: (string | null)[] = []
    for (const { uploadUrl, firstByte, lastByte } of parts) {
      etags.push((await put(uploadUrl, lastByte - firstByte + 1)).headers.get('etag'))
    }
    const finalize = (uploadedPartIds: unknown) =>
      call('POST', '/rest/videos?action=finalizeUpload', {
        finalizeUploadRequest: { video, uploadToken, uploadedPartIds },
      })
    const path = `/rest/videos/${encodeURIComponent(String(video))}`
    const content = { media: { id: video } }
    expect((await finalize([...etags].reverse())).status).toBe(400)
    expect((await call('GET', path)).body.status).toBe('WAITING_UPLOAD')
    expect((await finalize(etags)).status).toBe(200)
    expect((await call('GET', path)).body.status).toBe('PROCESSING')
    expect((await post({ content })).body.code).toBe('MEDIA_ASSET_WAITING_UPLOAD')
    clock.advance(60)
    expect((await call('GET', path)).body.status).toBe('AVAILABLE')
    expect((await post({ content })).urn).toMatch(/^urn:li:ugcPost:/)
    expect(world.posts()).toMatchObject([{ media: [{ sha256: hashOf(bytes) }] }])
  })

  it('belong to their owner, and their addresses end', async () => {
    const { begin, put, post, authorization, clock } = await start()
    const { image, uploadUrl } = await begin('images', { owner: works })
    await put(String(uploadUrl), 3, authorization)
    expect(await post({ content: { media: { id: image } } })).toMatchObject({ status: 403 })
    const late = await begin('images', {})
    clock.advance(86_401)
    expect((await put(String(late.uploadUrl), 3, authorization)).status).toBe(403)
  })
})
