import { Hono } from 'hono'
import { pick, requireCaller, requireScope, SESSION_CONDITIONS } from '../meta/access.js'
import { META_CALLBACKS } from '../meta/callbacks.js'
import { askByDialog } from '../meta/dialog.js'
import { answerGraphError, createGraphErrors, GraphApiError } from '../meta/errors.js'
import { FACEBOOK_LOGIN_POLICY } from '../meta/facebook-tokens.js'
import { noSuchObject } from '../meta/person-routes.js'
import { createExchangeRoute, createLongLivedRoutes, loginPolicy } from '../meta/token-routes.js'
import type { PlatformKit, SandboxPlatform } from '../platform.js'
import { servingOnly } from '../serving-only.js'
import type { IssuedTokens } from '../token-service.js'
import type { Person, World } from '../world.js'
import { type RequireAccount, restricted } from './acting-account.js'
import { createFacebookLoginRoutes } from './facebook-login.js'
import { addLinkedPage, linkedAccountOf, seedLinkedPages } from './linked-accounts.js'
import { countOfDay, createPublishingRoutes, QUOTA } from './publishing.js'

const BASIC = 'instagram_business_basic'
const PUBLISH = 'instagram_business_content_publish'
const COMMENT = 'instagram_business_manage_comments'
const SCOPES = {
  [BASIC]: 'View profile and access media',
  [PUBLISH]: 'Create content',
  instagram_business_manage_messages: 'Manage messages',
  [COMMENT]: 'Manage comments',
}

const APP = { clientId: '990602627938098', clientSecret: 'a-simulated-instagram-secret' }
/** The Meta app itself, which Facebook Login knows; Instagram Login does not. */
const META_APP = { clientId: '1234567890123456', clientSecret: 'a-simulated-meta-secret' }

/** A professional account: 17 digits, too many for a number of JSON. */
const addAccount = (world: World, name: string, handle: string) =>
  world.addPerson({
    id: `1784${world.random.digits(13)}`,
    name,
    handle,
    facts: { appScopedId: world.random.digits(17) },
  })

/** Instagram, as far as professional accounts need it to publish: with Instagram Login, and with Facebook Login. */
export const createInstagram = (): SandboxPlatform => ({
  id: 'instagram',
  name: 'Instagram',
  endpoints: {
    www: '/www',
    api: '/api',
    graph: '/graph',
    facebook: '/facebook',
    facebookGraph: '/facebook-graph',
  },
  browserPaths: ['/www/', '/facebook/'],
  consentPaths: ['/www/oauth/authorize', /^\/facebook\/v\d+\.\d+\/dialog\/oauth$/],
  app: APP,
  furtherApps: { facebook_login: META_APP },
  tokens: { ...loginPolicy('IGAA'), ofClient: { [META_APP.clientId]: FACEBOOK_LOGIN_POLICY } },
  conditions: [...SESSION_CONDITIONS, 'personal', 'restricted', 'no_page_role'],
  connectFields: () => ({}),
  seed(world) {
    const ada = addAccount(world, 'Ada Sandbox', 'ada.sandbox')
    const ben = addAccount(world, 'Ben Sandbox', 'ben.sandbox')
    seedLinkedPages(world, ada.id, ben.id)
  },
  addAccount({ world }, way) {
    const number = world.people().length + 1
    const { id } = addAccount(world, `Person ${number}`, `person${number}`)
    if (way === 'facebook_login') {
      const page = addLinkedPage(world, {
        name: `Page ${number}`,
        ownerIds: [id],
        instagram: `page${number}.sandbox`,
      })
      const targetId = linkedAccountOf(page)?.id ?? ''
      const fields = { fields: {}, wrongFields: {} }
      return { personId: id, targetId, resourceId: targetId, chosenIds: [page.id], ...fields }
    }
    return { personId: id, targetId: id, fields: {}, wrongFields: {} }
  },
  callbacks: META_CALLBACKS,
  errors: createGraphErrors({
    code: 80002,
    message: '(#80002) There have been too many calls to this Instagram account. Wait a bit and try again.',
    type: 'instagram',
  }),
  routes(whole) {
    const app = new Hono()
    // Applications, tokens and ids of the two ways are not good on the other one.
    const kit = { ...whole, tokens: servingOnly(whole.tokens, APP.clientId) }
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
    app.route('/graph/:version{v[0-9]+\\.[0-9]+}', createPublishingRoutes(kit, requireOwn(kit)))
    app.route('/graph/:version{v[0-9]+\\.[0-9]+}', createAccountRoutes(kit))
    const login = { ...whole, tokens: servingOnly(whole.tokens, META_APP.clientId) }
    app.route('/', createFacebookLoginRoutes(login))
    return app
  },
})

/** `user_id` is written without quotes, although no number of JavaScript holds it. */
const describeExchange = ({ accessToken, personId, scopes }: IssuedTokens) =>
  `{"access_token":${JSON.stringify(accessToken)},"user_id":${personId},"permissions":${JSON.stringify(scopes.join(','))}}`

/** The account whose token is shown. */
const requireOwn =
  (kit: PlatformKit): RequireAccount =>
  (c, id, may) => {
    const { person, found } = requireCaller(kit, c, BASIC)
    if (may === 'publish') requireScope(found, PUBLISH)
    if (may === 'comment') requireScope(found, COMMENT)
    if (id !== null && id !== 'me' && id !== person.id) throw noSuchObject(id)
    return {
      id: person.id,
      handle: person.handle,
      place: { personId: person.id, resourceId: null },
      isRestricted: person.condition === 'restricted',
    }
  }

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
    if (person.condition === 'restricted') throw restricted()
    const used = countOfDay(kit, { place: { personId: person.id, resourceId: null } })
    return c.json({
      data: [{ quota_usage: used, config: { quota_total: QUOTA, quota_duration: 86_400 } }],
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
