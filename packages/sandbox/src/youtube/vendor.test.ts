import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { auth, youtube, type youtube_v3 } from '@googleapis/youtube'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve } from '../testing.js'
import { createYouTube } from './index.js'

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const codeVerifier = 'a-verifier-that-is-long-enough-for-the-standard'

let running: RunningSandbox
beforeAll(async () => {
  running = await startSandbox({ platforms: [createYouTube()] })
})
afterAll(() => running.close())

function createClient() {
  const { app, endpoints } = running.platform('youtube')
  return new auth.OAuth2({
    clientId: app?.clientId ?? '',
    clientSecret: app?.clientSecret ?? '',
    redirectUri,
    endpoints: {
      oauth2AuthBaseUrl: `${endpoints.accounts}/o/oauth2/v2/auth`,
      oauth2TokenUrl: `${endpoints.oauth}/token`,
      oauth2RevokeUrl: `${endpoints.oauth}/revoke`,
      tokenInfoUrl: `${endpoints.oauth}/tokeninfo`,
    },
  })
}

async function connect(scopes = ['openid', 'https://www.googleapis.com/auth/youtube.readonly']) {
  const client = createClient()
  const url = client.generateAuthUrl({
    access_type: 'offline',
    prompt: 'consent',
    scope: scopes,
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256' as never,
  })
  const code = new URL(await approve(url)).searchParams.get('code') ?? ''
  const { tokens } = await client.getToken({ code, codeVerifier })
  client.setCredentials(tokens)
  return { client, tokens }
}

/** The root address of the whole client is ignored by some of its calls, so it is given with each. */
const list = (
  client: Awaited<ReturnType<typeof connect>>['client'],
  query: youtube_v3.Params$Resource$Channels$List,
) =>
  youtube({ version: 'v3', auth: client }).channels.list(query, {
    rootUrl: `${running.platform('youtube').endpoints.api}/`,
    retry: false,
  })

describe('Google’s own client', () => {
  it('is authorized and reads the channel', async () => {
    const { client, tokens } = await connect()
    expect(tokens.refresh_token).toMatch(/^1\/\//)
    const { data, status } = await list(client, {
      part: ['id', 'snippet', 'contentDetails', 'status'],
      mine: true,
    })
    expect(status).toBe(200)
    expect(data.items?.[0]).toMatchObject({
      id: expect.stringMatching(/^UC/),
      snippet: { title: 'Ada Sandbox', customUrl: '@ada-sandbox' },
      contentDetails: { relatedPlaylists: { uploads: expect.stringMatching(/^UU/) } },
      status: { longUploadsStatus: 'allowed' },
    })
  })

  it('knows what its token is worth, refreshes and revokes it', async () => {
    const { client, tokens } = await connect()
    const { scopes, aud } = await client.getTokenInfo(tokens.access_token ?? '')
    expect(scopes).toContain('openid')
    expect(aud).toBe(running.platform('youtube').app?.clientId)
    const { credentials } = await client.refreshAccessToken()
    expect(credentials.access_token).not.toBe(tokens.access_token)
    expect(credentials.refresh_token).toBe(tokens.refresh_token)
    expect((await client.revokeToken(tokens.refresh_token ?? '')).status).toBe(200)
    const error = await client.refreshAccessToken().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ status: 400, response: { data: { error: 'invalid_grant' } } })
  })

  it('reads refusals as it reads those of the real API', async () => {
    const { client } = await connect()
    const { world } = running.platform('youtube')
    const [ada] = world.people()
    world.setCondition(ada?.id ?? '', 'suspended')
    const error = await list(client, { part: ['id'], mine: true }).catch((thrown: unknown) => thrown)
    world.setCondition(ada?.id ?? '', 'active')
    expect(error).toMatchObject({
      status: 403,
      response: { data: { error: { errors: [{ reason: 'authenticatedUserAccountSuspended' }] } } },
    })
  })

  it('publishes a video, gives it a thumbnail and a comment, finds both again and deletes them', async () => {
    const { client } = await connect(['openid', 'https://www.googleapis.com/auth/youtube.force-ssl'])
    const { endpoints, world } = running.platform('youtube')
    const api = youtube({ version: 'v3', auth: client })
    const options = { rootUrl: `${endpoints.api}/`, retry: false }
    const file = Buffer.concat([Buffer.from('0000001c66747970', 'hex'), Buffer.alloc(100_000, 7)])
    const { data: video } = await api.videos.insert(
      {
        part: ['snippet', 'status'],
        requestBody: {
          snippet: { title: 'A title', description: 'Words.' },
          status: { privacyStatus: 'public' },
        },
        media: { mimeType: 'video/mp4', body: Readable.from([file]) },
      },
      options,
    )
    const id = video.id ?? ''
    const [channel] = world.resources('channel')
    expect(video).toMatchObject({ status: { uploadStatus: 'processed', privacyStatus: 'public' } })
    expect(world.posts()).toMatchObject([
      { id, text: 'A title\n\nWords.', media: [{ sha256: createHash('sha256').update(file).digest('hex') }] },
    ])
    const picture = { mimeType: 'image/png', body: Readable.from([Buffer.from('picture')]) }
    const set = await api.thumbnails.set({ videoId: id, media: picture }, options)
    expect(set.data.items?.[0]?.default?.url).toContain('/_sandbox/media/')

    const playlistId = channel?.id.replace(/^UC/, 'UU') ?? ''
    const list = await api.playlistItems.list({ part: ['snippet', 'status'], playlistId }, options)
    expect(list.data.items?.map(({ snippet }) => snippet?.resourceId?.videoId)).toEqual([id])
    const { data: looked } = await api.videos.list(
      { part: ['status', 'processingDetails'], id: [id] },
      options,
    )
    expect(looked.items?.[0]?.processingDetails?.processingStatus).toBe('succeeded')
    const snippet = {
      channelId: channel?.id ?? null,
      videoId: id,
      topLevelComment: { snippet: { textOriginal: 'First' } },
    }
    const thread = await api.commentThreads.insert({ part: ['snippet'], requestBody: { snippet } }, options)
    const threads = await api.commentThreads.list({ part: ['snippet'], videoId: id, order: 'time' }, options)
    expect(threads.data.items).toMatchObject([
      { id: thread.data.id, snippet: { topLevelComment: { snippet: { textOriginal: 'First' } } } },
    ])
    expect((await api.videos.delete({ id }, options)).status).toBe(204)
    expect(world.posts()).toEqual([])
  })
})
