import { Api, GrammyError } from 'grammy'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSandbox, startSandbox } from '../server.js'
import { createTelegram } from './index.js'

let running: RunningSandbox | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})

async function start() {
  running = await startSandbox({ platforms: [createTelegram()] })
  const handle = running.platform('telegram')
  const [ada, ben] = handle.world.people()
  const { botToken = '', chat = '' } = handle.connectFields()
  const api = new Api(botToken, { apiRoot: handle.base, timeoutSeconds: 10 })
  return { handle, api, chat, botToken, ada: ada?.id ?? '', ben: ben?.id ?? '' }
}

const refusalOf = async (work: Promise<unknown>): Promise<GrammyError> => {
  const error: unknown = await work.catch((thrown: unknown) => thrown)
  if (error instanceof GrammyError) return error
  throw new Error(`That was no refusal of the Bot API: ${String(error)}`)
}

describe('grammY at the simulated Bot API', () => {
  it('learns who the bot is, and what it may do in its channel', async () => {
    const { api, chat } = await start()
    const me = await api.getMe()
    expect(me).toMatchObject({ is_bot: true, username: 'ada_sandbox_bot' })
    expect(await api.getChat(chat)).toMatchObject({
      id: Number(chat),
      type: 'channel',
      title: 'Ada publishes',
    })
    expect(await api.getChat('@Ada_Publishes')).toMatchObject({ id: Number(chat) })
    expect(await api.getChatMember(chat, me.id)).toMatchObject({
      status: 'administrator',
      can_post_messages: true,
    })
  })

  it('reads where the bot was added, until it confirms', async () => {
    const { api } = await start()
    const updates = await api.getUpdates()
    expect(updates.map(({ my_chat_member: joined }) => joined?.chat.type)).toEqual([
      'channel',
      'channel',
      'supergroup',
      'group',
    ])
    expect(updates[0]?.my_chat_member?.new_chat_member.status).toBe('administrator')
    expect(await api.getUpdates()).toEqual(updates)
    expect(await api.getUpdates({ offset: (updates[3]?.update_id ?? 0) + 1 })).toEqual([])
    expect(await api.getUpdates()).toEqual([])
  })

  it('is refused updates while there is a webhook', async () => {
    const { api } = await start()
    await api.setWebhook('https://bot.example.org/hook')
    expect(await api.getWebhookInfo()).toMatchObject({ url: 'https://bot.example.org/hook' })
    const { error_code, description } = await refusalOf(api.getUpdates())
    expect([error_code, description]).toEqual([
      409,
      "Conflict: can't use getUpdates method while webhook is active",
    ])
    await api.deleteWebhook()
    expect(await api.getUpdates()).toHaveLength(4)
  })

  it('is refused with a token that was taken away, or is none', async () => {
    const { api, handle, ada } = await start()
    handle.tokens.revokePerson(ada)
    expect(await refusalOf(api.getMe())).toMatchObject({ error_code: 401, description: 'Unauthorized' })
    const { botToken = '' } = handle.connectFields()
    const renewed = new Api(botToken, { apiRoot: handle.base })
    expect((await renewed.getMe()).username).toBe('ada_sandbox_bot')
    const malformed = new Api('012:abc', { apiRoot: handle.base })
    expect((await refusalOf(malformed.getMe())).description).toBe('Unauthorized: invalid token specified')
  })

  it('is told when to come back', async () => {
    const { api, handle } = await start()
    handle.badDays.set({ fault: 'rate_limited', seconds: 7 })
    expect(await refusalOf(api.getMe())).toMatchObject({ error_code: 429, parameters: { retry_after: 7 } })
  })

  it.each([
    ['bot_kicked', 403, 'Forbidden: bot was kicked from the channel chat'],
    ['frozen', 400, 'Bad Request: FROZEN_METHOD_INVALID'],
  ])('finds its channel closed when the condition is %s', async (condition, code, words) => {
    const { api, handle, ada, chat } = await start()
    handle.world.setCondition(ada, condition)
    expect(await refusalOf(api.getChat(chat))).toMatchObject({ error_code: code, description: words })
  })

  it('finds a group under its new id', async () => {
    const { api, handle, ada } = await start()
    const group = handle.world.resourcesOf(ada, 'group')[0]?.id ?? ''
    expect(await api.getChat(group)).toMatchObject({ type: 'group' })
    handle.world.setCondition(ada, 'group_upgraded')
    const { parameters } = await refusalOf(api.getChat(group))
    const moved = await api.getChat(parameters.migrate_to_chat_id ?? 0)
    expect(moved).toMatchObject({ type: 'supergroup', title: 'Small group' })
    expect(String(moved.id)).toMatch(/^-100\d{10}$/)
  })

  it('does not see the private chats of others, and is no member of their public ones', async () => {
    const { handle, chat, ada, ben } = await start()
    const { botToken = '' } = handle.connectFields(ben)
    const api = new Api(botToken, { apiRoot: handle.base })
    const me = await api.getMe()
    expect(await api.getChatMember(chat, me.id)).toMatchObject({ status: 'left' })
    const hidden = handle.world.resourcesOf(ada, 'channel')[1]?.id ?? ''
    expect((await refusalOf(api.getChat(hidden))).description).toBe('Bad Request: chat not found')
  })
})

describe('the simulated server', () => {
  it('takes parameters from the query, a form or JSON, and any case of a method', async () => {
    const { handle, botToken, chat } = await start()
    const at = (method: string) => `${handle.base}/bot${botToken}/${method}`
    const byQuery = await fetch(`${at('GETCHAT')}?chat_id=${encodeURIComponent(chat)}`)
    const byForm = await fetch(at('getChat'), {
      method: 'POST',
      body: new URLSearchParams({ chat_id: chat }),
    })
    expect(await byQuery.json()).toEqual(await byForm.json())
    expect((await fetch(at('doMagic'))).status).toBe(404)
    expect(await (await fetch(`${handle.base}/somewhere`)).json()).toEqual({
      ok: false,
      error_code: 404,
      description: 'Not Found',
    })
  })

  it('shows public channels to everyone', async () => {
    const { handle } = await start()
    expect(await (await fetch(`${handle.base}/t.me/ada_publishes`)).text()).toContain('Ada publishes')
    expect((await fetch(`${handle.base}/t.me/nobody_here`)).status).toBe(404)
  })
})
