import { Hono } from 'hono'
import type { PlatformKit, SandboxPlatform } from '../platform.js'
import type { World } from '../world.js'
import { createBotFather, newBotToken } from './bot-father.js'
import { createMethods } from './bot-methods.js'
import { createBotRoutes } from './bot-routes.js'
import { type CHAT_KINDS, type ChatFacts, createChatId } from './chats.js'
import { CONDITIONS } from './conditions.js'
import { createErrors } from './errors.js'
import { createPublicPages } from './public-pages.js'
import { createUpdateQueues } from './updates.js'

/** Telegram's Bot API: people with a bot each, in the channels and groups they own. */
export function createTelegram(): SandboxPlatform {
  const botFather = createBotFather()
  return {
    id: 'telegram',
    name: 'Telegram',
    endpoints: { api: '', web: '/t.me' },
    browserPaths: ['/t.me/'],
    consentPaths: [],
    app: null,
    tokens: {
      codeLifeSeconds: 60,
      accessLifeSeconds: null,
      refreshLifeSeconds: null,
      rotation: 'none',
      replay: 'single_use',
      codeReplayRevokes: true,
      formats: { accessToken: (random) => botFather.formToken(random) },
    },
    conditions: CONDITIONS,
    connectFields(kit, personId) {
      const botToken = botFather.tokenOf(kit, personId)
      const [channel] = kit.world.resourcesOf(personId, 'channel')
      return channel ? { botToken, chat: channel.id } : { botToken }
    },
    seed(world) {
      const ada = addOwner(world, 'Ada Sandbox', 'ada')
      addChat(world, ada, 'channel', 'Ada publishes', { username: 'ada_publishes' })
      addChat(world, ada, 'channel', 'Ada in private')
      addChat(world, ada, 'supergroup', 'Friends of Ada', { username: 'friends_of_ada', topics: [7] })
      addChat(world, ada, 'group', 'Small group')
      // His bot is in no channel: connecting it ends with a list of chats, here of one.
      addChat(world, addOwner(world, 'Ben Sandbox', 'ben'), 'supergroup', 'Readers of Ben')
    },
    addAccount(kit) {
      const { world, random } = kit
      const number = world.people().length + 1
      const owner = addOwner(world, `Person ${number}`, `person${number}`)
      const chat = addChat(world, owner, 'channel', `Channel ${number}`, { username: `channel_${number}` })
      const botToken = botFather.tokenOf(kit, owner)
      const [botId = ''] = botToken.split(':')
      return {
        personId: owner,
        targetId: chat,
        resourceId: chat,
        fields: { botToken, chat: `@channel_${number}` },
        wrongFields: { botToken: newBotToken(botId, random), chat: `@channel_${number}` },
      }
    },
    errors: createErrors,
    routes(kit: PlatformKit) {
      const queues = createUpdateQueues(kit)
      const app = new Hono()
      app.route('/', createPublicPages(kit))
      app.route('/', createBotRoutes(kit, createMethods(kit, queues)))
      return app
    },
  }
}

function addOwner(world: World, name: string, handle: string): string {
  const botId = world.random.digits(10)
  return world.addPerson({ name, handle, facts: { botId } }).id
}

function addChat(
  world: World,
  ownerId: string,
  kind: (typeof CHAT_KINDS)[number],
  name: string,
  facts: ChatFacts = {},
): string {
  const id = createChatId(kind, world.random)
  return world.addResource({ kind, id, name, ownerIds: [ownerId], facts: { ...facts } }).id
}
