import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { createYouTube } from './index.js'

const prefix = 'https://www.googleapis.com/auth/'
const UNIT = 256 * 1024
const good = { snippet: { title: 'A title', description: 'Words.' }, status: { privacyStatus: 'public' } }

let running: RunningSandbox | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})

async function start(
  options: Parameters<typeof createYouTube>[0] = {},
  scopes = ['youtube.upload', 'youtube.readonly'],
) {
  running = await startSandbox({ platforms: [createYouTube(options)] })
  const handle = running.platform('youtube')
  const { world, endpoints, tokens, app } = handle
  const [ada, ben] = world.people()
  if (!ada || !ben) throw new Error('Nobody is there.')
  const tokenOf = (personId: string, names = scopes) => {
    const [channel] = world.resourcesOf(personId, 'channel')
    const { accessToken } = tokens.issue({
      clientId: app?.clientId ?? '',
      personId,
      scopes: names.map((name) => prefix + name),
      resourceIds: channel ? [channel.id] : [],
    })
    return { accessToken, channel }
  }
  const { accessToken, channel } = tokenOf(ada.id)
  const call = async (path: string, init: RequestInit = {}, token: string | null = accessToken) => {
    const url = path.startsWith('http') ? path : `${endpoints.api}${path}`
    const headers = { ...(token !== null && { authorization: `Bearer ${token}` }), ...init.headers }
    const answer = await fetch(url, { redirect: 'manual', ...init, headers })
    const text = await answer.text()
    const body = text.startsWith('{') ? JSON.parse(text) : text
    return { status: answer.status, headers: answer.headers, body }
  }
  const open = async (
    resource: unknown = good,
    more: { headers?: Record<string, string>; query?: string } = {},
  ) =>
    call(`/upload/youtube/v3/videos?uploadType=resumable&${more.query ?? 'part=snippet,status'}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-upload-content-type': 'video/mp4', ...more.headers },
      body: JSON.stringify(resource),
    })
  const session = async (resource?: unknown) => (await open(resource)).headers.get('location') ?? ''
  const put = (
    url: string,
    range: string,
    body: Uint8Array<ArrayBuffer> | '' = '',
    token: string | null = accessToken,
  ) => call(url, { method: 'PUT', headers: { 'content-range': range }, body }, token)
  const publish = async (resource?: unknown) => {
    const file = video(1000)
    return put(await session(resource), 'bytes 0-999/1000', file)
  }
  return { handle, world, ada, ben, channel, tokenOf, call, open, session, put, publish, accessToken }
}

/** Bytes that begin like an MP4. */
function video(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length).fill(7)
  bytes.set(Buffer.from('0000001c66747970', 'hex').subarray(0, length))
  return bytes
}

describe('an upload', () => {
  it('takes a file in chunks, says how much it has, and answers with the video at the last byte', async () => {
    const { session, put, world, channel } = await start()
    const url = await session()
    const file = video(2 * UNIT + 5)
    expect(url).toContain('upload_id=')
    expect((await put(url, `bytes */${file.length}`)).headers.has('range')).toBe(false)
    const first = await put(url, `bytes 0-${UNIT - 1}/${file.length}`, file.slice(0, UNIT))
    expect([first.status, first.headers.get('range')]).toEqual([308, `bytes=0-${UNIT - 1}`])
    expect(world.posts()).toEqual([])
    // What came already is not taken twice.
    const overlap = await put(url, `bytes 0-${2 * UNIT - 1}/${file.length}`, file.slice(0, 2 * UNIT))
    expect(overlap.headers.get('range')).toBe(`bytes=0-${2 * UNIT - 1}`)
    const last = await put(url, `bytes ${2 * UNIT}-${file.length - 1}/${file.length}`, file.slice(2 * UNIT))
    expect(last).toMatchObject({
      status: 200,
      body: {
        kind: 'youtube#video',
        snippet: { channelId: channel?.id },
        status: { privacyStatus: 'public' },
      },
    })
    const sha256 = createHash('sha256').update(file).digest('hex')
    expect(world.posts()).toMatchObject([{ id: last.body.id, isPublic: true, media: [{ sha256 }] }])
    // The session goes on telling what became of it.
    expect((await put(url, `bytes */${file.length}`)).body.id).toBe(last.body.id)
    expect((await put(url, `bytes 0-${UNIT - 1}/${file.length}`, file.slice(0, UNIT))).body.id).toBe(
      last.body.id,
    )
    expect(world.posts()).toHaveLength(1)
  })

  it('refuses gaps, chunks of odd length, other totals, and headers that are none', async () => {
    const { session, put } = await start()
    const url = await session()
    const chunk = video(UNIT)
    expect(await put(url, `bytes ${UNIT}-${2 * UNIT - 1}/${3 * UNIT}`, chunk)).toMatchObject({
      status: 503,
      body: expect.stringContaining('exceeds already uploaded size of 0 byte(s)'),
    })
    expect((await put(url, 'bytes 0-99/1000', video(100))).status).toBe(400)
    expect((await put(url, 'bytes 9-1/1000', video(100))).status).toBe(400)
    expect((await put(url, 'items 0-1/2', video(2))).status).toBe(400)
    expect((await put(url, `bytes 0-${UNIT - 1}/${UNIT * 2}`, chunk)).status).toBe(308)
    expect((await put(url, `bytes ${UNIT}-${UNIT * 3 - 1}/${UNIT * 3}`, video(UNIT * 2))).status).toBe(400)
  })

  it('is a capability: no token is needed, but one that is sent must be good', async () => {
    const { session, put, world } = await start()
    const url = await session()
    expect((await put(url, 'bytes */10', '', 'ya29.dead')).status).toBe(401)
    expect((await put(url, 'bytes 0-9/10', video(10), null)).status).toBe(200)
    expect(world.posts()).toHaveLength(1)
  })

  it('is forgotten after a week, and never known under another id', async () => {
    const { session, put, handle } = await start()
    const url = await session()
    expect((await put(url.replace(/upload_id=.*/, 'upload_id=x'), 'bytes */10')).status).toBe(404)
    handle.clock.advance(8 * 86_400)
    expect((await put(url, 'bytes */10', '', null)).status).toBe(404)
  })

  it.each([
    [{ ...good, snippet: { title: '' } }, 'invalidTitle'],
    [{ ...good, snippet: { title: 'x'.repeat(101) } }, 'invalidTitle'],
    [{ ...good, snippet: { title: 'a<b' } }, 'invalidTitle'],
    [{ ...good, snippet: { title: 'a', description: 'ü'.repeat(2501) } }, 'invalidDescription'],
    [{ ...good, snippet: { title: 'a', tags: ['a b', 'x'.repeat(495)] } }, 'invalidTags'],
    [{ ...good, snippet: { title: 'a', categoryId: '99' } }, 'invalidCategoryId'],
    [{ ...good, status: { privacyStatus: 'secret' } }, 'invalidVideoMetadata'],
    [{ ...good, recordingDetails: {} }, 'unexpectedPart'],
  ])('of %j is refused as %s', async (resource, reason) => {
    const { open } = await start()
    expect(await open(resource)).toMatchObject({ status: 400, body: { error: { errors: [{ reason }] } } })
  })

  it('needs a part, a video type, a length that is not zero, the scope, a channel and room in both limits', async () => {
    const { open, call, tokenOf, ada, world } = await start({ uploadsPerDay: 2 })
    expect((await open(good, { query: '' })).body.error.errors[0].reason).toBe('missingRequiredParameter')
    expect((await open(good, { headers: { 'x-upload-content-type': 'image/png' } })).status).toBe(400)
    expect((await open(good, { headers: { 'x-upload-content-length': '0' } })).status).toBe(400)
    expect((await call('/upload/youtube/v3/videos?part=snippet', { method: 'POST' })).status).toBe(400)
    const readonly = tokenOf(ada.id, ['youtube.readonly']).accessToken
    const path = '/upload/youtube/v3/videos?uploadType=resumable&part=snippet'
    expect((await call(path, { method: 'POST' }, readonly)).status).toBe(403)
    for (const [condition, status, reason] of [
      ['upload_limit_reached', 400, 'uploadLimitExceeded'],
      ['no_channel', 401, 'youtubeSignupRequired'],
    ] as const) {
      world.setCondition(ada.id, condition)
      expect(await open()).toMatchObject({ status, body: { error: { errors: [{ reason }] } } })
    }
    world.setCondition(ada.id, 'active')
    expect([(await open()).status, (await open()).status]).toEqual([200, 200])
    expect(await open()).toMatchObject({
      status: 429,
      body: {
        error: {
          message: expect.stringContaining('Video Uploads per day'),
          errors: [{ reason: 'rateLimitExceeded' }],
        },
      },
    })
  })
})

describe('videos', () => {
  const look = '/youtube/v3/videos?part=status,processingDetails&id='

  it('are worked on for as long as the day is bad, and fail where the file is no video', async () => {
    const { publish, session, put, call, handle, world } = await start()
    handle.badDays.set({ fault: 'slow_media', seconds: 60 })
    const { id } = (await publish()).body
    expect((await call(look + id)).body.items[0]).toMatchObject({
      status: { uploadStatus: 'uploaded' },
      processingDetails: { processingStatus: 'processing' },
    })
    handle.clock.advance(61)
    expect((await call(look + id)).body.items[0].status.uploadStatus).toBe('processed')
    handle.badDays.heal()
    const text = new Uint8Array(Buffer.from('not a video'))
    const failed = (await put(await session(), `bytes 0-10/11`, text)).body
    expect((await call(look + failed.id)).body.items[0].status).toMatchObject({
      uploadStatus: 'failed',
      failureReason: 'invalidFile',
    })
    expect(world.post(failed.id)?.isPublic).toBe(false)
  })

  it('that are private are seen by their channel alone', async () => {
    const { publish, call, tokenOf, ben, world } = await start()
    const { id } = (await publish({ ...good, status: { privacyStatus: 'private' } })).body
    const other = tokenOf(ben.id).accessToken
    expect(world.post(id)?.isPublic).toBe(false)
    expect((await call(look + id)).body.items).toHaveLength(1)
    expect((await call(look + id, {}, other)).body.items).toEqual([])
  })

  it('are listed as uploads, newest first, page by page', async () => {
    const { publish, call, channel, tokenOf, ben } = await start()
    const list = `/youtube/v3/playlistItems?part=snippet,status&maxResults=2&playlistId=${channel?.id.replace(/^UC/, 'UU')}`
    expect((await call(list)).body.error.errors[0].reason).toBe('playlistNotFound')
    const ids: string[] = []
    for (const privacyStatus of ['public', 'private', 'public'])
      ids.unshift((await publish({ ...good, status: { privacyStatus } })).body.id)
    const page = await call(list)
    const idsOf = (items: { snippet: { resourceId: { videoId: string } } }[]) =>
      items.map(({ snippet }) => snippet.resourceId.videoId)
    expect(idsOf(page.body.items)).toEqual(ids.slice(0, 2))
    const next = await call(`${list}&pageToken=${page.body.nextPageToken}`)
    expect(idsOf(next.body.items)).toEqual(ids.slice(2))
    expect(next.body).not.toHaveProperty('nextPageToken')
    const seen = await call(list, {}, tokenOf(ben.id).accessToken)
    expect(idsOf(seen.body.items)).toEqual([ids[0], ids[2]])
    expect((await call(`${list}&pageToken=x`)).status).toBe(400)
    expect((await call(list.replace('=2', '=51'))).status).toBe(400)
  })

  it('get a thumbnail from their own channel', async () => {
    const { publish, call, tokenOf, ben, world, ada } = await start()
    const { id } = (await publish()).body
    const set = (
      token?: string,
      headers: Record<string, string> = { 'content-type': 'image/jpeg' },
      body = 'picture',
    ) =>
      call(
        `/upload/youtube/v3/thumbnails/set?videoId=${id}&uploadType=media`,
        { method: 'POST', headers, body },
        token,
      )
    expect((await set(tokenOf(ben.id).accessToken)).status).toBe(403)
    expect((await set(undefined, { 'content-type': 'image/gif' })).body.error.errors[0].reason).toBe(
      'invalidImage',
    )
    expect((await set(undefined, undefined, '')).body.error.errors[0].reason).toBe('mediaBodyRequired')
    world.setCondition(ada.id, 'thumbnails_forbidden')
    expect((await set()).status).toBe(403)
    world.setCondition(ada.id, 'active')
    expect((await set()).body.kind).toBe('youtube#thumbnailSetResponse')
    expect(world.post(id)?.facts.thumbnailId).toEqual(expect.any(String))
  })

  it('are deleted by their own channel, with a scope that manages, once', async () => {
    const { publish, call, tokenOf, ada, ben, world } = await start()
    const { id } = (await publish()).body
    const remove = (token?: string) => call(`/youtube/v3/videos?id=${id}`, { method: 'DELETE' }, token)
    const manage = ['youtube.force-ssl']
    expect((await remove()).body.error.errors[0].reason).toBe('insufficientPermissions')
    expect((await remove(tokenOf(ben.id, manage).accessToken)).body.error.errors[0].reason).toBe('forbidden')
    const { accessToken } = tokenOf(ada.id, manage)
    expect((await remove(accessToken)).status).toBe(204)
    expect(world.posts()).toEqual([])
    expect(await remove(accessToken)).toMatchObject({
      status: 404,
      body: { error: { errors: [{ reason: 'videoNotFound' }] } },
    })
  })
})
