import { Hono } from 'hono'
import type { PlatformKit, SandboxPlatform } from '../platform.js'
import type { TokenPolicy } from '../token-policy.js'
import { answerError, createErrors, DiscordRefusal, notFound } from './errors.js'
import { createGuildRoutes } from './guilds.js'
import { createMessagePages, createMessages } from './messages.js'
import { createOAuthRoutes, createTokenRoutes } from './oauth.js'
import { sendRateLimits } from './rate-limits.js'
import { APPLICATION, createDiscordState } from './state.js'
import { createUserRoutes } from './users.js'
import { createWebhookRoutes } from './webhooks.js'
import { addChannel, addGuild, CONDITIONS, removeBot } from './world.js'

const tokens: TokenPolicy = {
  codeLifeSeconds: 100,
  accessLifeSeconds: 604_800,
  refreshLifeSeconds: null,
  rotation: 'rotating',
  replay: 'single_use',
  replayEndsGrant: false,
  codeReplayRevokes: false,
  pkce: 'optional',
  formats: {
    code: (random) => random.text(30),
    accessToken: (random) => random.text(30),
    refreshToken: (random) => random.text(30),
  },
}

/** Discord: servers, each with a person who may invite bots into it, and their channels. */
export const createDiscord = (): SandboxPlatform => ({
  id: 'discord',
  name: 'Discord',
  endpoints: { web: '', cdn: '/cdn' },
  browserPaths: ['/oauth2/authorize', '/channels/'],
  consentPaths: ['/oauth2/authorize'],
  app: { clientId: APPLICATION.id, clientSecret: APPLICATION.secret, botToken: APPLICATION.botToken },
  tokens,
  conditions: CONDITIONS,
  connectFields: () => ({}),
  seed(world) {
    const ada = world.addPerson({ name: 'Ada Sandbox', handle: 'ada' })
    const community = addGuild(world, { name: 'Acme Community', owner: ada })
    addChannel(world, community, { name: 'Information', type: 4 })
    addChannel(world, community, { name: 'general' })
    addChannel(world, community, { name: 'news', type: 5 })
    addChannel(world, community, { name: 'rules', everyoneMayNot: ['SEND_MESSAGES'] })
    addChannel(world, community, { name: 'staff', everyoneMayNot: ['VIEW_CHANNEL'] })
    addChannel(world, community, { name: 'ideas', type: 15 })
    addChannel(world, community, { name: 'Lounge', type: 2 })
    const ben = world.addPerson({ name: 'Ben Sandbox', handle: 'ben' })
    addChannel(world, addGuild(world, { name: 'Bens Books', owner: ben }), { name: 'general' })
  },
  addAccount({ world }) {
    const number = world.people().length + 1
    const person = world.addPerson({ name: `Person ${number}`, handle: `person${number}` })
    const guild = addGuild(world, { name: `Server ${number}`, owner: person })
    const channel = addChannel(world, guild, { name: 'general' })
    addChannel(world, guild, { name: 'news', type: 5 })
    return {
      personId: person.id,
      targetId: channel.id,
      resourceId: channel.id,
      chosenIds: [guild.id],
      fields: {},
      wrongFields: {},
    }
  },
  /** Removes the bot from their servers, and the application from their list of authorized ones. */
  revokeAccess({ world, tokens }, personId) {
    for (const guild of world.resourcesOf(personId, 'guild')) removeBot(world, guild.id)
    tokens.revokePerson(personId)
  },
  errors: createErrors,
  routes: createRoutes,
})

function createRoutes(kit: PlatformKit): Hono {
  const state = createDiscordState(kit)
  const messages = createMessages(state)
  const api = new Hono()
  api.route('/', createTokenRoutes(state))
  api.use(sendRateLimits(kit))
  api.route('/', createUserRoutes(state))
  api.route('/', createGuildRoutes(state))
  api.route('/', messages.routes)
  api.route('/', createWebhookRoutes(state, messages))
  api.all('*', () => {
    throw notFound()
  })

  const app = new Hono()
  app.onError(answerError)
  app.route('/', createOAuthRoutes(state))
  app.route('/api/v10', api)
  app.route('/api/oauth2', new Hono().route('/', createTokenRoutes(state, '')))
  app.all('/api/:version/*', () => {
    throw new DiscordRefusal(400, 50041, 'Invalid API version provided')
  })
  app.get('/channels/:guild/:channel', (c) =>
    c.text(`Here Discord would open channel ${c.req.param('channel')}.`),
  )
  app.route('/', createMessagePages(state))
  return app
}
