import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { createYouTube } from './index.js'

const prefix = 'https://www.googleapis.com/auth/'

let running: RunningSandbox | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})

/** Bytes that begin like an MP4. */
const video = Buffer.concat([Buffer.from('0000001c66747970', 'hex'), Buffer.alloc(100, 7)])

async function start() {
  running = await startSandbox({ platforms: [createYouTube()] })
  const { world, endpoints, tokens, app } = running.platform('youtube')
  const [ada, ben] = world.people()
  if (!ada || !ben) throw new Error('Nobody is there.')
  const tokenOf = (personId: string, names = ['youtube.force-ssl']) => {
    const [channel] = world.resourcesOf(personId, 'channel')
    const { accessToken } = tokens.issue({
      clientId: app?.clientId ?? '',
      personId,
      scopes: names.map((name) => prefix + name),
      resourceIds: channel ? [channel.id] : [],
    })
    return { accessToken, channelId: channel?.id ?? '' }
  }
  const { accessToken, channelId } = tokenOf(ada.id)
  const call = async (path: string, init: RequestInit = {}, token = accessToken) => {
    const headers = { authorization: `Bearer ${token}`, ...init.headers }
    const answer = await fetch(`${endpoints.api}${path}`, { ...init, headers })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, body: text === '' ? null : JSON.parse(text) }
  }
  const publish = async (status: Record<string, unknown> = {}) => {
    const opened = await call('/upload/youtube/v3/videos?uploadType=resumable&part=snippet,status', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-upload-content-type': 'video/mp4' },
      body: JSON.stringify({ snippet: { title: 'A title' }, status: { privacyStatus: 'public', ...status } }),
    })
    const range = { 'content-range': `bytes 0-${video.length - 1}/${video.length}` }
    const answer = await fetch(opened.headers.get('location') ?? '', {
      method: 'PUT',
      headers: range,
      body: video,
    })
    return ((await answer.json()) as { id: string }).id
  }
  const comment = (
    videoId: string | undefined,
    text: string | undefined = 'First',
    token?: string,
    more = {},
  ) =>
    call(
      '/youtube/v3/commentThreads?part=snippet',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          snippet: { videoId, topLevelComment: { snippet: { textOriginal: text } }, ...more },
        }),
      },
      token,
    )
  const list = (videoId: string, more = '', token?: string) =>
    call(`/youtube/v3/commentThreads?part=snippet&videoId=${videoId}${more}`, {}, token)
  return { world, ada, ben, tokenOf, channelId, call, publish, comment, list }
}

const reasonOf = ({ body }: { body: { error: { errors: { reason: string }[] } } }) =>
  body.error.errors[0]?.reason
/** What the tests look at of a thread. */
interface Thread {
  snippet: { topLevelComment: { snippet: { textDisplay: string; textOriginal?: string } } }
}
const commentsOf = ({ body }: { body: { items: Thread[] } }) =>
  body.items.map(({ snippet }) => snippet.topLevelComment.snippet)
const textsOf = (answer: { body: { items: Thread[] } }) =>
  commentsOf(answer).map(({ textDisplay }) => textDisplay)

describe('comments', () => {
  it('stand below a video, and go with it', async () => {
    const { publish, comment, channelId, call, world } = await start()
    const videoId = await publish()
    const made = await comment(videoId, 'First <one>', undefined, { channelId })
    expect(made).toMatchObject({
      status: 200,
      body: {
        kind: 'youtube#commentThread',
        snippet: {
          channelId,
          videoId,
          topLevelComment: {
            kind: 'youtube#comment',
            id: made.body.id,
            snippet: { textOriginal: 'First <one>', authorChannelId: { value: channelId } },
          },
        },
      },
    })
    expect(world.posts({ resourceId: channelId })).toMatchObject([
      { id: videoId, inReplyTo: null },
      { id: made.body.id, inReplyTo: videoId, text: 'First <one>', isPublic: true },
    ])
    const uploads = `/youtube/v3/playlistItems?part=snippet&playlistId=${channelId.replace(/^UC/, 'UU')}`
    expect((await call(uploads)).body.items).toHaveLength(1)
    expect((await call(`/youtube/v3/videos?part=id&id=${made.body.id}`)).body.items).toEqual([])
    const gone = await call(`/youtube/v3/videos?id=${made.body.id}`, { method: 'DELETE' })
    expect(reasonOf(gone)).toBe('videoNotFound')
    await call(`/youtube/v3/videos?id=${videoId}`, { method: 'DELETE' })
    expect(world.posts()).toEqual([])
  })

  it('are listed newest first, page by page, and their original text to who wrote them', async () => {
    const { publish, comment, list, tokenOf, ben } = await start()
    const videoId = await publish()
    const { accessToken } = tokenOf(ben.id)
    for (const text of ['one', 'two']) await comment(videoId, text)
    await comment(videoId, 'three', accessToken)
    const page = await list(videoId, '&maxResults=2')
    expect(textsOf(page)).toEqual(['three', 'two'])
    expect(commentsOf(page).map(({ textOriginal }) => textOriginal)).toEqual([undefined, 'two'])
    const next = await list(videoId, `&maxResults=2&pageToken=${page.body.nextPageToken}`)
    expect(textsOf(next)).toEqual(['one'])
    expect(next.body).not.toHaveProperty('nextPageToken')
  })

  it('that are held back are seen by nobody, and listed to the channel of the video alone', async () => {
    const { publish, comment, list, tokenOf, ada, ben, world } = await start()
    const videoId = await publish()
    world.setCondition(ada.id, 'comments_held')
    const { id } = (await comment(videoId)).body
    expect(world.post(id)?.isPublic).toBe(false)
    expect(textsOf(await list(videoId))).toEqual([])
    expect(textsOf(await list(videoId, '&moderationStatus=heldForReview'))).toEqual(['First'])
    const other = await list(videoId, '&moderationStatus=heldForReview', tokenOf(ben.id).accessToken)
    expect(reasonOf(other)).toBe('forbidden')
  })

  it.each(['youtube', 'youtube.upload', 'youtube.readonly', 'youtubepartner'])(
    'take more than %s',
    async (name) => {
      const { publish, comment, list, tokenOf, ada } = await start()
      const videoId = await publish()
      const { accessToken } = tokenOf(ada.id, [name])
      expect(reasonOf(await comment(videoId, 'First', accessToken))).toBe('insufficientPermissions')
      expect(reasonOf(await list(videoId, '', accessToken))).toBe('insufficientPermissions')
    },
  )

  it('are refused as they are documented to be', async () => {
    const { publish, comment, list, call } = await start()
    const videoId = await publish()
    expect(reasonOf(await comment(undefined))).toBe('channelOrVideoIdMissing')
    expect(reasonOf(await comment(videoId, ' '))).toBe('commentTextRequired')
    expect(reasonOf(await comment(videoId, 'x'.repeat(10_001)))).toBe('commentTextTooLong')
    expect(reasonOf(await comment(videoId, 'x', undefined, { channelId: 'UCother' }))).toBe(
      'invalidCommentThreadMetadata',
    )
    expect(await comment('nothing')).toMatchObject({ status: 404 })
    expect(reasonOf(await list('nothing'))).toBe('videoNotFound')
    expect(reasonOf(await list(videoId, '&maxResults=101'))).toBe('invalidValue')
    expect(reasonOf(await call('/youtube/v3/commentThreads?part=snippet'))).toBe('missingRequiredParameter')
    expect(reasonOf(await call('/youtube/v3/commentThreads', { method: 'POST', body: '{}' }))).toBe(
      'missingRequiredParameter',
    )
  })

  it('are none below private videos, those for kids, and where the channel wants none', async () => {
    const { publish, comment, list, ada, world } = await start()
    for (const status of [{ privacyStatus: 'private' }, { selfDeclaredMadeForKids: true }]) {
      const videoId = await publish(status)
      expect(await comment(videoId)).toMatchObject({ status: 403 })
      expect(reasonOf(await list(videoId))).toBe('commentsDisabled')
    }
    const videoId = await publish({ privacyStatus: 'unlisted' })
    expect((await comment(videoId)).status).toBe(200)
    world.setCondition(ada.id, 'comments_off')
    expect(reasonOf(await comment(videoId))).toBe('commentsDisabled')
  })
})
