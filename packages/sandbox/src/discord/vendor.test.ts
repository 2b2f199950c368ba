import { RateLimitError, REST } from '@discordjs/rest'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { approve } from '../testing.js'
import { createDiscord } from './index.js'

const redirectUri = 'http://127.0.0.1:4477/accounts/oauth/callback'

let running: RunningSandbox | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})

/** The client of discord.js, pointed at the simulation, with the bot in a server. */
async function invite() {
  running = await startSandbox({ platforms: [createDiscord()] })
  const handle = running.platform('discord')
  const { base, app } = handle
  const options = {
    api: `${base}/api`,
    version: '10',
    retries: 0,
    rejectOnRateLimit: () => true,
    // Its own takes no forms of Node.
    makeRequest: (address: string, init: object) => fetch(address, init as RequestInit),
  }
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: app?.clientId ?? '',
    redirect_uri: redirectUri,
    scope: 'bot identify webhook.incoming',
    permissions: '117760',
    state: 's',
  })
  const back = new URL(await approve(`${base}/oauth2/authorize?${query}`))
  const nobody = new REST(options)
  const answer = (await nobody.post('/oauth2/token', {
    auth: false,
    passThroughBody: true,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
      client_id: app?.clientId ?? '',
      client_secret: app?.clientSecret ?? '',
    }).toString(),
  })) as Record<string, never> & {
    access_token: string
    guild: { id: string; name: string }
    webhook: { id: string; token: string }
  }
  return {
    handle,
    answer,
    nobody,
    bot: new REST(options).setToken(app?.botToken ?? ''),
    person: new REST({ ...options, authPrefix: 'Bearer' }).setToken(answer.access_token),
  }
}

describe('the client of discord.js', () => {
  it('sees the server the token answer names, its channels, and the bot in it', async () => {
    const { bot, answer } = await invite()
    const { id } = answer.guild
    const self = (await bot.get('/users/@me')) as { id: string; bot: boolean }
    expect(self.bot).toBe(true)
    expect(await bot.get('/users/@me/guilds')).toMatchObject([
      { id, name: 'Acme Community', permissions: '117760' },
    ])
    const guild = (await bot.get(`/guilds/${id}`)) as { roles: { id: string }[] }
    expect(await bot.get(`/guilds/${id}/members/${self.id}`)).toMatchObject({ roles: [guild.roles[1]?.id] })
    const channels = (await bot.get(`/guilds/${id}/channels`)) as { id: string; name: string; type: number }[]
    expect(channels.map(({ name, type }) => [name, type])).toEqual([
      ['Information', 4],
      ['general', 0],
      ['news', 5],
      ['rules', 0],
      ['staff', 0],
      ['ideas', 15],
      ['Lounge', 2],
    ])
    expect(await bot.get(`/channels/${channels[1]?.id}`)).toMatchObject({ name: 'general', guild_id: id })
    await expect(bot.get(`/channels/${channels[4]?.id}`)).rejects.toMatchObject({ code: 50001, status: 403 })
  })

  it('asks who authorized, with a token that a revocation ends', async () => {
    const { person, nobody, answer, handle } = await invite()
    expect(await person.get('/users/@me')).toMatchObject({ username: 'ada' })
    expect(await person.get('/oauth2/@me')).toMatchObject({
      scopes: ['bot', 'identify', 'webhook.incoming'],
      user: { username: 'ada' },
    })
    await nobody.post('/oauth2/token/revoke', {
      auth: false,
      passThroughBody: true,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        token: answer.access_token,
        client_id: handle.app?.clientId ?? '',
        client_secret: handle.app?.clientSecret ?? '',
      }).toString(),
    })
    await expect(person.get('/users/@me')).rejects.toMatchObject({ code: 50025, status: 401 })
  })

  it('looks at a webhook, deletes it, and leaves the server', async () => {
    const { bot, nobody, answer } = await invite()
    const { id, token } = answer.webhook
    expect(await nobody.get(`/webhooks/${id}/${token}`, { auth: false })).toMatchObject({ id, type: 1 })
    await nobody.delete(`/webhooks/${id}/${token}`, { auth: false })
    await expect(nobody.get(`/webhooks/${id}/${token}`, { auth: false })).rejects.toMatchObject({
      code: 10015,
    })
    await bot.delete(`/users/@me/guilds/${answer.guild.id}`)
    await expect(bot.get(`/guilds/${answer.guild.id}`)).rejects.toMatchObject({ code: 10004, status: 404 })
  })

  it('posts a text with files, answers it, and deletes it; the same nonce makes no second one', async () => {
    const { bot, handle } = await invite()
    const channel = handle.world.resources('channel').find(({ name }) => name === 'general')?.id ?? ''
    const at = `/channels/${channel}/messages` as const
    const body = {
      content: 'Hello',
      nonce: 'a-nonce',
      enforce_nonce: true,
      attachments: [{ id: '0', filename: 'tree.png', description: 'A tree' }],
    }
    const file = { name: 'tree.png', data: Buffer.from('a picture'), contentType: 'image/png' }
    const first = (await bot.post(at, { body, files: [file] })) as { id: string; attachments: unknown[] }
    expect(first.attachments).toMatchObject([{ filename: 'tree.png', description: 'A tree', size: 9 }])
    expect(await bot.post(at, { body, files: [file] })).toMatchObject({ id: first.id })
    handle.clock.advance(600)
    expect(await bot.post(at, { body })).not.toMatchObject({ id: first.id })
    const reply = { content: 'More', message_reference: { message_id: first.id } }
    expect(await bot.post(at, { body: reply })).toMatchObject({
      type: 19,
      referenced_message: { id: first.id },
    })
    expect(handle.world.posts({ resourceId: channel }).map(({ inReplyTo }) => inReplyTo)).toEqual([
      null,
      null,
      first.id,
    ])
    await bot.delete(`${at}/${first.id}`)
    await expect(bot.delete(`${at}/${first.id}`)).rejects.toMatchObject({ code: 10008, status: 404 })
  })

  it('posts by a webhook, which knows no nonce, and tells only who waits', async () => {
    const { nobody, answer, handle } = await invite()
    const at = `/webhooks/${answer.webhook.id}/${answer.webhook.token}` as const
    const body = { content: 'Hello', nonce: 'a-nonce', enforce_nonce: true }
    const query = new URLSearchParams({ wait: 'true' })
    const first = (await nobody.post(at, { body, query, auth: false })) as { id: string }
    const second = (await nobody.post(at, { body, query, auth: false })) as { id: string }
    expect(second.id).not.toBe(first.id)
    await nobody.post(at, { body, auth: false })
    expect(handle.world.posts()).toHaveLength(3)
    await nobody.delete(`${at}/messages/${first.id}`, { auth: false })
    expect(handle.world.posts()).toHaveLength(2)
  })

  it('reads busy times', async () => {
    const { bot, handle } = await invite()
    handle.badDays.failNext('rate_limited')
    await expect(bot.get('/users/@me')).rejects.toSatisfy(
      // It waits a little longer than it is told.
      (error: RateLimitError) => error instanceof RateLimitError && error.retryAfter >= 120_000,
    )
  })
})
