import { createOAuthAPIClient, createRestAPIClient } from 'masto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve } from '../testing.js'
import { createMastodon, type MastodonVariant } from './index.js'

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const variants: MastodonVariant[] = ['mastodon', 'mastodon-4.2', 'gotosocial', 'hollo']

/** A picture of one pixel. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

describe.each(variants)('masto, which nobody here wrote, at the variant %s', (variant) => {
  let running: RunningSandbox
  let url: string
  beforeAll(async () => {
    running = await startSandbox({ platforms: [createMastodon({ variant })] })
    url = running.platform('mastodon').base
  })
  afterAll(() => running.close())

  async function connect(scopes = 'read write') {
    const app = await createRestAPIClient({ url, log: 'error' }).v1.apps.create({
      clientName: 'masto',
      redirectUris: redirectUri,
      scopes,
    })
    const { clientId = '', clientSecret = '' } = app
    const query = {
      response_type: 'code',
      client_id: clientId ?? '',
      redirect_uri: redirectUri,
      scope: scopes,
    }
    const back = await approve(`${url}/oauth/authorize?${new URLSearchParams(query)}`)
    const { accessToken } = await createOAuthAPIClient({ url, log: 'error' }).token.create({
      grantType: 'authorization_code',
      clientId: clientId ?? '',
      clientSecret: clientSecret ?? '',
      redirectUri,
      code: new URL(back).searchParams.get('code') ?? '',
    })
    return createRestAPIClient({ url, accessToken, log: 'error' })
  }

  it('registers, is authorized and reads who it is', async () => {
    const client = await connect()
    const account = await client.v1.accounts.verifyCredentials()
    expect(account).toMatchObject({
      id: expect.any(String),
      username: 'ada',
      url: expect.stringContaining('ada'),
    })
  })

  it('uploads, publishes, reads and deletes', async () => {
    const client = await connect()
    const media = await client.v2.media.create({
      file: new Blob([png], { type: 'image/png' }),
      description: 'one pixel',
    })
    const status = await client.v1.statuses.create({ status: 'Hello from masto', mediaIds: [media.id] })
    const read = await client.v1.statuses.$select(status.id).fetch()
    expect(read.content).toContain('Hello from masto')
    expect(read.mediaAttachments[0]?.description).toBe('one pixel')
    await client.v1.statuses.$select(status.id).remove()
    await expect(client.v1.statuses.$select(status.id).fetch()).rejects.toMatchObject({ statusCode: 404 })
  })

  it('waits for a video and goes on below a post', async () => {
    const client = await connect()
    const file = new Blob([new Uint8Array(2000)], { type: 'video/mp4' })
    const media = await client.v2.media.create({ file, description: 'a film' })
    expect(media.type).toBe('video')
    const one = await client.v1.statuses.create({ status: 'One', mediaIds: [media.id] })
    const two = await client.v1.statuses.create({ status: 'Two', inReplyToId: one.id })
    expect(two.inReplyToId).toBe(one.id)
    const { world } = running.platform('mastodon')
    expect(world.post(two.id)?.inReplyTo).toBe(one.id)
    const list = await client.v1.accounts.$select(one.account.id).statuses.list({ limit: 2 })
    expect(list.map(({ id }) => id)).toEqual([two.id, one.id])
  })

  it('understands a refusal', async () => {
    const client = createRestAPIClient({ url, accessToken: 'made-up', log: 'error' })
    await expect(client.v1.accounts.verifyCredentials()).rejects.toMatchObject({ statusCode: 401 })
  })
})
