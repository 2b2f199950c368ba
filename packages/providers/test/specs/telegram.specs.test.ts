import type { FakePlatform } from '@postmcp/core/testing'
import { asFakePlatform, platforms, startSandbox } from '@postmcp/sandbox'
import { telegram } from '../../src/telegram/index.js'
import { objectOf } from './json.js'
import { inAnswer, inJson, inPath } from './planted.js'
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

testDescription({
  provider: telegram,
  file: 'telegram.bot-api.json',
  read: readTelegram,
  starts: [start('token'), start('chat'), ...kinds.map(start)],
  covers: [
    'POST /bot{token}/getChat 200',
    'POST /bot{token}/getChat 401',
    'POST /bot{token}/getChat 429',
    'POST /bot{token}/getChat 500',
    'POST /bot{token}/getChatMember 200',
    'POST /bot{token}/getMe 200',
    'POST /bot{token}/getUpdates 200',
    'POST /bot{token}/getWebhookInfo 200',
  ],
  notDescribed: {},
  exceptions: [],
  planted: [
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
