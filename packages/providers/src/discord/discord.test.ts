import {
  type CodeExchange,
  type JsonObject,
  type Occasion,
  PlatformError,
  readTokenAnswer,
  type Verification,
} from '@postmcp/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { callDiscord, DiscordError, type Subject } from './api.js'
import { classifyError } from './errors.js'
import {
  access,
  botRoleId,
  botToken,
  botUserId,
  type Canned,
  cannedContext,
  channel,
  channelId,
  guildId,
  healthy,
  now,
  refusing,
} from './fixtures/context.js'
import { discord } from './index.js'
import { missingPermissions, permissionsIn } from './permissions.js'

describe('a call of Discord', () => {
  const call = (canned: Canned) => {
    const { ctx, requests } = cannedContext({ 'GET /users/@me': canned })
    const answer = z.object({ id: z.string() })
    return {
      requests,
      result: callDiscord(ctx, { method: 'GET', path: '/users/@me', subject: 'bot', answer }),
    }
  }

  it('is made by the bot, under the name that Discord wants', async () => {
    const { requests, result } = call({ body: { id: '1', username: 'PostMCP' } })
    expect(await result).toEqual({ id: '1' })
    expect(requests).toEqual([
      {
        method: 'GET',
        url: 'https://discord.com/api/v10/users/@me',
        headers: {
          'user-agent': 'DiscordBot (https://postmcp.example.org, 1.0)',
          authorization: `Bot ${botToken}`,
        },
      },
    ])
  })

  it('keeps the number of an error, and hides the bot token in its words', async () => {
    const said = { status: 400, body: { code: 50035, message: `Invalid ${botToken}`, errors: {} } }
    await expect(call(said).result).rejects.toMatchObject({
      name: 'PlatformError',
      status: 400,
      platformCode: '50035',
      message: 'Invalid [hidden]',
      subject: 'bot',
    })
  })

  it.each<[Canned, string]>([
    [
      { headers: { 'retry-after': '65' }, body: { message: '', retry_after: 64.57, global: false } },
      '2026-11-22T12:01:04.570Z',
    ],
    [{ headers: { 'retry-after': '65' }, body: '<html>1015</html>' }, '2026-11-22T12:01:05.000Z'],
  ])('knows when to come back', async (limited, instant) => {
    await expect(call({ ...limited, status: 429 }).result).rejects.toMatchObject({
      status: 429,
      retryAfter: new Date(instant),
    })
  })

  it.each<[string, Canned]>([
    ['a page of the proxy', { status: 403, body: '<html>1020</html>' }],
    ['a page where an answer was due', { body: '<html>' }],
    ['an answer without what was asked', { body: { username: 'PostMCP' } }],
  ])('does not take %s for a word of Discord', async (_, canned) => {
    await expect(call(canned).result).rejects.toMatchObject({ name: 'MalformedResponseError' })
  })

  it('is not even tried without a bot token', async () => {
    const { ctx, requests } = cannedContext({}, {})
    await expect(discord.listTargets(ctx, access())).rejects.toMatchObject({
      code: 'client_not_configured',
      nextAction: 'Set POSTMCP_DISCORD_BOT_TOKEN.',
    })
    expect(requests).toEqual([])
  })
})

describe('an error of Discord', () => {
  const classify = (
    code: string | null,
    status: number,
    subject: Subject = 'channel',
    on: Occasion = 'verify',
  ) => classifyError(new DiscordError({ status, platformCode: code, message: '' }, subject), on)

  it.each<[string, number, Subject, object]>([
    ['0', 401, 'guild', { kind: 'client_invalid' }],
    ['50014', 401, 'guild', { kind: 'client_invalid' }],
    ['50025', 401, 'person', { kind: 'access_token_expired' }],
    ['50001', 403, 'guild', { status: 'revoked', reason: 'target_not_granted' }],
    ['10004', 404, 'guild', { status: 'revoked', reason: 'target_not_granted' }],
    ['50001', 403, 'channel', { status: 'missing_permission', missingScopes: ['VIEW_CHANNEL'] }],
    ['50013', 403, 'channel', { status: 'missing_permission', reason: 'scope_missing' }],
    ['10003', 404, 'channel', { status: 'missing_permission', reason: 'account_not_found' }],
    ['10015', 404, 'webhook', { status: 'revoked', reason: 'token_revoked' }],
    ['50027', 401, 'webhook', { status: 'revoked', reason: 'token_revoked' }],
    ['40002', 403, 'channel', { status: 'verification_failed', reason: 'authorization_rejected' }],
    ['40058', 400, 'channel', { status: 'verification_failed' }],
    ['20016', 429, 'channel', { kind: 'rate_limited' }],
    ['40333', 403, 'channel', { kind: 'unavailable' }],
  ])('%s (%s) of a %s', (code, status, subject, meaning) => {
    expect(classify(code, status, subject)).toMatchObject(meaning)
    expect(classify(code, status, subject, 'publish')).toMatchObject(meaning)
  })

  it('that is not known ends no grant', () => {
    expect(classify('99999', 400)).toEqual({ kind: 'unavailable' })
    expect(classify('99999', 400, 'channel', 'publish')).toEqual({ kind: 'refused' })
    expect(classify(null, 502, 'channel', 'publish')).toEqual({ kind: 'unavailable' })
    expect(classify(null, 429)).toEqual({ kind: 'rate_limited' })
  })

  it('of the token endpoint is a word, as the standard has it', () => {
    const told = (platformCode: string, on: Occasion, status = 400) =>
      classifyError(new PlatformError({ status, platformCode, message: '' }), on)
    expect(told('invalid_grant', 'refresh')).toMatchObject({ kind: 'grant_lost', status: 'revoked' })
    expect(told('invalid_grant', 'callback')).toEqual({ kind: 'refused' })
    expect(told('invalid_client', 'refresh', 401)).toEqual({ kind: 'client_invalid' })
  })
})

describe('permissions in a channel', () => {
  const bot = { userId: botUserId, roleIds: [botRoleId], isTimedOut: false }
  const guild = (everyone: string, role: string) => ({
    id: guildId,
    roles: [
      { id: guildId, permissions: everyone },
      { id: botRoleId, permissions: role },
      { id: 'another role', permissions: '8' },
    ],
  })
  const rule = (id: string, type: number, allow: string, deny: string) => ({ id, type, allow, deny })
  const all = '52224'

  it('come from everyone and from the roles the bot has', () => {
    expect(missingPermissions(permissionsIn(guild('0', all), bot, []))).toEqual([])
    expect(missingPermissions(permissionsIn(guild(all, '0'), bot, []))).toEqual([])
    expect(missingPermissions(permissionsIn(guild('1024', '2048'), bot, []))).toEqual([
      'EMBED_LINKS',
      'ATTACH_FILES',
    ])
  })

  it('are changed for everyone first, then for roles taken together, then for the bot', () => {
    const forEveryone = rule(guildId, 0, '0', all)
    const missing = (...rules: ReturnType<typeof rule>[]) =>
      missingPermissions(permissionsIn(guild('0', all), bot, rules))
    expect(missing(forEveryone)).toHaveLength(4)
    expect(missing(rule(botRoleId, 0, all, '0'), forEveryone)).toEqual([])
    expect(missing(rule(botUserId, 1, '0', '2048'), rule(botRoleId, 0, all, '0'), forEveryone)).toEqual([
      'SEND_MESSAGES',
    ])
    expect(missing(rule('another role', 0, '0', all), rule('somebody', 1, '0', all))).toEqual([])
  })

  it('are not taken from an administrator, but are from who is timed out', () => {
    const forEveryone = rule(guildId, 0, '0', all)
    expect(missingPermissions(permissionsIn(guild('0', '8'), bot, [forEveryone]))).toEqual([])
    expect(missingPermissions(permissionsIn(guild('0', all), { ...bot, isTimedOut: true }, []))).toEqual([
      'SEND_MESSAGES',
      'EMBED_LINKS',
      'ATTACH_FILES',
    ])
    const admin = permissionsIn(guild('0', '8'), { ...bot, isTimedOut: true }, [])
    expect(missingPermissions(admin)).toEqual([])
  })

  it('are exact beyond what a number holds', () => {
    expect(permissionsIn(guild('0', '2251799813685248'), bot, [])).toBe(1n << 51n)
  })
})

describe('connecting', () => {
  /** @see https://docs.discord.com/developers/topics/oauth2 (2026-11-22), extended bot authorization */
  const answer = (more: JsonObject = {}): JsonObject => ({
    token_type: 'Bearer',
    guild: { id: guildId, name: "Mason's Test Server", owner_id: '53908232506183680', icon: null, roles: [] },
    access_token: 'zMndOe7jFLXGawdlxMOdNvXjjOce5X',
    scope: 'bot identify',
    expires_in: 604_800,
    refresh_token: 'mgp8qnvBwJcmadwgCYKyYD5CAzGAX4',
    ...more,
  })
  const exchange = (told: JsonObject): CodeExchange => ({
    tokens: readTokenAnswer(told, now),
    answer: told,
    requestedScopes: ['bot', 'identify'],
    fields: {},
    server: null,
    redirectUri: 'https://postmcp.example.org/accounts/oauth/callback',
  })
  const revoked = { 'POST /oauth2/token/revoke': { body: {} } }

  it('takes the server from the token answer and asks the bot whether it is there', async () => {
    const { ctx, asked } = cannedContext(healthy())
    expect(await discord.identify(ctx, exchange(answer()))).toEqual({
      subject: `${guildId}/${botUserId}`,
      tokens: {
        accessToken: 'zMndOe7jFLXGawdlxMOdNvXjjOce5X',
        refreshToken: 'mgp8qnvBwJcmadwgCYKyYD5CAzGAX4',
        accessTokenExpiresAt: new Date('2026-11-29T12:00:00.000Z'),
        grantedScopes: ['bot', 'identify'],
      },
      grantedScopes: ['bot', 'identify'],
      settings: { guildId, guildName: "Mason's Test Server", botUserId },
      secrets: {},
    })
    expect(asked()).toEqual(['GET /users/@me', `GET /guilds/${guildId}`])
  })

  it('keeps the bot token nowhere', async () => {
    const { ctx } = cannedContext(healthy())
    const authorization = await discord.identify(ctx, exchange(answer()))
    const targets = await discord.listTargets(ctx, access())
    expect(JSON.stringify([authorization, targets])).not.toContain(botToken)
  })

  it('without a server in the answer is refused, and the token ended', async () => {
    const { ctx, requests } = cannedContext(revoked)
    const { guild: _, ...without } = answer()
    await expect(discord.identify(ctx, exchange(without))).rejects.toMatchObject({
      code: 'authorization_failed',
      message: 'Discord did not say into which server the bot was invited.',
    })
    expect(requests).toMatchObject([
      {
        body: 'token=mgp8qnvBwJcmadwgCYKyYD5CAzGAX4',
        headers: {
          authorization: `Basic ${Buffer.from(`${botUserId}:the-client-secret`).toString('base64')}`,
        },
      },
    ])
  })

  it.each([refusing(404, 10004, 'Unknown Guild'), refusing(403, 50001, 'Missing Access')])(
    'with the bot of another application is the fault of the operator',
    async (canned) => {
      const { ctx, asked } = cannedContext(healthy({ [`GET /guilds/${guildId}`]: canned, ...revoked }))
      await expect(discord.identify(ctx, exchange(answer()))).rejects.toMatchObject({
        code: 'config_invalid',
        platformCode: String((canned.body as { code: number }).code),
      })
      expect(asked().at(-1)).toBe('POST /oauth2/token/revoke')
    },
  )

  it('lists the channels the bot may write to, in the order people see them', async () => {
    const closed = [{ id: guildId, type: 0, allow: '0', deny: '2048' }]
    const channels = [
      channel({ id: '3', name: 'news', type: 5, position: 9 }),
      channel({ id: '4', name: 'rules', permission_overwrites: closed }),
      channel({ id: '5', name: 'ideas', type: 15 }),
      channel({ id: '6', name: 'Lounge', type: 2 }),
      channel({ id: '7', name: 'Information', type: 4 }),
      channel(),
    ]
    const { ctx } = cannedContext(healthy({ [`GET /guilds/${guildId}/channels`]: { body: channels } }))
    expect(await discord.listTargets(ctx, access())).toEqual([
      {
        targetId: channelId,
        handle: 'general',
        displayName: "#general (Mason's Test Server)",
        avatarUrl: `https://cdn.discordapp.com/icons/${guildId}/a_389030ec9db118cb5b85a732333b7c98.png`,
        profileUrl: `https://discord.com/channels/${guildId}/${channelId}`,
        kind: 'channel',
        settings: { guildId },
      },
      expect.objectContaining({ targetId: '3', kind: 'announcement_channel' }),
    ])
  })

  describe('with a webhook', () => {
    const webhook = {
      id: '347114750880120863',
      token: 'kKDdjXa1g9tKNs0-_yOwLyALC9gydEWP6gr9sHabuK1vuofjhQDDnlOclJeRIvYK-pj_',
      name: 'testwebhook',
      type: 1,
      channel_id: '345626669224982402',
      guild_id: guildId,
      url: 'https://discord.com/api/webhooks/347114750880120863/kKDdjXa1g9tKNs0-_yOwLyALC9gydEWP6gr9sHabuK1vuofjhQDDnlOclJeRIvYK-pj_',
    }
    const identify = () =>
      discord.identify(
        cannedContext(healthy()).ctx,
        exchange(answer({ webhook, scope: 'bot webhook.incoming' })),
      )
    const path = `/webhooks/${webhook.id}/${webhook.token}`

    it('keeps its token in place of that of the person, and lists it as a target of its own', async () => {
      const { tokens, settings } = await identify()
      expect(tokens).toEqual({ accessToken: webhook.token })
      expect(JSON.stringify(settings)).not.toContain(webhook.token)
      const targets = await discord.listTargets(cannedContext(healthy()).ctx, access({ tokens, settings }))
      expect(targets.at(-1)).toEqual({
        targetId: webhook.id,
        handle: 'testwebhook',
        displayName: "testwebhook (Mason's Test Server)",
        avatarUrl: expect.any(String),
        profileUrl: `https://discord.com/channels/${guildId}/${webhook.channel_id}`,
        kind: 'webhook',
        settings: { guildId, channelId: webhook.channel_id },
        secrets: { webhookToken: webhook.token },
      })
    })

    it('asks for it without any proof but its token, and never repeats that', async () => {
      const target = {
        targetId: webhook.id,
        handle: 'old',
        settings: { guildId, channelId: '1' },
        secrets: { webhookToken: webhook.token },
      }
      const good = cannedContext({ [`GET ${path}`]: { body: webhook } })
      expect(await discord.verify(good.ctx, access(), target)).toMatchObject({
        status: 'active',
        target: { handle: 'testwebhook', settings: { guildId, channelId: webhook.channel_id } },
      })
      expect(good.requests[0]?.headers).not.toHaveProperty('authorization')
      const gone = cannedContext({ [`GET ${path}`]: refusing(404, 10015, `Unknown ${webhook.token}`) })
      const error: unknown = await discord.verify(gone.ctx, access(), target).catch((one: unknown) => one)
      expect(error).toMatchObject({ platformCode: '10015', message: 'Unknown [hidden]' })
    })

    it('deletes it at the end', async () => {
      const { tokens, settings } = await identify()
      const { ctx, asked } = cannedContext({
        [`DELETE ${path}`]: refusing(404, 10015),
        [`DELETE /users/@me/guilds/${guildId}`]: { status: 204 },
      })
      await discord.revoke(ctx, access({ tokens, settings }))
      expect(asked()).toEqual([`DELETE ${path}`, `DELETE /users/@me/guilds/${guildId}`])
    })
  })
})

describe('the status of a channel', () => {
  const target = { targetId: channelId, handle: 'general', settings: { guildId }, secrets: {} }
  const verify = (more: Record<string, Canned> = {}): Promise<Verification> =>
    discord.verify(cannedContext(healthy(more)).ctx, access(), target)
  const answering = (more: Record<string, unknown>) => ({
    [`GET /channels/${channelId}`]: { body: channel(more) },
  })

  it('is active, with its present name, and takes the bot token only', async () => {
    const { ctx, requests } = cannedContext(healthy(answering({ name: 'renamed' })))
    expect(await discord.verify(ctx, access(), target)).toEqual({
      target: expect.objectContaining({ handle: 'renamed' }),
      status: 'active',
      reason: null,
      platformCode: null,
    })
    for (const { headers } of requests) expect(headers?.authorization).toBe(`Bot ${botToken}`)
  })

  it('names the permissions that the bot lacks', async () => {
    const deny = [{ id: botUserId, type: 1, allow: '0', deny: String(2048 + 32_768) }]
    expect(await verify(answering({ permission_overwrites: deny }))).toMatchObject({
      status: 'missing_permission',
      reason: 'scope_missing',
      missingScopes: ['SEND_MESSAGES', 'ATTACH_FILES'],
    })
    const hidden = { [`GET /channels/${channelId}`]: refusing(403, 50001, 'Missing Access') }
    expect(await verify(hidden)).toMatchObject({
      status: 'missing_permission',
      reason: 'target_not_granted',
      platformCode: '50001',
      missingScopes: ['VIEW_CHANNEL'],
    })
  })

  it('counts a time-out while it lasts', async () => {
    const until = (instant: string) => ({
      [`GET /guilds/${guildId}/members/${botUserId}`]: {
        body: { roles: [botRoleId], communication_disabled_until: instant },
      },
    })
    expect(await verify(until('2026-11-22T12:00:01.000Z'))).toMatchObject({ status: 'missing_permission' })
    expect(await verify(until('2026-11-22T11:59:59.000Z'))).toMatchObject({ status: 'active' })
  })

  it('of another server is never good, though the one bot is in both', async () => {
    expect(await verify(answering({ guild_id: '1' }))).toEqual({
      status: 'missing_permission',
      reason: 'target_not_granted',
      platformCode: null,
      missingScopes: [],
    })
  })

  it('that became a forum cannot be written to as before', async () => {
    expect(await verify(answering({ type: 15 }))).toMatchObject({
      status: 'verification_failed',
      reason: 'target_not_granted',
    })
  })

  it('stops at the first refusal', async () => {
    const { ctx, asked } = cannedContext({
      [`GET /guilds/${guildId}`]: refusing(401, 0, '401: Unauthorized'),
    })
    const error: unknown = await discord.verify(ctx, access(), target).catch((one: unknown) => one)
    expect(asked()).toHaveLength(1)
    expect(classifyError(error as PlatformError, 'verify')).toEqual({ kind: 'client_invalid' })
  })
})

describe('revoking', () => {
  const leave = `DELETE /users/@me/guilds/${guildId}`

  it('ends the token of the person and takes the bot out of the server', async () => {
    const { ctx, asked } = cannedContext({
      'POST /oauth2/token/revoke': { body: {} },
      [leave]: { status: 204 },
    })
    await discord.revoke(ctx, access())
    expect(asked()).toEqual(['POST /oauth2/token/revoke', leave])
  })

  it.each([refusing(404, 10004), refusing(403, 50001)])(
    'is done where the bot is out already',
    async (canned) => {
      const { ctx } = cannedContext({ 'POST /oauth2/token/revoke': { body: {} }, [leave]: canned })
      await discord.revoke(ctx, access())
    },
  )

  it('says so when the bot could not leave', async () => {
    const { ctx } = cannedContext({ 'POST /oauth2/token/revoke': { body: {} }, [leave]: refusing(500, 0) })
    await expect(discord.revoke(ctx, access())).rejects.toMatchObject({ status: 500 })
  })
})
