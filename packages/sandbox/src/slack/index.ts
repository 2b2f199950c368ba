import { Hono } from 'hono'
import type { PlatformKit, SandboxPlatform } from '../platform.js'
import type { TokenPolicy } from '../token-policy.js'
import { createAuthRoutes } from './auth.js'
import { CONDITIONS } from './caller.js'
import { createConversationRoutes } from './conversations.js'
import { answerError, createErrors, SlackRefusal } from './errors.js'
import { createSlackEvents } from './events.js'
import { createFileRoutes } from './files.js'
import { createHistoryRoutes } from './history.js'
import { createMessageRoutes } from './messages.js'
import { createOAuthRoutes } from './oauth.js'
import { createSlackState } from './state.js'
import { addChannel, addWorkspace } from './workspace.js'

const SIGNING_SECRET = 'simulated-slack-signing-secret'

/** What an app has after token rotation was turned on, which cannot be undone. */
const rotatingTokens: TokenPolicy = {
  codeLifeSeconds: 600,
  accessLifeSeconds: 43_200,
  refreshLifeSeconds: null,
  rotation: 'rotating',
  replay: 'single_use',
  replayEndsGrant: false,
  codeReplayRevokes: false,
  pkce: 'ignored',
  consents: 'merge',
  formats: {
    accessToken: (random) => `xoxe.xoxb-1-${random.text(60)}`,
    refreshToken: (random) => `xoxe-1-${random.text(60)}`,
  },
}

const lastingTokens: TokenPolicy = {
  ...rotatingTokens,
  accessLifeSeconds: null,
  rotation: 'none',
  // Installing again gives the same bot token.
  reusesAccessToken: true,
  formats: { accessToken: (random) => `xoxb-${random.digits(12)}-${random.digits(13)}-${random.text(24)}` },
}

/**
 * Slack: workspaces, each with one person who may install apps, and their channels.
 *
 * @param options.tokenRotation whether the app turned token rotation on; default: true
 */
export function createSlack(options: { tokenRotation?: boolean } = {}): SandboxPlatform {
  const { tokenRotation = true } = options
  return {
    id: 'slack',
    name: 'Slack',
    endpoints: { web: '' },
    browserPaths: ['/oauth/v2/authorize', '/app_redirect', '/archives/', '/files/'],
    consentPaths: ['/oauth/v2/authorize'],
    app: {
      clientId: '1234567890.1234567890123',
      clientSecret: 'simulated-slack-client-secret',
      signingSecret: SIGNING_SECRET,
    },
    tokens: tokenRotation ? rotatingTokens : lastingTokens,
    conditions: CONDITIONS,
    connectFields: () => ({}),
    seed(world) {
      const ada = addWorkspace(world, { name: 'Acme', person: 'Ada Sandbox' })
      addChannel(world, ada, { name: 'general', isMember: true })
      addChannel(world, ada, { name: 'announcements' })
      addChannel(world, ada, { name: 'board', isPrivate: true, isMember: true })
      addChannel(world, ada, { name: 'salaries', isPrivate: true })
      addChannel(world, ada, { name: 'last-year', isArchived: true })
      const ben = addWorkspace(world, { name: 'Bens Books', person: 'Ben Sandbox' })
      addChannel(world, ben, { name: 'general' })
    },
    addAccount({ world }) {
      const number = world.people().length + 1
      const person = addWorkspace(world, { name: `Workspace ${number}`, person: `Person ${number}` })
      const channel = addChannel(world, person, { name: 'general' })
      return {
        personId: person.id,
        targetId: channel.id,
        resourceId: channel.id,
        fields: {},
        wrongFields: {},
      }
    },
    callbacks: createSlackEvents(SIGNING_SECRET),
    errors: createErrors,
    routes: (kit) => createRoutes(kit, tokenRotation),
  }
}

function createRoutes(kit: PlatformKit, tokenRotation: boolean): Hono {
  const state = createSlackState(kit, tokenRotation)
  const app = new Hono()
  app.onError(answerError)
  app.route('/', createOAuthRoutes(state))
  app.route('/', createAuthRoutes(state))
  app.route('/', createConversationRoutes(state))
  app.route('/', createHistoryRoutes(state))
  app.route('/', createMessageRoutes(state))
  app.route('/', createFileRoutes(state))
  app.all('/api/*', () => {
    throw new SlackRefusal('unknown_method')
  })
  app.get('/app_redirect', (c) => c.text(`Here Slack would open channel ${c.req.query('channel') ?? ''}.`))
  return app
}
