import type { PublishInput } from '@postmcp/core'
import type { FakePlatform } from '@postmcp/core/testing'
import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { telegram } from '../../src/telegram/index.js'
import { objectOf } from './json.js'
import type { FurtherCalls } from './life.js'
import { inAnswer, inBytes, inJson, inPath } from './planted.js'
import { testDescription } from './suite.js'
import { readTelegram } from './telegram-description.js'

/** Of the chats that the sandbox has from the start, each is another kind. */
const kinds = ['channel', 'supergroup', 'group'] as const

/** @param given what is typed: the bot's token alone, with a chat of its own, or with one of Ada's of this kind */
const start = (given: 'token' | 'chat' | (typeof kinds)[number]) => async (): Promise<FakePlatform> => {
  const sandbox = await startSandbox({ platforms: platforms().filter(({ id }) => id === 'telegram') })
  const handle = sandbox.platform('telegram')
  const { botToken = '' } = handle.connectFields()
  const fake = asFakePlatform(handle, { close: sandbox.close })
  return {
    ...fake,
    async createAccount() {
      // Nothing is consented to in a browser here.
      const { approve: _, deny: __, ...account } = await fake.createAccount()
      const { chat = '', ...token } = account.fields
      if (given === 'token') return { ...account, fields: token }
      if (given === 'chat') return { ...account, fields: { ...token, chat } }
      const targetId = handle.world.resources(given)[0]?.id ?? ''
      return { ...account, targetId, fields: { botToken, chat: targetId } }
    },
  }
}

/** Posts of kinds that not every platform has, with all that a user can choose; one of them deleted twice. */
const furtherPosts: FurtherCalls = async (run, one) => {
  const options = {
    silent: true,
    protectContent: true,
    captionAbove: true,
    spoiler: true,
    linkPreview: false,
  }
  const publish = async (more: (input: PublishInput) => Promise<Partial<PublishInput['content']>>) => {
    const input = await run.inputFor(one)
    Object.assign(input.options, options)
    Object.assign(input.content, await more(input))
    const { checkpoint } = await run.prepare(input)
    const step = await telegram.continuePublish?.(run.ctx, input, checkpoint)
    if (!step) throw new Error('Telegram does not publish.')
    return run.finish(input, step)
  }
  const gif = { kind: 'animation', mimeType: 'image/gif', durationMs: 1000 } as const
  await publish(async () => ({ media: [await run.files.image(0, gif)] }))
  const thumbnail = await run.files.image(1)
  await publish(async () => ({ media: [await run.files.video(9000, { thumbnail })] }))
  await publish(async () => ({
    media: [await run.files.video(9000, { thumbnail }), await run.files.image(2)],
  }))
  const sent = await publish(async () => ({ text: 'Gone soon', replies: ['This, too'] }))
  const of = { access: one.access, account: one.target }
  for (const _ of [1, 2]) await telegram.deletePost?.(run.ctx, of, sent)
}

testDescription({
  provider: telegram,
  file: 'telegram.bot-api.json',
  read: readTelegram,
  starts: [start('token'), start('chat'), ...kinds.map(start)],
  furtherCalls: furtherPosts,
  covers: [
    'POST /bot{token}/deleteMessage 200',
    'POST /bot{token}/deleteMessage 400',
    'POST /bot{token}/getChat 200',
    'POST /bot{token}/getChat 401',
    'POST /bot{token}/getChat 429',
    'POST /bot{token}/getChat 500',
    'POST /bot{token}/getChatMember 200',
    'POST /bot{token}/getMe 200',
    'POST /bot{token}/getUpdates 200',
    'POST /bot{token}/getWebhookInfo 200',
    'POST /bot{token}/sendAnimation 200',
    'POST /bot{token}/sendMediaGroup 200',
    'POST /bot{token}/sendMessage 200',
    'POST /bot{token}/sendPhoto 200',
    'POST /bot{token}/sendVideo 200',
  ],
  notDescribed: {},
  exceptions: [],
  planted: [
    {
      name: 'a caption under another name',
      call: 'POST /bot{token}/sendPhoto',
      status: 200,
      change: inBytes('name="caption"', 'name="subtext"'),
      problem: 'the body: /subtext must be equal to constant',
    },
    {
      name: 'an album whose item has no type',
      call: 'POST /bot{token}/sendMediaGroup',
      status: 200,
      change: inBytes('"type":"photo"', '"kind":"photo"'),
      problem: "the body: /media/0 must have required property 'type'",
    },
    {
      name: 'a text in the place of a number',
      call: 'POST /bot{token}/sendVideo',
      status: 200,
      change: inBytes('1080', 'wide'),
      problem: 'the body: /width must be integer',
    },
    {
      name: 'an answer to a message that is not named as Telegram does',
      call: 'POST /bot{token}/sendMessage',
      status: 200,
      change: inJson((body) => Object.assign(body, { reply_parameters: { id: 5 } })),
      problem: "the body: /reply_parameters must have required property 'message_id'",
    },
    {
      name: 'a message without a chat',
      call: 'POST /bot{token}/sendMessage',
      status: 200,
      change: inAnswer((body) => delete objectOf(body.result).chat),
      problem: "/result must have required property 'chat'",
    },
    {
      name: 'an album that is one message',
      call: 'POST /bot{token}/sendMediaGroup',
      status: 200,
      change: inAnswer((body) => Object.assign(body, { result: {} })),
      problem: '/result must be array',
    },
    {
      name: 'a parameter of another name',
      call: 'POST /bot{token}/getChat',
      status: 200,
      change: inJson((body) => {
        body.chat = body.chat_id
        delete body.chat_id
      }),
      problem: 'the body: / must have required property',
    },
    {
      name: 'a parameter of the wrong type',
      call: 'POST /bot{token}/getChatMember',
      status: 200,
      change: inJson((body) => Object.assign(body, { user_id: 'ada' })),
      problem: 'the body: /user_id must be integer',
    },
    {
      name: 'a method there is not',
      call: 'POST /bot{token}/getMe',
      status: 200,
      change: inPath('getMe', 'whoAmI'),
      problem: 'is not described',
    },
    {
      name: 'a bot without a name',
      call: 'POST /bot{token}/getMe',
      status: 200,
      change: inAnswer((body) => delete objectOf(body.result).first_name),
      problem: "/result must have required property 'first_name'",
    },
    {
      name: 'a member whose right is no truth',
      call: 'POST /bot{token}/getChatMember',
      status: 200,
      change: inAnswer((body) => Object.assign(objectOf(body.result), { can_post_messages: 'yes' })),
      problem: '/result/can_post_messages must be boolean',
    },
    {
      name: 'a refusal without a reason',
      call: 'POST /bot{token}/getChat',
      status: 401,
      change: inAnswer((body) => delete body.description),
      problem: "must have required property 'description'",
    },
  ],
})
