import {
  createHttpClient,
  type GrantAccess,
  type HttpRequest,
  type Occasion,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  silentLogger,
  type TargetAccess,
} from '@postmcp/core'
import { type RunningSandbox, startSandbox } from '@postmcp/sandbox'
import { afterEach, describe, expect, it } from 'vitest'
import { parseBotToken } from './bot-token.js'
import { parseChatReference } from './chat-reference.js'
import { classifyError } from './errors.js'
import { telegram } from './index.js'

const token = '123456789:AAabcdefghijklmnopqrstuvwxyz0123456'
const now = new Date('2026-11-22T12:00:00.000Z')

/** A context whose requests are answered from a list, in the order in which they are expected. */
function answering(answers: [method: string, result: unknown][]) {
  const requests: HttpRequest[] = []
  const left = [...answers]
  const ctx = {
    http: {
      async request(request: HttpRequest) {
        requests.push(request)
        const [method, body] = left.shift() ?? ['nothing', {}]
        expect(String(request.url)).toBe(`https://api.telegram.org/bot${token}/${method}`)
        const isRefusal = typeof body === 'object' && body !== null && 'error_code' in body
        const json = isRefusal ? { ok: false, ...body } : { ok: true, result: body }
        const status = isRefusal ? Number(body.error_code) : 200
        return { status, headers: new Headers(), text: JSON.stringify(json), json }
      },
      within: () => ctx.http,
    },
    clock: { now: () => now },
    endpoints: { api: 'https://api.telegram.org', web: 'https://t.me' },
  } as unknown as ProviderContext
  return { ctx, requests }
}

const access = (settings: GrantAccess['settings'] = {}): GrantAccess => ({
  authMethod: 'credentials',
  subject: '123456789',
  grantedScopes: [],
  settings,
  tokens: { accessToken: token },
})
const account = (targetId: string, settings: TargetAccess['settings'] = {}): TargetAccess => ({
  targetId,
  handle: targetId,
  settings,
  secrets: {},
})

const bot = { id: 123456789, is_bot: true, first_name: 'Publisher', username: 'publisher_bot' }
const channel = { id: -1001234567890, type: 'channel', title: 'News', username: 'news_channel' }
const administrator = { status: 'administrator', user: bot, can_post_messages: true }
const refusal = (error_code: number, description: string, parameters?: Record<string, number>) => ({
  error_code,
  description,
  ...(parameters && { parameters }),
})
const caught = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => Promise.reject(new Error('It succeeded.')),
    (error: unknown) => error,
  )

describe('a bot token', () => {
  it('is read out of the message of BotFather', () => {
    const message = `Use this token to access the HTTP API:\n${token}\nKeep your token secure.`
    expect(parseBotToken(message)).toEqual({ token, botId: '123456789' })
    expect(parseBotToken(` ${token} `).token).toBe(token)
  })

  it.each([
    '',
    'hunter2',
    '0123456789:AAabcdefghijklmnopqrstuvwxyz0123456',
    '123456789:short',
    `${token}/getMe?${'x'.repeat(3)}:`.replace(':', ''),
    `x${token}`,
  ])('is refused without being sent or repeated when it is none: %s', (typed) => {
    const error = (() => {
      try {
        parseBotToken(typed)
      } catch (thrown) {
        return thrown
      }
    })()
    expect(error).toMatchObject({ code: 'invalid_request', issues: [{ field: 'botToken' }] })
    if (typed !== '') expect(String((error as Error).message)).not.toContain(typed)
  })
})

describe('the name of a chat', () => {
  it.each([
    ['@News_Channel', '@News_Channel'],
    ['news_channel', '@news_channel'],
    [' -1001234567890 ', '-1001234567890'],
    ['−1001234567890', '-1001234567890'],
    ['https://t.me/news_channel', '@news_channel'],
    ['t.me/news_channel/42', '@news_channel'],
    ['https://t.me/s/news_channel?before=5', '@news_channel'],
    ['https://t.me/c/1234567890/42', '-1001234567890'],
    ['http://telegram.me/news_channel', '@news_channel'],
  ])('%s means %s', (typed, meant) => {
    expect(parseChatReference(typed)).toBe(meant)
  })

  it.each([
    ['https://t.me/+AbCdEf', /invite link/],
    ['https://t.me/joinchat/AbCdEf', /invite link/],
    ['1001234567890', /minus sign/],
    ['https://example.org/news', /names no channel/],
    ['https://t.me/share/url', /leads to no channel/],
    ['ab', /names no channel/],
  ])('%s is refused', (typed, words) => {
    expect(() => parseChatReference(typed)).toThrow(words)
  })
})

describe('connecting with a chat', () => {
  it('keeps the id of the chat, not its name, and asks for nothing else', async () => {
    const { ctx, requests } = answering([
      ['getMe', bot],
      ['getChat', channel],
    ])
    const authorization = await telegram.authenticate?.(ctx, { botToken: token, chat: '@news_channel' })
    expect(authorization).toEqual({
      subject: '123456789',
      tokens: { accessToken: token },
      grantedScopes: [],
      settings: { chat: '-1001234567890' },
      secrets: {},
    })
    expect(requests.map(({ method, json }) => [method, json])).toEqual([
      ['POST', {}],
      ['POST', { chat_id: '@news_channel' }],
    ])
  })

  it('lists that chat alone, so that nothing is said of the other chats of the bot', async () => {
    const { ctx, requests } = answering([
      ['getChat', channel],
      ['getChatMember', administrator],
    ])
    const targets = await telegram.listTargets(ctx, access({ chat: '-1001234567890' }))
    expect(targets).toEqual([
      {
        targetId: '-1001234567890',
        handle: 'news_channel',
        displayName: 'News',
        avatarUrl: null,
        profileUrl: 'https://t.me/news_channel',
        kind: 'channel',
        settings: { chat: '-1001234567890' },
      },
    ])
    expect(requests[1]?.json).toEqual({ chat_id: '-1001234567890', user_id: 123456789 })
    expect(telegram.manifest.connect.listsAllTargets).toBe(false)
  })

  it('says which right the bot lacks', async () => {
    const { ctx } = answering([
      ['getChat', channel],
      ['getChatMember', { ...administrator, can_post_messages: false }],
    ])
    const error = await caught(telegram.listTargets(ctx, access({ chat: '-1001234567890' })))
    expect(error).toMatchObject({
      code: 'missing_permission',
      message: 'The bot is in News, but lacks the right can_post_messages.',
    })
  })

  it('says that the bot is not in the chat', async () => {
    const { ctx } = answering([
      ['getChat', channel],
      ['getChatMember', { status: 'left', user: bot }],
    ])
    expect(await caught(telegram.listTargets(ctx, access({ chat: '@x' })))).toMatchObject({
      code: 'missing_permission',
      message: 'The bot is not in News.',
    })
    const kicked = answering([
      ['getMe', bot],
      ['getChat', refusal(403, 'Forbidden: bot was kicked from the channel chat')],
    ])
    expect(
      await caught(
        telegram.authenticate?.(kicked.ctx, { botToken: token, chat: '@news_channel' }) ?? wrong(),
      ),
    ).toMatchObject({ code: 'missing_permission', platformCode: '403' })
  })

  it('does not find a chat that Telegram does not show', async () => {
    const { ctx } = answering([
      ['getMe', bot],
      ['getChat', refusal(400, 'Bad Request: chat not found')],
    ])
    const error = await caught(telegram.authenticate?.(ctx, { botToken: token, chat: '@nobody' }) ?? wrong())
    expect(error).toMatchObject({ code: 'identity_not_found' })
  })

  it('does not take a private conversation', async () => {
    const { ctx } = answering([
      ['getMe', bot],
      ['getChat', { id: 5, type: 'private', first_name: 'Ada' }],
    ])
    const error = await caught(
      telegram.authenticate?.(ctx, { botToken: token, chat: '@ada_lovelace' }) ?? wrong(),
    )
    expect(error).toMatchObject({ code: 'invalid_request', issues: [{ field: 'chat' }] })
  })
})

describe('connecting without a chat', () => {
  const added = (id: number, type: string, more: Record<string, unknown> = {}) => ({
    update_id: 1,
    my_chat_member: {
      chat: { id, type, title: `Chat ${id}`, ...more },
      new_chat_member: { status: 'member' },
    },
  })

  it('finds chats by pending updates, confirming none and configuring nothing', async () => {
    const { ctx, requests } = answering([
      ['getWebhookInfo', { url: '' }],
      [
        'getUpdates',
        [
          added(-1001, 'channel'),
          { update_id: 2, channel_post: { chat: channel, text: 'Hello' } },
          added(-1001, 'channel'),
          { update_id: 3, message: { chat: { id: 77, type: 'private', first_name: 'Ada' } } },
          added(-1002, 'channel'),
          added(-44, 'group'),
        ],
      ],
      ['getChatMember', { status: 'member', user: bot }],
      ['getChat', { id: -44, type: 'group', title: 'Group', permissions: { can_send_messages: true } }],
      ['getChatMember', refusal(403, 'Forbidden: bot was kicked from the channel chat')],
      ['getChatMember', administrator],
      ['getChatMember', administrator],
    ])
    const targets = await telegram.listTargets(ctx, access())
    expect(targets.map(({ targetId, kind, handle }) => [targetId, kind, handle])).toEqual([
      ['-44', 'group', '-44'],
      ['-1001', 'channel', '-1001'],
      ['-1001234567890', 'channel', 'news_channel'],
    ])
    expect(requests[1]?.json).toEqual({ timeout: 0, limit: 100 })
  })

  it('asks for the chat where the bot has a webhook, which it leaves alone', async () => {
    const { ctx, requests } = answering([
      ['getMe', bot],
      ['getWebhookInfo', { url: 'https://bot.example.org/hook' }],
    ])
    const error = await caught(telegram.authenticate?.(ctx, { botToken: token }) ?? wrong())
    expect(error).toMatchObject({ code: 'invalid_request', issues: [{ field: 'chat' }] })
    expect((error as Error).message).toMatch(/webhook.*field chat/)
    expect(requests).toHaveLength(2)
  })

  it('asks for the chat where another program reads the updates', async () => {
    const { ctx } = answering([
      ['getWebhookInfo', { url: '' }],
      ['getUpdates', refusal(409, 'Conflict: terminated by other getUpdates request; make sure')],
    ])
    const error = await caught(telegram.listTargets(ctx, access()))
    expect((error as Error).message).toMatch(/Another program.*field chat/)
  })
})

describe('status', () => {
  const verify = (settings: TargetAccess['settings'], answers: [string, unknown][], id = '-1001234567890') =>
    telegram.verify(answering(answers).ctx, access(), account(id, settings))

  it('is active with rights, and brings name and title as they are now', async () => {
    expect(
      await verify({}, [
        ['getChat', { ...channel, title: 'New title', username: undefined }],
        ['getChatMember', administrator],
      ]),
    ).toMatchObject({
      status: 'active',
      target: { displayName: 'New title', handle: '-1001234567890', profileUrl: null },
    })
  })

  it.each([
    [{ ...administrator, can_post_messages: false }, 'missing_permission', 'scope_missing'],
    [{ status: 'left', user: bot }, 'missing_permission', 'target_not_granted'],
    [{ status: 'kicked', user: bot, until_date: 0 }, 'revoked', 'target_not_granted'],
    [{ status: 'member', user: bot }, 'missing_permission', 'scope_missing'],
  ])('in a channel with %j is %s', async (member, status, reason) => {
    const found = await verify({}, [
      ['getChat', channel],
      ['getChatMember', member],
    ])
    expect(found).toMatchObject({ status, reason })
  })

  it('of a restricted member names what is not allowed', async () => {
    const group = { id: -1009, type: 'supergroup', title: 'Group' }
    const may = { can_send_messages: true, can_send_photos: false, can_send_videos: false }
    const found = await verify({}, [
      ['getChat', group],
      ['getChatMember', { status: 'restricted', user: bot, is_member: true, ...may }],
    ])
    expect(found).toMatchObject({
      status: 'missing_permission',
      missingScopes: ['can_send_photos', 'can_send_videos'],
    })
  })

  it('follows a group that became a supergroup, and remembers the new id beside the old one', async () => {
    const moved = { id: -1007000000001, type: 'supergroup', title: 'Group' }
    const upgraded = refusal(400, 'Bad Request: group chat was upgraded to a supergroup chat', {
      migrate_to_chat_id: moved.id,
    })
    const settings = { chat: '-44', movedTo: '-1007000000001' }
    const permissions = { can_send_messages: true, can_send_photos: true, can_send_videos: true }
    const first = await verify(
      {},
      [
        ['getChat', upgraded],
        ['getChat', moved],
        ['getChatMember', { status: 'member', user: bot }],
        ['getChat', { ...moved, permissions }],
      ],
      '-44',
    )
    expect(first).toMatchObject({ status: 'active', target: { settings } })
    const { ctx, requests } = answering([
      ['getChat', moved],
      ['getChatMember', administrator],
    ])
    expect(await telegram.verify(ctx, access(), account('-44', settings))).toMatchObject({ status: 'active' })
    expect(requests[0]?.json).toEqual({ chat_id: '-1007000000001' })
  })

  it('keeps the account of an upgraded group on a reconnect, which names the old id', async () => {
    const upgraded = refusal(400, 'Bad Request: group chat was upgraded to a supergroup chat', {
      migrate_to_chat_id: -1007000000001,
    })
    const moved = { id: -1007000000001, type: 'supergroup', title: 'Group' }
    const { ctx } = answering([
      ['getMe', bot],
      ['getChat', upgraded],
      ['getChat', moved],
    ])
    const authorization = await telegram.authenticate?.(ctx, { botToken: token, chat: '-44' })
    expect(authorization?.settings).toEqual({ chat: '-44' })
    const again = answering([
      ['getChat', upgraded],
      ['getChat', moved],
      ['getChatMember', administrator],
    ])
    expect(await telegram.listTargets(again.ctx, access({ chat: '-44' }))).toMatchObject([
      { targetId: '-44', settings: { chat: '-44', movedTo: '-1007000000001' } },
    ])
  })
})

describe('errors', () => {
  const of = (status: number, message: string, occasion: Occasion = 'verify') =>
    classifyError(new PlatformError({ status, platformCode: null, message }), occasion)

  it.each<[number, string, Occasion, object]>([
    [401, 'Unauthorized', 'verify', { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' }],
    [401, 'Unauthorized', 'connect', { kind: 'credentials_rejected' }],
    [404, 'Not Found', 'connect', { kind: 'credentials_rejected' }],
    [401, 'Unauthorized: invalid token specified', 'verify', { status: 'verification_failed' }],
    [404, 'Not Found', 'verify', { status: 'verification_failed' }],
    [404, 'Not Found: method not found', 'publish', { kind: 'refused' }],
    [403, 'Forbidden: bot was kicked from the supergroup chat', 'verify', { status: 'revoked' }],
    [403, 'Forbidden: bot was blocked by the user', 'verify', { status: 'revoked' }],
    [403, 'Forbidden: the group chat was deleted', 'verify', { status: 'revoked' }],
    [403, 'Forbidden: bot is not a member of the channel chat', 'verify', { reason: 'target_not_granted' }],
    [
      400,
      'Bad Request: need administrator rights in the channel chat',
      'publish',
      { reason: 'scope_missing' },
    ],
    [
      400,
      'Bad Request: Not enough rights to send photos to the chat',
      'publish',
      { reason: 'scope_missing' },
    ],
    [400, 'Bad Request: CHAT_WRITE_FORBIDDEN', 'publish', { status: 'missing_permission' }],
    [
      400,
      'Bad Request: chat not found',
      'verify',
      { status: 'verification_failed', reason: 'account_not_found' },
    ],
    [400, 'Bad Request: FROZEN_METHOD_INVALID', 'verify', { status: 'revoked', reason: 'account_suspended' }],
    [409, 'Conflict: terminated by other getUpdates request', 'verify', { kind: 'unavailable' }],
    [421, 'Misdirected Request', 'connect', { kind: 'unavailable' }],
    [429, 'Too Many Requests: retry after 5', 'connect', { kind: 'rate_limited' }],
    [500, 'Internal Server Error', 'publish', { kind: 'unavailable' }],
    [400, 'Bad Request: something new', 'verify', { kind: 'unavailable' }],
    [400, 'Bad Request: something new', 'publish', { kind: 'refused' }],
    [403, 'Forbidden: something new', 'verify', { kind: 'unavailable' }],
  ])('%i %s on %s', (status, message, occasion, classification) => {
    expect(of(status, message, occasion)).toMatchObject(classification)
  })

  it('carry the time to come back and the code, and never the token', async () => {
    const busy = answering([['getMe', refusal(429, 'Too Many Requests: retry after 7', { retry_after: 7 })]])
    expect(await caught(telegram.authenticate?.(busy.ctx, { botToken: token }) ?? wrong())).toMatchObject({
      retryAfter: new Date(now.getTime() + 7000),
    })
    const repeating = answering([
      ['getMe', refusal(400, `Bad Request: /bot${token}/getMe CHAT_WRITE_FORBIDDEN`)],
    ])
    const error = await caught(telegram.authenticate?.(repeating.ctx, { botToken: token }) ?? wrong())
    expect(error).toMatchObject({
      message: 'Bad Request: /bot[hidden]/getMe CHAT_WRITE_FORBIDDEN',
      platformCode: 'CHAT_WRITE_FORBIDDEN',
    })
  })
})

describe('against the simulation', () => {
  let running: RunningSandbox | undefined
  afterEach(async () => {
    await running?.close()
    running = undefined
  })

  async function start() {
    running = await startSandbox()
    const sandbox = running.platform('telegram')
    const http = createHttpClient({
      allowedOrigins: [running.origin],
      userAgent: 'test',
      logger: silentLogger,
    })
    const ctx = {
      http,
      clock: { now: () => now },
      endpoints: sandbox.endpoints,
    } as unknown as ProviderContext
    const authorize = async (fields: Record<string, string>) => {
      const authorization = await telegram.authenticate?.(ctx, fields)
      if (!authorization) throw new Error('There is no authenticate.')
      return { ...authorization, authMethod: 'credentials' as const }
    }
    const people = sandbox.world.people().map(({ id }) => id)
    return { sandbox, ctx, authorize, people }
  }

  it('finds all chats of a bot, twice the same because nothing is consumed', async () => {
    const { sandbox, ctx, authorize } = await start()
    const { botToken = '' } = sandbox.connectFields()
    const granted = await authorize({ botToken })
    const first = await telegram.listTargets(ctx, granted)
    expect(first.map(({ displayName }) => displayName).sort()).toEqual([
      'Ada in private',
      'Ada publishes',
      'Friends of Ada',
      'Small group',
    ])
    expect(await telegram.listTargets(ctx, granted)).toEqual(first)
  })

  it('shows nothing for a bot that is nowhere, and the channel once it was added', async () => {
    const { sandbox, ctx, authorize } = await start()
    const nobody = sandbox.world.addPerson({ name: 'Cyd', handle: 'cyd', facts: { botId: '5550001112' } })
    const granted = await authorize(sandbox.connectFields(nobody.id))
    expect(await telegram.listTargets(ctx, granted)).toEqual([])
    const facts = { username: 'cyd_news' }
    const added = { kind: 'channel', id: '-1005550001112', name: 'Cyd news', ownerIds: [nobody.id], facts }
    sandbox.world.addResource(added)
    expect(await telegram.listTargets(ctx, granted)).toMatchObject([{ targetId: '-1005550001112' }])
  })

  it.each([
    ['bot_kicked', 'channel', { classification: 'revoked' }],
    ['bot_left', 'channel', { status: 'missing_permission' }],
    ['bot_without_rights', 'channel', { status: 'missing_permission', missingScopes: ['can_post_messages'] }],
    ['bot_without_rights', 'supergroup', { status: 'missing_permission', reason: 'scope_missing' }],
    ['group_upgraded', 'group', { status: 'active', target: { settings: { movedTo: expect.any(String) } } }],
    ['frozen', 'channel', { classification: 'revoked' }],
  ])('%s in a %s is noticed', async (condition, kind, expected) => {
    const { sandbox, ctx, authorize, people } = await start()
    const granted = await authorize(sandbox.connectFields())
    const [chat] = sandbox.world.resourcesOf(people[0] ?? '', kind)
    sandbox.world.setCondition(people[0] ?? '', condition)
    const found = await telegram.verify(ctx, granted, account(chat?.id ?? '')).catch((error: unknown) => {
      if (!(error instanceof PlatformError)) throw error
      const classification = classifyError(error, 'verify')
      return { classification: 'status' in classification ? classification.status : classification.kind }
    })
    expect(found).toMatchObject(expected)
  })
})

const wrong = () => Promise.reject(new PostMcpError('internal_error', 'There is no such hook.'))
