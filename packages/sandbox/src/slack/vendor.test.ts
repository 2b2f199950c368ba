import { LogLevel, WebClient } from '@slack/web-api'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve } from '../testing.js'
import { createSlack } from './index.js'

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'
const scopes =
  'chat:write,channels:read,groups:read,channels:join,team:read,files:write,files:read,channels:history'

let running: RunningSandbox | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})

/** Slack's own client, pointed at the simulation, with an installed app. */
async function install(options: { tokenRotation?: boolean } = {}) {
  running = await startSandbox({ platforms: [createSlack(options)] })
  const { base, app } = running.platform('slack')
  const clientFor = (token?: string) =>
    new WebClient(token, {
      slackApiUrl: `${base}/api/`,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      logLevel: LogLevel.ERROR,
    })
  const client = { client_id: app?.clientId ?? '', client_secret: app?.clientSecret ?? '' }
  const query = new URLSearchParams({
    client_id: client.client_id,
    scope: scopes,
    redirect_uri: redirectUri,
    state: 's',
  })
  const back = new URL(await approve(`${base}/oauth/v2/authorize?${query}`))
  const installation = await clientFor().oauth.v2.access({
    ...client,
    code: back.searchParams.get('code') ?? '',
    redirect_uri: redirectUri,
  })
  return {
    handle: running.platform('slack'),
    installation,
    slack: clientFor(installation.access_token),
    clientFor,
    client,
  }
}

describe("Slack's own client", () => {
  it('installs, says who it is, and lists channels page by page', async () => {
    const { slack, installation } = await install()
    expect(installation).toMatchObject({ token_type: 'bot', is_enterprise_install: false, enterprise: null })
    const self = await slack.auth.test()
    expect(self).toMatchObject({ team_id: installation.team?.id, user_id: installation.bot_user_id })
    expect(self.response_metadata?.scopes).toEqual(scopes.split(','))
    expect(await slack.team.info()).toMatchObject({ team: { name: 'Acme' } })

    const names: string[] = []
    const pages = slack.paginate('conversations.list', { types: 'public_channel,private_channel', limit: 2 })
    for await (const page of pages)
      for (const { name } of (page as unknown as { channels: { name: string }[] }).channels) names.push(name)
    expect(names).toEqual(['general', 'announcements', 'board', 'last-year'])
  })

  it('joins a channel and looks at it', async () => {
    const { slack } = await install()
    const { channels = [] } = await slack.conversations.list()
    const channel = channels.find(({ name }) => name === 'announcements')?.id ?? ''
    expect(await slack.conversations.info({ channel })).toMatchObject({ channel: { is_member: false } })
    await slack.conversations.join({ channel })
    expect(await slack.conversations.info({ channel })).toMatchObject({ channel: { is_member: true } })
  })

  it('refreshes with token rotation, once for each refresh token', async () => {
    const { installation, client, clientFor } = await install()
    const refresh = {
      ...client,
      grant_type: 'refresh_token' as const,
      refresh_token: installation.refresh_token ?? '',
    }
    const renewed = await clientFor().oauth.v2.access(refresh)
    expect(renewed).toMatchObject({ expires_in: 43_200, team: installation.team })
    expect(renewed.refresh_token).not.toBe(installation.refresh_token)
    expect(await clientFor(renewed.access_token).auth.test()).toMatchObject({ ok: true })
    await expect(clientFor().oauth.v2.access(refresh)).rejects.toMatchObject({
      data: { ok: false, error: 'invalid_refresh_token' },
    })
  })

  it('posts a text, answers it in its thread, links to it and deletes it', async () => {
    const { slack, handle } = await install()
    const { channels = [] } = await slack.conversations.list()
    const channel = channels.find(({ name }) => name === 'general')?.id ?? ''
    const { ts = '' } = await slack.chat.postMessage({ channel, text: 'R&amp;D &lt;3' })
    const reply = await slack.chat.postMessage({ channel, text: 'More', thread_ts: ts })
    const posts = handle.world.posts({ resourceId: channel })
    expect(posts.map(({ id, text, inReplyTo }) => [id, text, inReplyTo])).toEqual([
      [ts, 'R&D <3', null],
      [reply.ts, 'More', ts],
    ])
    const { permalink = '' } = await slack.chat.getPermalink({ channel, message_ts: ts })
    expect(await (await fetch(permalink)).text()).toContain('R&amp;D &lt;3')
    await slack.chat.delete({ channel, ts })
    await expect(slack.chat.delete({ channel, ts })).rejects.toMatchObject({
      data: { error: 'message_not_found' },
    })
    expect((await fetch(permalink)).status).toBe(404)
  })

  it('reads a channel and a thread, with the metadata of messages', async () => {
    const { slack } = await install()
    const { channels = [] } = await slack.conversations.list()
    const channel = channels.find(({ name }) => name === 'general')?.id ?? ''
    const metadata = { event_type: 'a_thing', event_payload: { key: 'k', part: 0 } }
    const { ts = '' } = await slack.chat.postMessage({ channel, text: 'Hello', metadata })
    const reply = await slack.chat.postMessage({ channel, text: 'More', thread_ts: ts, metadata })
    const all = { channel, include_all_metadata: true, limit: 1 }
    expect(await slack.conversations.history(all)).toMatchObject({ messages: [{ ts, metadata }] })
    expect((await slack.conversations.history({ channel })).messages?.[0]?.metadata).toBeUndefined()
    const found: (string | undefined)[] = []
    for await (const page of slack.paginate('conversations.replies', { ...all, ts }))
      for (const one of (page as { messages?: { ts?: string }[] }).messages ?? []) found.push(one.ts)
    expect(found).toEqual([ts, reply.ts])
  })

  it('uploads files and shares them as one message, which is told later', async () => {
    const { slack, handle } = await install()
    const { channels = [] } = await slack.conversations.list()
    const channel = channels.find(({ name }) => name === 'general')?.id ?? ''
    const file_uploads = ['a.png', 'b.mp4'].map((filename) => ({ file: Buffer.from(filename), filename }))
    await slack.filesUploadV2({ channel_id: channel, initial_comment: 'Two files', file_uploads })
    const [post, ...others] = handle.world.posts({ resourceId: channel })
    expect(others).toEqual([])
    expect(post).toMatchObject({
      text: 'Two files',
      media: [
        { mimeType: 'image/png', byteLength: 5 },
        { mimeType: 'video/mp4', byteLength: 5 },
      ],
    })
  })

  it('reads refusals, a lost token and busy times', async () => {
    const { slack, handle } = await install({ tokenRotation: false })
    await expect(slack.users.info({ user: 'U1' })).rejects.toMatchObject({
      data: { error: 'unknown_method' },
    })
    handle.badDays.failNext('rate_limited')
    await expect(slack.auth.test()).rejects.toMatchObject({ retryAfter: 120 })
    expect(await slack.auth.revoke()).toMatchObject({ revoked: true })
    await expect(slack.auth.test()).rejects.toMatchObject({ data: { error: 'token_revoked' } })
  })
})
