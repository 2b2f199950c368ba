import { type Context, Hono } from 'hono'
import {
  pick,
  problemOf,
  readToken,
  requireCaller,
  requireScope,
  SESSION_CONDITIONS,
} from '../meta/access.js'
import { META_CALLBACKS } from '../meta/callbacks.js'
import { askByDialog } from '../meta/dialog.js'
import { answerGraphError, createGraphErrors, GraphApiError } from '../meta/errors.js'
import { createExchangeRoute, createLongLivedRoutes, loginPolicy } from '../meta/token-routes.js'
import type { PlatformKit, SandboxPlatform } from '../platform.js'
import type { IssuedTokens } from '../token-service.js'
import type { Person, World } from '../world.js'
import {
  BASIC,
  createPublishingRoutes,
  notThere,
  PUBLISH,
  QUOTAS,
  restricted,
  usageOf,
} from './publishing.js'

const SCOPES = {
  [BASIC]: 'Access your profile',
  [PUBLISH]: 'Create and publish posts',
  threads_delete: 'Delete your posts',
  threads_manage_replies: 'Manage replies',
  threads_read_replies: 'Read replies',
  threads_manage_insights: 'Access insights',
}

/** A profile: 17 digits, too many for a number of JSON. */
const addProfile = (world: World, name: string, handle: string, isTester = false) =>
  world.addPerson({ id: `1784${world.random.digits(13)}`, name, handle, facts: { isTester } })

/** Threads: profiles and what they publish. */
export const createThreads = (): SandboxPlatform => ({
  id: 'threads',
  name: 'Threads',
  endpoints: { www: '/www', graph: '/graph' },
  browserPaths: ['/www/'],
  consentPaths: ['/www/oauth/authorize'],
  app: { clientId: '2345678901234567', clientSecret: 'a-simulated-threads-secret' },
  tokens: loginPolicy('THAA'),
  conditions: [...SESSION_CONDITIONS, 'restricted', 'vanished'],
  connectFields: () => ({}),
  seed(world) {
    addProfile(world, 'Ada Sandbox', 'ada.sandbox', true)
    addProfile(world, 'Ben Sandbox', 'ben.sandbox')
  },
  addAccount({ world }) {
    const number = world.people().length + 1
    const { id } = addProfile(world, `Person ${number}`, `person${number}`)
    return { personId: id, targetId: id, fields: {}, wrongFields: {} }
  },
  // That the usage header of other Graph APIs comes here too is not confirmed.
  callbacks: META_CALLBACKS,
  errors: createGraphErrors({ code: 4, message: '(#4) Application request limit reached', type: 'threads' }),
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
        unknownClient: 'No app ID was sent with the request. (error_code 4476002)',
        redirectRefused: 'The redirect URI is not registered. (error_code 1349168)',
      }),
    )
    app.route('/graph', createExchangeRoute(kit, describeExchange))
    app.route(
      '/graph',
      createLongLivedRoutes(kit, {
        exchange: 'th_exchange_token',
        refresh: 'th_refresh_token',
        scope: BASIC,
      }),
    )
    app.route('/graph', createDebugRoute(kit))
    app.route('/graph/v1.0', createDebugRoute(kit))
    app.route('/graph/v1.0', createProfileRoutes(kit))
    app.route('/graph/v1.0', createPublishingRoutes(kit))
    return app
  },
})

/** `user_id` is written without quotes, although no number of JavaScript holds it; nothing says what was granted. */
const describeExchange = ({ accessToken, personId }: IssuedTokens) =>
  `{"access_token":${JSON.stringify(accessToken)},"user_id":${personId}}`

/** What a token is worth. @see https://developers.facebook.com/documentation/threads/troubleshooting/debug-access-token */
function createDebugRoute(kit: PlatformKit): Hono {
  const app = new Hono()
  app.get('/debug_token', (c) => {
    requireTester(kit, c)
    const input = c.req.query('input_token') ?? ''
    const found = kit.tokens.inspect(input)
    if (found.state === 'unknown') return c.json({ data: { is_valid: false, scopes: [] } })
    const { token, scopes, personId } = found
    const toSeconds = (instant: Date) => Math.floor(instant.getTime() / 1000)
    return c.json({
      data: {
        type: 'USER',
        application: found.client.name,
        data_access_expires_at: 0,
        expires_at: token.expiresAt ? toSeconds(token.expiresAt) : 0,
        is_valid: problemOf(kit, input) === null,
        issued_at: toSeconds(token.issuedAt),
        scopes,
        user_id: personId,
      },
    })
  })
  return app
}

/** Who may ask: the app itself, by `TH|{app id}|{app secret}`, or a tester of the app. */
function requireTester(kit: PlatformKit, c: Context): void {
  const [kind, clientId = '', clientSecret = ''] = (readToken(c) ?? '').split('|')
  if (kind === 'TH') {
    kit.tokens.authenticateClient({ clientId, clientSecret })
    return
  }
  const { person } = requireCaller(kit, c)
  if (person.facts.isTester !== true)
    throw new GraphApiError(10, '(#10) Only testers of the app may inspect tokens.', { status: 403 })
}

/** @see https://developers.facebook.com/docs/threads/reference/user */
function createProfileRoutes(kit: PlatformKit): Hono {
  const app = new Hono()
  app.get('/me', (c) => {
    const { person } = requireCaller(kit, c, BASIC)
    if (person.condition === 'vanished') throw notThere()
    return c.json(pick(c, describeProfile(kit, person)))
  })
  app.get('/:id/threads_publishing_limit', (c) => {
    const { person, found } = requireCaller(kit, c, BASIC)
    requireScope(found, PUBLISH)
    if (c.req.param('id') !== person.id) throw notThere()
    if (person.condition === 'restricted') throw restricted()
    const used = usageOf(kit, person.id)
    const config = (quota_total: number) => ({ quota_total, quota_duration: 86_400 })
    const { id: _, ...quota } = pick(c, {
      id: person.id,
      quota_usage: used.posts,
      config: config(QUOTAS.posts),
      reply_quota_usage: used.replies,
      reply_config: config(QUOTAS.replies),
      delete_quota_usage: used.deletions,
      delete_config: config(QUOTAS.deletions),
    })
    return c.json({ data: [quota] })
  })
  return app
}

const describeProfile = (kit: PlatformKit, person: Person) => ({
  id: person.id,
  username: person.handle,
  name: person.name,
  threads_profile_picture_url: kit.avatarUrl(person),
  threads_biography: '',
  is_verified: false,
})
