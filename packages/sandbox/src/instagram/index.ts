import { Hono } from 'hono'
import { pick, requireCaller, requireScope, SESSION_CONDITIONS } from '../meta/access.js'
import { askByDialog } from '../meta/dialog.js'
import { answerGraphError, createGraphErrors, GraphApiError } from '../meta/errors.js'
import { createExchangeRoute, createLongLivedRoutes, loginPolicy } from '../meta/token-routes.js'
import type { PlatformKit, SandboxPlatform } from '../platform.js'
import type { IssuedTokens } from '../token-service.js'
import type { Person, World } from '../world.js'

const BASIC = 'instagram_business_basic'
const PUBLISH = 'instagram_business_content_publish'
const SCOPES = {
  [BASIC]: 'View profile and access media',
  [PUBLISH]: 'Create content',
  instagram_business_manage_messages: 'Manage messages',
  instagram_business_manage_comments: 'Manage comments',
}

/** Posts per account and day. */
const QUOTA = 50

/** A professional account: 17 digits, too many for a number of JSON. */
const addAccount = (world: World, name: string, handle: string) =>
  world.addPerson({
    id: `1784${world.random.digits(13)}`,
    name,
    handle,
    facts: { appScopedId: world.random.digits(17) },
  })

/** Instagram with Instagram Login, as far as professional accounts need it to publish. */
export const createInstagram = (): SandboxPlatform => ({
  id: 'instagram',
  name: 'Instagram',
  endpoints: { www: '/www', api: '/api', graph: '/graph' },
  browserPaths: ['/www/'],
  app: { clientId: '990602627938098', clientSecret: 'a-simulated-instagram-secret' },
  tokens: loginPolicy('IGAA'),
  conditions: [...SESSION_CONDITIONS, 'personal', 'restricted'],
  connectFields: () => ({}),
  seed(world) {
    addAccount(world, 'Ada Sandbox', 'ada.sandbox')
    addAccount(world, 'Ben Sandbox', 'ben.sandbox')
  },
  addAccount({ world }) {
    const number = world.people().length + 1
    const { id } = addAccount(world, `Person ${number}`, `person${number}`)
    return { personId: id, targetId: id, fields: {}, wrongFields: {} }
  },
  errors: createGraphErrors({
    code: 80002,
    message: '(#80002) There have been too many calls to this Instagram account. Wait a bit and try again.',
    type: 'instagram',
  }),
  routes(kit) {
    const app = new Hono()
    app.onError(answerGraphError(kit))
    app.notFound(() => {
      throw new GraphApiError(2500, 'Unknown path components')
    })
    app.get('/www/oauth/authorize', (c) =>
      askByDialog(kit, c, {
        scopes: SCOPES,
        required: [BASIC],
        fragment: '#_',
        unknownClient: 'Invalid Request: Request parameters are invalid: Invalid platform app',
      }),
    )
    app.route('/api', createExchangeRoute(kit, describeExchange))
    app.route(
      '/graph',
      createLongLivedRoutes(kit, {
        exchange: 'ig_exchange_token',
        refresh: 'ig_refresh_token',
        scope: BASIC,
      }),
    )
    app.route('/graph/:version{v[0-9]+\\.[0-9]+}', createAccountRoutes(kit))
    return app
  },
})

/** `user_id` is written without quotes, although no number of JavaScript holds it. */
const describeExchange = ({ accessToken, personId, scopes }: IssuedTokens) =>
  `{"access_token":${JSON.stringify(accessToken)},"user_id":${personId},"permissions":${JSON.stringify(scopes.join(','))}}`

/** @see https://developers.facebook.com/docs/instagram-platform/reference/me */
function createAccountRoutes(kit: PlatformKit): Hono {
  const app = new Hono()
  app.get('/me', (c) => {
    const { person } = requireCaller(kit, c, BASIC)
    return c.json(pick(c, describeAccount(kit, person)))
  })
  app.get('/:id/content_publishing_limit', (c) => {
    const { person, found } = requireCaller(kit, c)
    requireScope(found, PUBLISH)
    if (c.req.param('id') !== person.id)
      throw new GraphApiError(
        100,
        `Unsupported get request. Object with ID '${c.req.param('id')}' does not exist, cannot be loaded due to missing permissions, or does not support this operation.`,
        { subcode: 33 },
      )
    if (person.condition === 'restricted')
      throw new GraphApiError(25, 'The Instagram account is restricted.', { subcode: 2_207_050 })
    const since = kit.now().getTime() - 24 * 3600 * 1000
    const used = kit.world
      .posts({ personId: person.id })
      .filter(({ createdAt }) => createdAt.getTime() > since)
    return c.json({
      data: [{ quota_usage: used.length, config: { quota_total: QUOTA, quota_duration: 86_400 } }],
    })
  })
  app.get('/:id', (c) => {
    const { person } = requireCaller(kit, c, BASIC)
    if (c.req.param('id') === person.id) return c.json(pick(c, describeAccount(kit, person)))
    throw new GraphApiError(
      100,
      `Unsupported get request. Object with ID '${c.req.param('id')}' does not exist.`,
      {
        subcode: 33,
      },
    )
  })
  return app
}

const describeAccount = (kit: PlatformKit, person: Person) => ({
  id: String(person.facts.appScopedId),
  user_id: person.id,
  username: person.handle,
  name: person.name,
  account_type: person.condition === 'personal' ? 'PERSONAL' : 'BUSINESS',
  profile_picture_url: kit.avatarUrl(person),
})
