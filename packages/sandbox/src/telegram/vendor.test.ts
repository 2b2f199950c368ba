import { Api, GrammyError, InputFile } from 'grammy'
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

describe('grammY publishing at the simulated Bot API', () => {
  const png = (width: number, height: number) => {
    const bytes = Buffer.from('89504e470d0a1a0a0000000d4948445200000000000000000806000000', 'hex')
    bytes.writeUInt32BE(width, 16)
    bytes.writeUInt32BE(height, 20)
    return new InputFile(bytes, 'a.png')
  }
  const clip = () => new InputFile(Buffer.from('a video'), 'a.mp4')

  it('writes a text, answers it, and deletes both', async () => {
    const { api, handle, chat } = await start()
    const first = await api.sendMessage(chat, ' Hello <b>you</b> ', { protect_content: true })
    expect(first).toMatchObject({
      text: 'Hello <b>you</b>',
      has_protected_content: true,
      chat: { id: Number(chat), username: 'ada_publishes' },
    })
    const answer = await api.sendMessage(chat, 'More', { reply_parameters: { message_id: first.message_id } })
    expect(answer.reply_to_message?.message_id).toBe(first.message_id)
    const page = await fetch(`${handle.base}/t.me/ada_publishes/${first.message_id}`)
    expect(await page.text()).toContain('Hello &lt;b&gt;you')
    const posts = handle.world.posts({ resourceId: chat })
    expect(posts.map(({ id, inReplyTo }) => [id, inReplyTo])).toEqual([
      [String(first.message_id), null],
      [String(answer.message_id), String(first.message_id)],
    ])
    for (const { message_id } of [answer, first]) expect(await api.deleteMessage(chat, message_id)).toBe(true)
    expect(handle.world.posts()).toEqual([])
    expect((await refusalOf(api.deleteMessage(chat, first.message_id))).description).toBe(
      'Bad Request: message to delete not found',
    )
  })

  it('sends a picture, a video, an animation, and an album that is one post', async () => {
    const { api, handle, chat } = await start()
    const photo = await api.sendPhoto(chat, png(30, 20), { caption: 'A picture' })
    expect(photo).toMatchObject({ caption: 'A picture', photo: [{ width: 30, height: 20 }] })
    const video = await api.sendVideo(chat, clip(), { width: 4, height: 2, duration: 9, cover: png(4, 2) })
    expect(video.video).toMatchObject({ width: 4, height: 2, duration: 9, file_name: 'a.mp4' })
    expect((await api.sendAnimation(chat, clip())).animation).toMatchObject({ mime_type: expect.any(String) })
    const album = await api.sendMediaGroup(chat, [
      { type: 'photo', media: png(1, 1), caption: 'Both' },
      { type: 'video', media: clip() },
    ])
    const groups = album.map((one) => ('media_group_id' in one ? one.media_group_id : undefined))
    expect([...new Set(groups)]).toEqual([expect.any(String)])
    const posts = handle.world.posts({ resourceId: chat })
    expect(posts.map(({ text, media }) => [text, media.length])).toEqual([
      ['A picture', 1],
      ['', 1],
      ['', 1],
      ['Both', 2],
    ])
    // As long as one message of it is there, so is the post.
    const [first, second] = album.map(({ message_id }) => message_id)
    await api.deleteMessage(chat, first ?? 0)
    expect(handle.world.posts()).toHaveLength(4)
    await api.deleteMessage(chat, second ?? 0)
    expect(handle.world.posts()).toHaveLength(3)
  })

  it('is refused what the server refuses', async () => {
    const { api, handle, chat, ada } = await start()
    const wordsOf = async (work: Promise<unknown>) => (await refusalOf(work)).description
    expect(await wordsOf(api.sendMessage(chat, '  '))).toBe('Bad Request: message text is empty')
    expect(await wordsOf(api.sendMessage(chat, 'x'.repeat(4097)))).toBe('Bad Request: message is too long')
    const caption = 'x'.repeat(1025)
    expect(await wordsOf(api.sendPhoto(chat, png(1, 1), { caption }))).toBe(
      'Bad Request: message caption is too long',
    )
    expect(await wordsOf(api.sendPhoto(chat, png(9000, 1001)))).toBe('Bad Request: PHOTO_INVALID_DIMENSIONS')
    expect(await wordsOf(api.sendPhoto(chat, png(2100, 100)))).toBe('Bad Request: PHOTO_INVALID_DIMENSIONS')
    expect(await wordsOf(api.sendPhoto(chat, clip()))).toBe('Bad Request: IMAGE_PROCESS_FAILED')
    expect(await wordsOf(api.sendPhoto(chat, new InputFile(Buffer.alloc(10_000_001), 'a.png')))).toBe(
      'Bad Request: file is too big',
    )
    expect(await wordsOf(api.sendMediaGroup(chat, [{ type: 'photo', media: png(1, 1) }]))).toMatch(
      /2-10 items/,
    )
    const reply_parameters = { message_id: 4711 }
    expect(await wordsOf(api.sendMessage(chat, 'x', { reply_parameters }))).toBe(
      'Bad Request: message to be replied not found',
    )
    expect(await wordsOf(api.sendMessage(chat, 'x', { message_thread_id: 7 }))).toBe(
      'Bad Request: message thread not found',
    )
    handle.world.setCondition(ada, 'bot_without_rights')
    expect(await wordsOf(api.sendMessage(chat, 'x'))).toBe(
      'Bad Request: need administrator rights in the channel chat',
    )
    expect(await wordsOf(api.sendPhoto('@friends_of_ada', png(1, 1)))).toBe(
      'Bad Request: not enough rights to send photos to the chat',
    )
    expect(handle.world.posts()).toEqual([])
  })

  it('writes into a topic, and cannot delete after two days or what others wrote', async () => {
    const { api, handle, ben } = await start()
    const group = '@friends_of_ada'
    const sent = await api.sendMessage(group, 'x', { message_thread_id: 7 })
    expect(sent).toMatchObject({ is_topic_message: true, message_thread_id: 7 })
    const { botToken = '' } = handle.connectFields(ben)
    const other = new Api(botToken, { apiRoot: handle.base })
    expect(await refusalOf(other.sendMessage(group, 'x'))).toMatchObject({ error_code: 403 })
    const stays = "Bad Request: message can't be deleted"
    expect((await refusalOf(other.deleteMessage(group, sent.message_id))).description).toBe(stays)
    handle.clock.advance(48 * 60 * 60 + 1)
    expect((await refusalOf(api.deleteMessage(group, sent.message_id))).description).toBe(stays)
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
