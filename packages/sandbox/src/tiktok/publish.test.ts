import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { createTikTok } from './index.js'

const MiB = 1024 * 1024
const scopes = ['user.info.basic', 'video.publish', 'video.upload']

let closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing) await close()
  closing = []
})

/** Bytes that begin like an MP4. */
function video(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length).fill(7)
  bytes.set(Buffer.from('0000001c66747970', 'hex').subarray(0, length))
  return bytes
}

/** Serves files by their paths. @returns the address of one */
async function serve(files: Record<string, { type: string; body: string }>) {
  const server = createServer((request, response) => {
    const file = files[request.url ?? '']
    if (!file) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': file.type }).end(file.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise((resolve) => server.close(resolve)))
  const { port } = server.address() as AddressInfo
  return (path: string) => `http://127.0.0.1:${port}${path}`
}

async function start(granted = scopes) {
  const running: RunningSandbox = await startSandbox({ platforms: [createTikTok()] })
  closing.unshift(() => running.close())
  const handle = running.platform('tiktok')
  const { world, endpoints, tokens, app } = handle
  const [ada, ben] = world.people()
  if (!ada || !ben) throw new Error('Nobody is there.')
  const tokenOf = (personId: string, names = granted) =>
    tokens.issue({ clientId: app?.clientId ?? '', personId, scopes: names }).accessToken
  const accessToken = tokenOf(ada.id)
  const post = async (path: string, body: unknown, token = accessToken) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const answer = await fetch(`${endpoints.open}/v2/post/publish${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    const text = await answer.text()
    return {
      status: answer.status,
      text,
      ...(JSON.parse(text) as { data: Record<string, string>; error: { code: string } }),
    }
  }
  const info = { title: 'Words', privacy_level: 'PUBLIC_TO_EVERYONE' }
  const source = (total: number, chunk_size = total, total_chunk_count = 1) => ({
    source: 'FILE_UPLOAD',
    video_size: total,
    chunk_size,
    total_chunk_count,
  })
  const announce = (post_info: object = info, source_info: object = source(1000)) =>
    post('/video/init/', { post_info, source_info })
  const put = async (url: string, range: string, body: Uint8Array<ArrayBuffer>, type = 'video/mp4') => {
    const headers = { 'content-range': range, 'content-type': type }
    return (await fetch(url, { method: 'PUT', headers, body })).status
  }
  const status = async (publish_id: string) => (await post('/status/fetch/', { publish_id })).data
  const photos = (photo_images: string[], more: object = {}) =>
    post('/content/init/', {
      media_type: 'PHOTO',
      post_mode: 'DIRECT_POST',
      post_info: { ...info, description: 'More words' },
      source_info: { source: 'PULL_FROM_URL', photo_images, photo_cover_index: 0 },
      ...more,
    })
  /** Asks until something else than waiting is told. */
  const settled = async (publish_id: string) => {
    for (;;) {
      const told = await status(publish_id)
      if (told.status !== 'PROCESSING_DOWNLOAD') return told
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  return { handle, world, ada, ben, tokenOf, post, announce, source, put, status, photos, settled, info }
}

describe('a video', () => {
  it('is published with its last chunk, under a number of 64 bits that stands in JSON as one', async () => {
    const { announce, source, put, status, post, world } = await start()
    const file = video(11 * MiB)
    const { data } = await announce(undefined, source(file.length, 5 * MiB, 2))
    const { publish_id = '', upload_url = '' } = data
    expect(await put(upload_url, `bytes 0-${5 * MiB - 1}/${file.length}`, file.slice(0, 5 * MiB))).toBe(206)
    expect(await status(publish_id)).toMatchObject({ status: 'PROCESSING_UPLOAD', uploaded_bytes: 5 * MiB })
    expect(world.posts()).toEqual([])
    expect(
      await put(upload_url, `bytes ${5 * MiB}-${file.length - 1}/${file.length}`, file.slice(5 * MiB)),
    ).toBe(201)
    const sha256 = createHash('sha256').update(file).digest('hex')
    const [published] = world.posts()
    expect(published).toMatchObject({ text: 'Words', isPublic: true, media: [{ sha256 }] })
    const { text } = await post('/status/fetch/', { publish_id })
    expect(text).toContain(`"publicaly_available_post_id":[${published?.id}]`)
    expect(published?.id).toMatch(/^7\d{18}$/)
  })

  it('is taken in whole chunks, one after the other', async () => {
    const { announce, source, put, handle } = await start()
    const total = 11 * MiB
    const { data } = await announce(undefined, source(total, 5 * MiB, 2))
    const url = data.upload_url ?? ''
    const chunk = video(5 * MiB)
    expect(await put(url, `bytes ${5 * MiB}-${10 * MiB - 1}/${total}`, chunk)).toBe(416)
    expect(await put(url, `bytes 0-99/${total}`, video(100))).toBe(416)
    expect(await put(url, `bytes 0-9/${total}`, chunk)).toBe(400)
    expect(await put(url, `bytes 0-${5 * MiB - 1}/${total}`, chunk, 'image/png')).toBe(400)
    expect(await put(url, `bytes 0-${5 * MiB - 1}/${total}`, chunk)).toBe(206)
    expect(await put(url, `bytes 0-${5 * MiB - 1}/${total}`, chunk)).toBe(416)
    expect(await put(url, `bytes 0-${total - 1}/${total}`, video(total))).toBe(416)
    expect(await put(url.replace(/upload_token=.*/, 'upload_token=x'), `bytes 0-1/${total}`, video(2))).toBe(
      404,
    )
    handle.clock.advance(3601)
    expect(await put(url, `bytes ${5 * MiB}-${total - 1}/${total}`, video(6 * MiB))).toBe(403)
  })

  it.each([
    ['a small one in pieces', [4 * MiB, 2 * MiB, 2]],
    ['chunks that are too small', [20 * MiB, 2 * MiB, 10]],
    ['chunks that are too large', [200 * MiB, 65 * MiB, 3]],
    ['another number of chunks', [11 * MiB, 5 * MiB, 3]],
    ['more than 4 GB', [4097 * MiB, 64 * MiB, 64]],
    ['nothing', [0, 0, 0]],
  ] as const)('is not announced as %s', async (_, [total, chunk, count]) => {
    const { announce, source } = await start()
    expect(await announce(undefined, source(total, chunk, count))).toMatchObject({
      status: 400,
      error: { code: 'invalid_params' },
    })
  })

  it.each([
    [{ title: 'x' }, 400, 'invalid_params'],
    [{ title: 'x'.repeat(2201), privacy_level: 'SELF_ONLY' }, 400, 'invalid_params'],
    [{ privacy_level: 'FOLLOWER_OF_CREATOR' }, 403, 'privacy_level_option_mismatch'],
    [{ privacy_level: 'SELF_ONLY', brand_content_toggle: true }, 400, 'invalid_params'],
  ])('is not announced with %j', async (post_info, status, code) => {
    const { announce } = await start()
    expect(await announce(post_info)).toMatchObject({ status, error: { code } })
  })

  it('that is none fails, and one for few or for oneself gets no number', async () => {
    const { announce, put, status, info, world } = await start()
    const text = new Uint8Array(1000).fill(65)
    const wrong = (await announce()).data
    await put(wrong.upload_url ?? '', 'bytes 0-999/1000', text)
    expect(await status(wrong.publish_id ?? '')).toMatchObject({
      status: 'FAILED',
      fail_reason: 'file_format_check_failed',
    })
    expect(world.posts()).toEqual([])
    const own = (await announce({ ...info, privacy_level: 'SELF_ONLY' })).data
    await put(own.upload_url ?? '', 'bytes 0-999/1000', video(1000))
    expect(await status(own.publish_id ?? '')).toMatchObject({
      status: 'PUBLISH_COMPLETE',
      publicaly_available_post_id: [],
    })
    expect(world.posts()).toMatchObject([{ id: own.publish_id, isPublic: false }])
  })

  it('takes its time on a bad day', async () => {
    const { announce, put, status, handle } = await start()
    handle.badDays.set({ fault: 'slow_media', seconds: 60 })
    const { publish_id = '', upload_url = '' } = (await announce()).data
    await put(upload_url, 'bytes 0-999/1000', video(1000))
    expect(await status(publish_id)).toMatchObject({ status: 'PROCESSING_UPLOAD', uploaded_bytes: 1000 })
    handle.clock.advance(61)
    expect(await status(publish_id)).toMatchObject({ status: 'PUBLISH_COMPLETE' })
  })
})

describe('photos', () => {
  it('are fetched and published as one post', async () => {
    const { photos, settled, world } = await start()
    const at = await serve({
      '/1.jpg': { type: 'image/jpeg', body: 'one' },
      '/2.webp': { type: 'image/webp', body: 'two' },
    })
    const { data } = await photos([at('/1.jpg'), at('/2.webp')])
    expect(await settled(data.publish_id ?? '')).toMatchObject({
      status: 'PUBLISH_COMPLETE',
      downloaded_bytes: 6,
    })
    expect(world.posts()).toMatchObject([
      { text: 'Words\n\nMore words', media: [{ mimeType: 'image/jpeg' }, { mimeType: 'image/webp' }] },
    ])
  })

  it('that cannot be fetched, or are PNG, fail', async () => {
    const { photos, settled, world } = await start()
    const at = await serve({ '/1.png': { type: 'image/png', body: 'one' } })
    for (const [path, fail_reason] of [
      ['/none.jpg', 'photo_pull_failed'],
      ['/1.png', 'file_format_check_failed'],
    ] as const) {
      const { data } = await photos([at(path)])
      expect(await settled(data.publish_id ?? '')).toMatchObject({ status: 'FAILED', fail_reason })
    }
    expect(world.posts()).toEqual([])
  })

  it.each([
    [{ media_type: 'GIF' }],
    [{ post_mode: 'MAYBE' }],
    [{ source_info: { source: 'FILE_UPLOAD', photo_images: ['https://a.example'] } }],
    [{ source_info: { source: 'PULL_FROM_URL', photo_images: [] } }],
    [{ source_info: { source: 'PULL_FROM_URL', photo_images: Array(36).fill('https://a.example') } }],
    [{ source_info: { source: 'PULL_FROM_URL', photo_images: ['https://a.example'], photo_cover_index: 1 } }],
    [{ source_info: { source: 'PULL_FROM_URL', photo_images: ['here'] } }],
    [{ post_info: { title: 'x'.repeat(91), privacy_level: 'SELF_ONLY' } }],
    [{ post_info: { description: 'x'.repeat(4001), privacy_level: 'SELF_ONLY' } }],
  ])('are refused with %j', async (more) => {
    const { photos } = await start()
    expect(await photos(['https://a.example'], more)).toMatchObject({
      status: 400,
      error: { code: 'invalid_params' },
    })
  })
})

describe('who may post', () => {
  it('has the scope that the way of posting takes', async () => {
    const { post, tokenOf, ada, source, info } = await start()
    const [publishes, drafts] = [tokenOf(ada.id, ['video.publish']), tokenOf(ada.id, ['video.upload'])]
    const direct = { post_info: info, source_info: source(1000) }
    const refused = { status: 401, error: { code: 'scope_not_authorized' } }
    expect(await post('/video/init/', direct, drafts)).toMatchObject(refused)
    expect(await post('/inbox/video/init/', direct, publishes)).toMatchObject(refused)
    expect((await post('/video/init/', direct, publishes)).status).toBe(200)
    expect((await post('/inbox/video/init/', { source_info: source(1000) }, drafts)).status).toBe(200)
  })

  it('sees only what is theirs', async () => {
    const { announce, post, tokenOf, ben } = await start()
    const { publish_id } = (await announce()).data
    expect(await post('/status/fetch/', { publish_id }, tokenOf(ben.id))).toMatchObject({
      status: 400,
      error: { code: 'invalid_publish_id' },
    })
  })

  it.each([
    ['banned_from_posting', 'spam_risk_user_banned_from_posting'],
    ['too_many_posts', 'spam_risk_too_many_posts'],
    ['app_cap_reached', 'reached_active_user_cap'],
    ['app_unaudited', 'unaudited_client_can_only_post_to_private_accounts'],
  ])('is told when %s', async (condition, code) => {
    const { announce, world, ada } = await start()
    world.setCondition(ada.id, condition)
    expect(await announce()).toMatchObject({ status: 403, error: { code } })
  })

  it('is told when the address of photos is not verified, and when posts fail', async () => {
    const { photos, announce, put, status, world, ada } = await start()
    world.setCondition(ada.id, 'url_unverified')
    expect((await photos(['https://a.example'])).error.code).toBe('url_ownership_unverified')
    world.setCondition(ada.id, 'posts_fail')
    const { publish_id = '', upload_url = '' } = (await announce()).data
    await put(upload_url, 'bytes 0-999/1000', video(1000))
    expect(await status(publish_id)).toMatchObject({ status: 'FAILED', fail_reason: 'spam_risk' })
  })

  it('begins six posts a minute, publishes fifteen a day, and leaves five drafts', async () => {
    const { announce, put, post, source, handle } = await start()
    for (let count = 0; count < 15; count++) {
      const { data } = await announce()
      await put(data.upload_url ?? '', 'bytes 0-999/1000', video(1000))
      if (count % 6 === 5) {
        expect(await announce()).toMatchObject({ status: 429, error: { code: 'rate_limit_exceeded' } })
        handle.clock.advance(61)
      }
    }
    expect(await announce()).toMatchObject({ status: 403, error: { code: 'spam_risk_too_many_posts' } })
    handle.clock.advance(61)
    for (let count = 0; count < 5; count++) {
      const { data } = await post('/inbox/video/init/', { source_info: source(1000) })
      await put(data.upload_url ?? '', 'bytes 0-999/1000', video(1000))
    }
    expect(await post('/inbox/video/init/', { source_info: source(1000) })).toMatchObject({
      error: { code: 'spam_risk_too_many_pending_share' },
    })
    handle.clock.advance(86_400)
    // The tokens have ended, too.
    expect((await announce()).error.code).toBe('access_token_invalid')
  })
})
