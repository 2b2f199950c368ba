import { Hono } from 'hono'
import { SESSION_CONDITIONS } from '../meta/access.js'
import { META_CALLBACKS } from '../meta/callbacks.js'
import { createDebugRoutes } from '../meta/debug-token.js'
import { askByDialog } from '../meta/dialog.js'
import { answerGraphError, createGraphErrors, GraphApiError } from '../meta/errors.js'
import { createTokenRoutes, FACEBOOK_LOGIN_POLICY } from '../meta/facebook-tokens.js'
import { addPage } from '../meta/pages.js'
import { Permissions } from '../meta/permissions.js'
import type { SandboxPlatform } from '../platform.js'
import { createGraphRoutes } from './graph-routes.js'
import { createPublishingRoutes } from './publishing.js'
import { SCOPES } from './scopes.js'
import { createUploadRoutes } from './video-routes.js'
import { Videos } from './videos.js'
import { seedPages } from './world.js'

/** Facebook Login, people with their Pages, and what Pages publish. */
export const createFacebook = (): SandboxPlatform => ({
  id: 'facebook',
  name: 'Facebook',
  endpoints: { www: '/www', graph: '/graph', upload: '/upload' },
  browserPaths: ['/www/'],
  consentPaths: [/^\/www\/v\d+\.\d+\/dialog\/oauth$/],
  app: { clientId: '1234567890123456', clientSecret: 'a-simulated-app-secret' },
  tokens: {
    refreshLifeSeconds: null,
    rotation: 'none',
    replay: 'single_use',
    codeReplayRevokes: false,
    pkce: 'ignored',
    ...FACEBOOK_LOGIN_POLICY,
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
  callbacks: META_CALLBACKS,
  errors: createGraphErrors({
    code: 80001,
    message: '(#80001) There have been too many calls to this Page account. Wait a bit and try again.',
    type: 'pages',
  }),
  routes(kit) {
    const permissions = new Permissions()
    const videos = new Videos(kit)
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
    graph.route('/', createPublishingRoutes(kit, videos))
    graph.route('/', createGraphRoutes(kit, permissions))
    app.route('/graph/:version{v[0-9]+\\.[0-9]+}', graph)
    app.route('/graph', graph)
    app.route('/upload', createUploadRoutes(kit, videos))
    return app
  },
})
