import { Hono } from 'hono'
import type { SandboxPlatform } from '../platform.js'
import { CONDITIONS } from './access.js'
import { createAccountRoutes } from './account-routes.js'
import { createBoardRoutes } from './board-routes.js'
import { answerError, createErrors } from './errors.js'
import { createMediaRoutes } from './media-routes.js'
import { createOAuthRoutes } from './oauth.js'
import { createPinRoutes } from './pin-routes.js'
import { VideoUploads } from './video-uploads.js'

const DAY = 24 * 3600

/** Pinterest, API version 5: people with boards. */
export const createPinterest = (): SandboxPlatform => ({
  id: 'pinterest',
  name: 'Pinterest',
  endpoints: { www: '', api: '' },
  browserPaths: ['/oauth/', '/pin/'],
  consentPaths: ['/oauth/'],
  app: { clientId: '1234567', clientSecret: 'simulated-secret-of-the-pinterest-app' },
  tokens: {
    // How long a code lives is not documented.
    codeLifeSeconds: 600,
    accessLifeSeconds: 30 * DAY,
    refreshLifeSeconds: 60 * DAY,
    rotation: 'rotating',
    // What becomes of a refresh token that was used is not documented; this is the harder way.
    replay: 'single_use',
    replayEndsGrant: false,
    codeReplayRevokes: false,
    pkce: 'ignored',
    formats: {
      accessToken: (random) => `pina_${random.text(64)}`,
      refreshToken: (random) => `pinr.${random.text(64)}`,
    },
  },
  conditions: CONDITIONS,
  connectFields: () => ({}),
  seed(world) {
    const ada = world.addPerson({
      name: 'Ada Sandbox',
      handle: 'adasandbox',
      facts: { accountType: 'BUSINESS', businessName: 'Ada Sandbox Ltd' },
    })
    const ben = world.addPerson({ name: 'Ben Sandbox', handle: 'bensandbox' })
    const board = (name: string, ownerIds: string[], facts: Record<string, unknown> = {}) =>
      world.addResource({ kind: 'board', name, ownerIds, facts: { privacy: 'PUBLIC', ...facts } })
    board('Recipes', [ada.id])
    board('Secret plans', [ada.id], { privacy: 'SECRET' })
    board('Ad-only Pins', [ada.id], { privacy: 'PROTECTED', isAdsOnly: true })
    // The first of the owners made it; the others work on it.
    board('Travel together', [ben.id, ada.id])
    board('Bicycles', [ben.id])
  },
  addAccount({ world }) {
    const number = world.people().length + 1
    const person = world.addPerson({ name: `Person ${number}`, handle: `person${number}` })
    const board = world.addResource({
      kind: 'board',
      name: `Board of person ${number}`,
      ownerIds: [person.id],
      facts: { privacy: 'PUBLIC' },
    })
    return { personId: person.id, targetId: board.id, resourceId: board.id, fields: {}, wrongFields: {} }
  },
  errors: createErrors,
  routes(kit) {
    const app = new Hono()
    app.onError(answerError)
    app.use('/v5/*', async (c, next) => {
      await next()
      c.res.headers.set('x-pinterest-rid', kit.random.digits(16))
    })
    app.route('/', createOAuthRoutes(kit))
    app.route('/', createAccountRoutes(kit))
    app.route('/', createBoardRoutes(kit))
    const videos = new VideoUploads(kit)
    app.route('/', createMediaRoutes(kit, videos))
    app.route('/', createPinRoutes(kit, videos))
    app.get('/pin/:id/', (c) => {
      const pin = kit.world.post(c.req.param('id'))
      return pin ? c.text(pin.text) : c.notFound()
    })
    return app
  },
})
