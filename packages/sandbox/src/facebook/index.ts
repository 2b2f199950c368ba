import { Hono } from 'hono'
import { SESSION_CONDITIONS } from '../meta/access.js'
import { askByDialog } from '../meta/dialog.js'
import { answerGraphError, createGraphErrors, GraphApiError } from '../meta/errors.js'
import type { SandboxPlatform } from '../platform.js'
import { createDebugRoutes } from './debug-token.js'
import { createGraphRoutes } from './graph-routes.js'
import { createTokenRoutes } from './oauth.js'
import { Permissions } from './permissions.js'
import { SCOPES } from './scopes.js'
import { addPage, seedPages } from './world.js'

/** Facebook Login, the Graph API as far as Pages need it, and people with their Pages. */
export const createFacebook = (): SandboxPlatform => ({
  id: 'facebook',
  name: 'Facebook',
  endpoints: { www: '/www', graph: '/graph' },
  browserPaths: ['/www/'],
  app: { clientId: '1234567890123456', clientSecret: 'a-simulated-app-secret' },
  tokens: {
    // How long a code lives is not documented; that of a short-lived token is one or two hours.
    codeLifeSeconds: 600,
    accessLifeSeconds: 5400,
    refreshLifeSeconds: null,
    rotation: 'none',
    replay: 'single_use',
    codeReplayRevokes: false,
    pkce: 'ignored',
    consents: 'merge',
    formats: { accessToken: (random) => `EAA${random.text(60)}`, code: (random) => `AQ${random.text(40)}` },
  },
  conditions: [...SESSION_CONDITIONS, 'no_page_role'],
  connectFields: () => ({}),
  seed: seedPages,
  addAccount({ world }) {
    const number = world.people().length + 1
    const person = world.addPerson({ name: `Person ${number}`, handle: `person${number}` })
    const page = addPage(world, { name: `Page ${number}`, username: `page${number}`, ownerIds: [person.id] })
    return { personId: person.id, targetId: page.id, resourceId: page.id, fields: {}, wrongFields: {} }
  },
  errors: createGraphErrors({
    code: 80001,
    message: '(#80001) There have been too many calls to this Page account. Wait a bit and try again.',
    type: 'pages',
  }),
  routes(kit) {
    const permissions = new Permissions()
    const app = new Hono()
    app.onError(answerGraphError(kit))
    app.notFound(() => {
      throw new GraphApiError(2500, 'Unknown path components')
    })

    app.get('/www/:version{v[0-9]+\\.[0-9]+}/dialog/oauth', (c) => {
      const query = c.req.query()
      return askByDialog(kit, c, {
        scopes: SCOPES,
        required: [],
        choose: {
          kind: 'Pages',
          itemsOf: (personId) =>
            kit.world.resourcesOf(personId, 'page').map(({ id, name }) => ({ id, label: name })),
        },
        fragment: '#_=_',
        unknownClient: 'Invalid App ID: The provided app ID does not look like a valid app ID.',
        adjust: (decision, asked) =>
          permissions.decide(query.client_id ?? '', decision, asked, query.auth_type === 'rerequest'),
      })
    })

    const graph = new Hono()
    graph.route('/', createTokenRoutes(kit))
    graph.route('/', createDebugRoutes(kit))
    graph.route('/', createGraphRoutes(kit, permissions))
    app.route('/graph/:version{v[0-9]+\\.[0-9]+}', graph)
    app.route('/graph', graph)
    return app
  },
})
