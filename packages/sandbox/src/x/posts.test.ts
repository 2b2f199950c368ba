import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { createX } from './index.js'

let sandbox: RunningSandbox
afterEach(() => sandbox.close())

const SCOPES = ['tweet.read', 'tweet.write', 'users.read', 'media.write']

interface Answer {
  data: Record<string, unknown> & { id: string }
  detail: string
  type: string
}

async function start(scopes = SCOPES, number = 0) {
  sandbox = await startSandbox({ platforms: [createX()] })
  const { base, world, clock, tokens, app, badDays } = sandbox.platform('x')
  const personId = world.people()[number]?.id ?? ''
  const authorize = () =>
    `Bearer ${tokens.issue({ clientId: app?.clientId ?? '', personId, scopes }).accessToken}`
  const headers = { authorization: authorize() }
  /** Tokens live two hours. */
  const advance = (seconds: number) => {
    clock.advance(seconds)
    headers.authorization = authorize()
  }
  const call = async (method: string, path: string, body?: unknown) => {
    const isForm = body instanceof FormData
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { ...headers, ...(body !== undefined && !isForm && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as Answer }
  }
  const form = (fields: Record<string, string | Blob>) => {
    const data = new FormData()
    for (const [name, value] of Object.entries(fields)) data.set(name, value)
    return data
  }
  const image = async (bytes = 3, type = 'image/png') =>
    call(
      'POST',
      '/2/media/upload',
      form({ media: new Blob([new Uint8Array(bytes)], { type }), media_category: 'tweet_image' }),
    )
  const video = async (bytes: number) => {
    const body = { media_type: 'video/mp4', media_category: 'tweet_video', total_bytes: bytes }
    return (await call('POST', '/2/media/upload/initialize', body)).body.data.id
  }
  const append = (id: string, segment: number, bytes: number) =>
    call(
      'POST',
      `/2/media/upload/${id}/append`,
      form({ media: new Blob([new Uint8Array(bytes).fill(segment)]), segment_index: String(segment) }),
    )
  const finalize = (id: string) => call('POST', `/2/media/upload/${id}/finalize`)
  const post = (body: Record<string, unknown>) => call('POST', '/2/tweets', body)
  return { call, image, video, append, finalize, post, world, clock, advance, badDays, personId }
}

describe('posts', () => {
  it('are made, shown with short links and HTML, and deleted', async () => {
    const { post, call, world, personId } = await start()
    const { status, body } = await post({ text: 'R&D at https://example.org/a' })
    expect(status).toBe(201)
    expect(body.data.text).toMatch(/^R&amp;D at https:\/\/t\.co\/\w{10}$/)
    expect(world.posts()).toMatchObject([
      { id: body.data.id, text: 'R&D at https://example.org/a', personId },
    ])
    const fields = 'post.fields=created_at,entities,conversation_id'
    const { body: list } = await call('GET', `/2/users/${personId}/tweets?max_results=5&${fields}`)
    expect(list.data).toMatchObject([
      { conversation_id: body.data.id, entities: { urls: [{ expanded_url: 'https://example.org/a' }] } },
    ])
    const path = `/2/tweets/${body.data.id}`
    expect((await call('DELETE', path)).body.data).toEqual({ deleted: true })
    expect(await call('DELETE', path)).toMatchObject({ status: 404 })
    expect(world.posts()).toEqual([])
  })

  it('go on below each other, and not below those of others', async () => {
    const { post, world } = await start()
    const one = (await post({ text: 'One' })).body.data.id
    const two = (await post({ text: 'Two', reply: { in_reply_to_tweet_id: one } })).body.data.id
    await post({ text: 'Three', reply: { in_reply_to_tweet_id: two } })
    expect(world.posts().map(({ inReplyTo, facts }) => [inReplyTo, facts.conversationId])).toEqual([
      [null, null],
      [one, one],
      [two, one],
    ])
    const foreign = world.addPost({ personId: world.people()[1]?.id ?? '', text: 'Mine', body: {} })
    for (const id of [foreign.id, '1'])
      expect((await post({ text: 'Hi', reply: { in_reply_to_tweet_id: id } })).status).toBe(403)
  })

  it.each([
    [{ text: 'a'.repeat(281) }, 403, 'not permitted to perform this action'],
    [{ text: '日'.repeat(141) }, 403, 'not permitted to perform this action'],
    [{ text: '' }, 400, 'text or media'],
    [{ text: 'x', shoe_size: 42 }, 400, 'shoe_size'],
    [{ text: 'x', media: { media_ids: ['1'] } }, 400, 'media IDs are invalid'],
    [{ text: 'x', media: { media_ids: [] } }, 400, 'minimum of 1'],
    [{ text: 'x', reply_settings: 'nobody' }, 400, 'reply_settings'],
  ])('are refused: %j', async (body, status, detail) => {
    const { post } = await start()
    const answer = await post(body)
    expect(answer.status).toBe(status)
    expect(answer.body.detail).toContain(detail)
  })

  it('may be long where they are paid for, and then only their beginning is shown', async () => {
    const { post, call, personId } = await start(SCOPES, 1)
    const text = 'word '.repeat(100).trim()
    expect((await post({ text })).body.data.text).toMatch(/…$/)
    const { body } = await call('GET', `/2/users/${personId}/tweets?max_results=5&post.fields=note_post`)
    expect(body.data).toMatchObject([{ note_post: { text } }])
  })

  it('are not made twice with the same text, for a while', async () => {
    const { post, advance } = await start()
    await post({ text: 'Again' })
    expect((await post({ text: 'Again' })).body.detail).toContain('duplicate content')
    advance(3601)
    expect((await post({ text: 'Again' })).status).toBe(201)
  })

  it('are not for who was not allowed to make them', async () => {
    const { post, image } = await start(['tweet.read', 'users.read'])
    expect((await post({ text: 'Hello' })).status).toBe(403)
    expect((await image()).status).toBe(403)
  })

  it('are listed page by page, since a time', async () => {
    const { post, call, clock, personId } = await start()
    for (let number = 0; number < 6; number++) await post({ text: `Post ${number}` })
    const path = `/2/users/${personId}/tweets?max_results=5`
    const first = (await call('GET', path)).body as unknown as {
      data: unknown[]
      meta: { next_token: string }
    }
    expect(first.data).toHaveLength(5)
    const second = (await call('GET', `${path}&pagination_token=${first.meta.next_token}`)).body
    expect(second.data).toMatchObject([{ text: 'Post 0' }])
    clock.advance(60)
    const now = new Date(Date.now() + 59_000).toISOString().replace(/\.\d+Z$/, 'Z')
    expect((await call('GET', `${path}&start_time=${now}`)).body).toMatchObject({ meta: { result_count: 0 } })
    expect((await call('GET', `${path}&start_time=yesterday`)).status).toBe(400)
    expect((await call('GET', `/2/users/${personId}/tweets?max_results=101`)).status).toBe(400)
  })
})

describe('uploads', () => {
  it('of images are ready at once, and are described', async () => {
    const { image, call, post, world } = await start()
    const { id } = (await image()).body.data
    const metadata = { id, metadata: { alt_text: { text: 'Three dots' } } }
    expect((await call('POST', '/2/media/metadata', metadata)).status).toBe(200)
    await post({ text: '', media: { media_ids: [id] } })
    const sha256 = createHash('sha256').update(new Uint8Array(3)).digest('hex')
    expect(world.posts()).toMatchObject([{ text: '', media: [{ altText: 'Three dots', sha256 }] }])
    const tooLong = { id, metadata: { alt_text: { text: 'a'.repeat(1001) } } }
    expect((await call('POST', '/2/media/metadata', tooLong)).status).toBe(400)
  })

  it.each([
    [5_000_001, 'image/png'],
    [3, 'text/plain'],
  ])('of %i bytes of %s are refused', async (bytes, type) => {
    const { image } = await start()
    expect((await image(bytes, type)).status).toBe(400)
  })

  it('in parts are put together in their order; one that comes again is the same', async () => {
    const { video, append, finalize, world } = await start()
    const id = await video(5)
    expect((await append(id, 1, 2)).status).toBe(400)
    for (const [segment, bytes] of [
      [0, 3],
      [0, 3],
      [1, 2],
    ])
      expect((await append(id, segment ?? 0, bytes ?? 0)).status).toBe(200)
    expect((await append(id, 2, 1)).status).toBe(400)
    expect((await finalize(id)).status).toBe(200)
    expect(world.media(id)?.sha256).toBe(
      createHash('sha256')
        .update(new Uint8Array([0, 0, 0, 1, 1]))
        .digest('hex'),
    )
  })

  it('that are not whole are not ended, and unknown ones are not known', async () => {
    const { video, append, finalize } = await start()
    const id = await video(5)
    await append(id, 0, 3)
    expect((await finalize(id)).status).toBe(400)
    expect((await append('1', 0, 3)).status).toBe(400)
  })

  it('of videos are worked on, however long that takes, and cannot be posted before', async () => {
    const { video, append, finalize, call, post, clock, badDays } = await start()
    badDays.set({ fault: 'slow_media', seconds: 30 })
    const id = await video(3)
    await append(id, 0, 3)
    expect((await finalize(id)).body.data.processing_info).toEqual({ state: 'pending', check_after_secs: 5 })
    const ask = async () =>
      (await call('GET', `/2/media/upload?command=STATUS&media_id=${id}`)).body.data.processing_info
    expect(await ask()).toMatchObject({ state: 'pending' })
    const body = { text: 'See', media: { media_ids: [id] } }
    expect((await post(body)).status).toBe(400)
    clock.advance(30)
    expect(await ask()).toMatchObject({ state: 'succeeded' })
    expect((await post(body)).status).toBe(201)
  })

  it('are forgotten after a day', async () => {
    const { image, call, advance } = await start()
    const { id } = (await image()).body.data
    const describeIt = () => call('POST', '/2/media/metadata', { id, metadata: { alt_text: { text: 'x' } } })
    advance(86_000)
    expect((await describeIt()).status).toBe(200)
    advance(401)
    expect((await describeIt()).status).toBe(400)
  })

  it('of a video and an image do not go together', async () => {
    const { image, video, append, finalize, post, clock } = await start()
    const id = await video(3)
    await append(id, 0, 3)
    await finalize(id)
    clock.advance(1)
    const other = (await image()).body.data.id
    const answer = await post({ text: 'x', media: { media_ids: [id, other] } })
    expect(answer.body.detail).toContain('4 photos, 1 animated GIF or 1 video')
  })
})
