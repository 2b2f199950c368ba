import { Hono } from 'hono'
import type { SandboxPlatform } from '../platform.js'
import { createApi } from './api.js'
import { createComments } from './comments.js'
import { answerError, createErrors } from './errors.js'
import { createMedia } from './media.js'
import { createOAuth } from './oauth.js'
import { createPosts } from './posts.js'
import { SELF_SERVE_SCOPES } from './scopes.js'
import { seed } from './seed.js'
import { Uploads } from './uploads.js'

const DAY = 24 * 3600

/**
 * LinkedIn.
 *
 * @param options.app what LinkedIn has approved the application for. `partner`: company pages and refresh tokens; `self_serve`:
 *   neither, as for most. Default: `partner`
 * @param options.newAccounts what `addAccount` makes: a member, or a company page with somebody who runs it. Default: `member`
 */
export function createLinkedin(
  options: { app?: 'partner' | 'self_serve'; newAccounts?: 'member' | 'page' } = {},
): SandboxPlatform {
  const isPartner = options.app !== 'self_serve'
  const clientId = '78sandboxlinkedin'
  return {
    id: 'linkedin',
    name: 'LinkedIn',
    endpoints: { www: '', api: '' },
    browserPaths: ['/oauth/v2/authorization'],
    consentPaths: ['/oauth/v2/authorization'],
    app: { clientId, clientSecret: 'WPL_AP1.sandboxlinkedin' },
    tokens: {
      codeLifeSeconds: 30 * 60,
      accessLifeSeconds: 60 * DAY,
      refreshLifeSeconds: 365 * DAY,
      rotation: isPartner ? 'reusable' : 'none',
      replay: 'single_use',
      codeReplayRevokes: false,
      pkce: 'ignored',
      formats: {
        accessToken: (random) => `AQX${random.text(347)}`,
        refreshToken: (random) => `AQW${random.text(347)}`,
        code: (random) => `AQT${random.text(120)}`,
      },
    },
    // How LinkedIn answers for a restricted member is documented nowhere; the refusal here is a guess.
    conditions: ['restricted', 'page_roles_lost', 'userinfo_lags', 'comments_closed', 'comments_lag'],
    connectFields: () => ({}),
    seed,
    addAccount({ world }) {
      const number = world.people().length + 1
      const { id } = world.addPerson({ name: `Person ${number}`, handle: `person${number}` })
      const account = { personId: id, fields: {}, wrongFields: {}, chosenIds: [] }
      if (options.newAccounts !== 'page') return { ...account, targetId: `urn:li:person:${id}` }
      const page = world.addResource({
        kind: 'organization',
        name: `Page ${number}`,
        ownerIds: [id],
        facts: { vanityName: `page-${number}` },
      })
      return { ...account, targetId: `urn:li:organization:${page.id}`, resourceId: page.id }
    },
    errors: createErrors,
    routes(kit) {
      const client = kit.tokens.client(clientId)
      if (client && !isPartner) kit.tokens.registerClient({ ...client, scopes: SELF_SERVE_SCOPES })
      const app = new Hono()
      app.onError(answerError)
      app.notFound((c) => c.json({ status: 404, code: 'NOT_FOUND', message: 'No such resource.' }, 404))
      app.route('/', createOAuth(kit))
      app.route('/', createApi(kit))
      const uploads = new Uploads(kit)
      app.route('/', createMedia(kit, uploads))
      app.route('/', createPosts(kit, uploads))
      app.route('/', createComments(kit))
      return app
    },
  }
}
