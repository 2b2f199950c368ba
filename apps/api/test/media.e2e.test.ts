import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mediaUrl, newId } from '@postmcp/core'
import { grownVideo, sampleImage, sampleVideo } from '@postmcp/core/testing'
import { PostMcp } from '@postmcp/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApp } from '../src/index.js'
import { openTestInstallation, type TestInstallation } from './support/installation.js'

let product: TestInstallation
let site: Server
let origin: string
let video: Uint8Array<ArrayBuffer>

beforeAll(async () => {
  video = await sampleVideo({ hasSound: true })
  site = createServer((request, response) => {
    if (request.url === '/cat.mp4') response.end(video)
    else response.writeHead(404).end()
  })
  await once(site.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  product = await openTestInstallation({
    POSTMCP_ALLOW_ORIGINS: origin,
    POSTMCP_PUBLIC_URL: 'https://post.example.org/api',
    POSTMCP_SANDBOX: 'off',
    POSTMCP_MAX_MEDIA_BYTES: '2000000',
  })
})
afterAll(async () => {
  await product?.close()
  site?.close()
})

const upload = (content: Uint8Array<ArrayBuffer>, name = 'cat.mp4') =>
  product.ok('POST', `/media?fileName=${name}`, undefined, { raw: { type: 'video/mp4', content } })

describe('a file', () => {
  it('comes by an upload or from an address, and tells what it is', async () => {
    const uploaded = await upload(video)
    const fetched = await product.ok('POST', '/media/fetch', { url: `${origin}/cat.mp4` })
    for (const media of [uploaded, fetched]) {
      expect(media).toMatchObject({
        kind: 'video',
        mimeType: 'video/mp4',
        bytes: video.length,
        width: 64,
        height: 32,
        durationMs: 2000,
        frameRate: 25,
        videoCodec: 'avc',
        audioCodec: 'opus',
        isAnimated: false,
        frames: null,
        fileName: 'cat.mp4',
        deletedAt: null,
      })
      expect(await product.ok('GET', `/media/${media.id}`)).toEqual(media)
    }
    expect(uploaded.sha256).toBe(fetched.sha256)
  })

  it('that cannot be fetched is told why, and kept off whatever is inside', async () => {
    const fetchFile = (url: unknown) => product.call('POST', '/media/fetch', { url })
    expect((await fetchFile(`${origin}/dog.mp4`)).body).toMatchObject({ code: 'media_fetch_failed' })
    expect((await fetchFile('https://127.0.0.1/x')).body).toMatchObject({ code: 'address_not_allowed' })
    expect((await fetchFile('no address')).body).toMatchObject({ code: 'invalid_request' })
    const long = await fetchFile(`https://example.org/${'x'.repeat(70_000)}`)
    expect(long.body).toMatchObject({ code: 'payload_too_large' })
  })

  it('is deleted, but for what is known of it', async () => {
    const media = await upload(video)
    for (let turn = 0; turn < 2; turn++) {
      expect((await product.call('DELETE', `/media/${media.id}`)).status).toBe(204)
    }
    expect((await product.ok('GET', `/media/${media.id}`)).deletedAt).not.toBeNull()
    expect((await product.call('DELETE', `/media/${newId('media')}`)).status).toBe(404)
  })

  it('comes through the SDK, streamed, with its progress', async () => {
    const api = new PostMcp({ apiKey: product.apiKey, fetch: async (request) => product.app.fetch(request) })
    let told = 0
    const media = await api.media.upload(grownVideo(1_000_000), {
      fileName: 'large.mp4',
      onProgress: ({ sentBytes }) => {
        told = sentBytes
      },
    })
    expect(media).toMatchObject({ bytes: 1_000_000, kind: 'video', fileName: 'large.mp4' })
    expect(told).toBe(1_000_000)
    const tooLarge = api.media.upload(grownVideo(3_000_000))
    await expect(tooLarge).rejects.toMatchObject({ code: 'payload_too_large' })
    expect(await api.media.fetch(`${origin}/cat.mp4`)).toMatchObject({ kind: 'video' })
    await api.media.delete(media.id)
  })
})

describe('the address of a file', () => {
  let path: string
  let etag: string
  beforeAll(async () => {
    const { id } = await upload(video, 'Cat%20%22.mp4')
    path = await pathOf(id)
    etag = (await ask()).headers.get('etag') ?? ''
  })
  async function pathOf(id: string, expiresInSeconds = 60): Promise<string> {
    const [row] = await product.database.query<{ workspace_id: `ws_${string}` }>(
      'select workspace_id from media where id = $1',
      [id],
    )
    const media = row && (await product.core.store.media.get(row.workspace_id, id as `media_${string}`))
    if (!media) throw new Error('there is no such file')
    const url = await mediaUrl(product.core, media, { expiresInSeconds })
    expect(url).toMatch(/^https:\/\/post\.example\.org\/api\/files\//)
    return new URL(url).pathname.replace('/api', '')
  }
  const ask = async (headers: Record<string, string> = {}, method = 'GET', at = path) =>
    product.app.request(at, { method, headers })
  const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code
  const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer())

  it('leads anybody to it, and to nothing that could act as a page', async () => {
    const answer = await ask()
    expect(answer.status).toBe(200)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': String(video.length),
      'accept-ranges': 'bytes',
      'cache-control': 'private',
      'content-disposition': 'inline; filename="Cat.mp4"',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    })
    expect(await bytesOf(answer)).toEqual(video)
    const head = await ask({}, 'HEAD')
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([
      200,
      String(video.length),
      '',
    ])
    expect((await ask({}, 'POST')).status).toBe(401)
  })

  it('gives any part of it', async () => {
    const end = video.length
    const parts: [string, number, number][] = [
      ['bytes=0-0', 0, 1],
      ['bytes=10-19', 10, 20],
      ['bytes=100-', 100, end],
      ['bytes=-5', end - 5, end],
      [`bytes=${end - 1}-${end + 50}`, end - 1, end],
      [`bytes=-${end * 2}`, 0, end],
    ]
    for (const [range, from, to] of parts) {
      const answer = await ask({ range })
      expect([answer.status, answer.headers.get('content-range')], range).toEqual([
        206,
        `bytes ${from}-${to - 1}/${end}`,
      ])
      expect(answer.headers.get('content-length')).toBe(String(to - from))
      expect(await bytesOf(answer)).toEqual(video.slice(from, to))
    }
    for (const range of [`bytes=${end}-`, 'bytes=-0']) {
      const answer = await ask({ range })
      expect([answer.status, answer.headers.get('content-range'), await answer.text()]).toEqual([
        416,
        `bytes */${end}`,
        '',
      ])
    }
    for (const range of ['bytes=5-2', 'bytes=', 'bytes=0-1,5-6', 'lines=1-2', 'x']) {
      expect((await ask({ range })).status, range).toBe(200)
    }
  })

  it('gives parts only of the file that was meant, and nothing to who has it', async () => {
    expect((await ask({ range: 'bytes=0-1', 'if-range': etag })).status).toBe(206)
    expect((await ask({ range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200)
    expect((await ask({ 'if-none-match': etag })).status).toBe(304)
    expect((await ask({ 'if-none-match': '"other"' })).status).toBe(200)
  })

  it('is good for nothing else, and not for ever', async () => {
    const other = await upload(await sampleImage('png'))
    const [, , workspace = '', media = '', token = '', name = ''] = path.split('/')
    for (const forged of [
      `/files/${workspace}/${other.id}/${token}/${name}`,
      `/files/${newId('workspace')}/${media}/${token}/${name}`,
      `/files/${workspace}/${media}/9${token}/${name}`,
      `/files/${workspace}/${media}/${token.slice(0, -2)}/${name}`,
      `/files/${workspace}/${media}/x/${name}`,
      `/files/${workspace}/..%2f..%2fkeyring.json/${token}/${name}`,
    ]) {
      const answer = await ask({}, 'GET', forged)
      expect([answer.status, await codeOf(answer)], forged).toEqual([404, 'not_found'])
    }
    const expired = await pathOf(other.id, -1)
    const answer = await ask({}, 'GET', expired)
    expect([answer.status, await codeOf(answer)]).toEqual([410, 'link_expired'])
    const gone = await pathOf(other.id)
    await product.ok('DELETE', `/media/${other.id}`)
    expect((await ask({}, 'GET', gone)).status).toBe(410)
  })

  it('stands in no log', async () => {
    const lines: unknown[] = []
    const log = (fields: unknown, message: unknown) => void lines.push(fields, message)
    const logger = { debug: log, info: log, warn: log, error: log }
    const app = createApp({ ...product.core, logger }, null)
    await (await app.request(path)).arrayBuffer()
    await app.request(path.replace(/\.(?=[\w-]{43}\/)/, '.A'))
    expect(lines.length).toBeGreaterThan(0)
    expect(JSON.stringify(lines)).not.toContain(path.split('/')[4]?.split('.')[1])
  })
})
