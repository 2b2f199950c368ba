import { Hono } from 'hono'
import type { SandboxPlatform } from '../platform.js'
import type { World } from '../world.js'
import { CONDITIONS } from './access.js'
import { createChannelRoutes } from './channels.js'
import { createCommentRoutes } from './comment-routes.js'
import { answerError, createErrors } from './errors.js'
import { channelId } from './identity.js'
import { createConsentRoutes, createTokenRoutes } from './oauth.js'
import { createUploadRoutes } from './upload-routes.js'
import { createVideoRoutes } from './video-routes.js'
import { Videos } from './videos.js'

/** A person with a channel of their own, as Google numbers them. */
function addPerson(world: World, name: string, handle: string) {
  const person = world.addPerson({ id: world.random.digits(21), name, handle })
  const channel = world.addResource({
    kind: 'channel',
    id: channelId(world.random.text(22)),
    name,
    ownerIds: [person.id],
    facts: { customUrl: `@${handle}` },
  })
  return { person, channel }
}

/**
 * YouTube with Google's authorization before it.
 *
 * @param options.isTesting whether the operator's project is in the status "Testing", where access ends after 7 days; default: false
 * @param options.uploadsPerDay of that project; default: the 100 of a project that was not audited for more
 */
export function createYouTube(
  options: { isTesting?: boolean; uploadsPerDay?: number } = {},
): SandboxPlatform {
  const { isTesting = false, uploadsPerDay = 100 } = options
  return {
    id: 'youtube',
    name: 'YouTube',
    endpoints: { accounts: '/accounts', oauth: '/oauth', api: '/api', web: '/web' },
    browserPaths: ['/accounts/', '/web/'],
    consentPaths: ['/accounts/o/oauth2/v2/auth'],
    app: {
      clientId: '1234567890-sandbox.apps.googleusercontent.com',
      clientSecret: 'GOCSPX-a-simulated-client-secret',
    },
    tokens: {
      // How long a code lives is not documented.
      codeLifeSeconds: 600,
      accessLifeSeconds: 3600,
      refreshLifeSeconds: isTesting ? 604_800 : null,
      rotation: 'reusable',
      replay: 'single_use',
      codeReplayRevokes: false,
      pkce: 'optional',
      consents: 'separate',
      formats: {
        code: (random) => `4/0A${random.text(70)}`,
        accessToken: (random) => `ya29.a0A${random.text(160)}`,
        refreshToken: (random) => `1//0${random.text(98)}`,
      },
    },
    conditions: CONDITIONS,
    connectFields: () => ({}),
    seed(world) {
      const { person } = addPerson(world, 'Ada Sandbox', 'ada-sandbox')
      world.addResource({
        kind: 'channel',
        id: channelId(world.random.text(22)),
        name: 'Ada’s Workshop',
        ownerIds: [person.id],
        facts: {
          customUrl: '@adas-workshop',
          brandId: world.random.digits(21),
          longUploadsStatus: 'eligible',
        },
      })
      addPerson(world, 'Ben Sandbox', 'ben-sandbox')
    },
    addAccount({ world }) {
      const number = world.people().length + 1
      const { person, channel } = addPerson(world, `Person ${number}`, `person-${number}`)
      return {
        personId: person.id,
        targetId: channel.id,
        resourceId: channel.id,
        fields: {},
        wrongFields: {},
      }
    },
    errors: createErrors,
    routes(kit) {
      const app = new Hono()
      app.onError(answerError)
      app.route('/accounts', createConsentRoutes(kit))
      app.route('/oauth', createTokenRoutes(kit))
      const videos = new Videos(kit)
      app.route('/api', createChannelRoutes(kit))
      app.route('/api', createUploadRoutes(kit, videos, uploadsPerDay))
      app.route('/api', createVideoRoutes(kit, videos))
      app.route('/api', createCommentRoutes(kit, videos))
      app.get('/web/channel/:id', (c) => {
        const channel = kit.world.resource(c.req.param('id'))
        return channel ? c.text(channel.name) : c.notFound()
      })
      app.get('/web/watch', (c) => {
        const post = videos.find(c.req.query('v') ?? '', undefined)
        return post ? c.text(post.text) : c.notFound()
      })
      return app
    },
  }
}
