import { Hono } from 'hono'
import type { SandboxPlatform } from '../platform.js'
import type { World } from '../world.js'
import { CONDITIONS } from './access.js'
import { TIKTOK_CALLBACKS } from './callbacks.js'
import { createErrorHandler, createErrors } from './errors.js'
import { createConsentRoutes, createTokenRoutes } from './oauth.js'
import { createPublishRoutes } from './publish-routes.js'
import { createUserRoutes } from './users.js'

/** Somebody whose id is the `open_id` of our app: it begins with a dash, and means the same only with it. */
const addPerson = (world: World, name: string, handle: string, facts: Record<string, unknown> = {}) =>
  world.addPerson({
    id: `-000${world.random.text(32)}`,
    name,
    handle,
    facts: { unionId: world.random.uuid(), ...facts },
  })

/** TikTok: Login Kit and the Content Posting API. */
export function createTikTok(): SandboxPlatform {
  return {
    id: 'tiktok',
    name: 'TikTok',
    endpoints: { www: '/www', open: '/open' },
    browserPaths: ['/www/'],
    consentPaths: ['/www/v2/auth/authorize/'],
    app: { clientId: 'aw1234567890abcd', clientSecret: 'a-simulated-client-secret-of-tiktok' },
    tokens: {
      // How long a code lives is not documented.
      codeLifeSeconds: 300,
      // By the pages of November 2026, developers.tiktok.com/docs/en/oauth-refresh-a-user-access-token; before, 24 hours and 365 days.
      accessLifeSeconds: 7200,
      refreshLifeSeconds: 180 * 86_400,
      rotation: 'rotating',
      replay: 'single_use',
      // The old one stops working; nothing is said of the rest.
      replayEndsGrant: false,
      codeReplayRevokes: false,
      pkce: 'ignored',
      consents: 'separate',
      formats: {
        // The asterisk and the exclamation mark are encoded in addresses.
        code: (random) => `${random.text(60)}*${random.digits(1)}!${random.digits(4)}.e1`,
        accessToken: (random) => `act.${random.text(56)}!${random.digits(4)}.e1`,
        refreshToken: (random) => `rft.${random.text(56)}!${random.digits(4)}.e1`,
      },
    },
    conditions: CONDITIONS,
    connectFields: () => ({}),
    seed(world) {
      addPerson(world, 'Ada Sandbox', 'ada.sandbox')
      addPerson(world, 'Ben Sandbox', 'ben.sandbox', { isPrivate: true })
    },
    addAccount({ world }) {
      const number = world.people().length + 1
      const { id } = addPerson(world, `Person ${number}`, `person.${number}`)
      return { personId: id, targetId: id, fields: {}, wrongFields: {} }
    },
    callbacks: TIKTOK_CALLBACKS,
    errors: createErrors,
    routes(kit) {
      const app = new Hono()
      app.onError(createErrorHandler(kit))
      app.route('/www', createConsentRoutes(kit))
      app.get('/www/:handle{@.+}', (c) => c.text(`${c.req.param('handle')} in the PostMCP sandbox.`))
      app.route('/open', createTokenRoutes(kit))
      app.route('/open', createUserRoutes(kit))
      app.route('/open', createPublishRoutes(kit))
      return app
    },
  }
}
