import { Hono } from 'hono'
import { type Caller, pick, requireCaller, requireScope } from '../meta/access.js'
import { createDebugRoutes } from '../meta/debug-token.js'
import { askByDialog } from '../meta/dialog.js'
import { answerGraphError, GraphApiError } from '../meta/errors.js'
import { createTokenRoutes } from '../meta/facebook-tokens.js'
import { pageOf } from '../meta/page-tokens.js'
import { hasRole } from '../meta/pages.js'
import { Permissions } from '../meta/permissions.js'
import { createPersonRoutes, noSuchObject } from '../meta/person-routes.js'
import type { PlatformKit } from '../platform.js'
import type { Resource } from '../world.js'
import { type RequireAccount, restricted } from './acting-account.js'
import { type LinkedAccount, linkedAccountOf } from './linked-accounts.js'
import { countOfDay, createPublishingRoutes, QUOTA } from './publishing.js'

const SCOPES: Readonly<Record<string, string>> = {
  public_profile: 'Receive your name and profile picture',
  instagram_basic: 'Access profile and posts from the Instagram account connected to your Page',
  instagram_content_publish: 'Upload media and create posts for the Instagram account connected to your Page',
  instagram_manage_comments: 'Manage comments for the Instagram account connected to your Page',
  pages_show_list: 'Show a list of the Pages you manage',
  pages_read_engagement: 'Read content posted on the Page',
  business_management: 'Manage your business',
}

/** What it takes beside reading. */
const SCOPES_TO = {
  read: [],
  publish: ['instagram_content_publish'],
  comment: ['instagram_manage_comments'],
}

/**
 * Instagram with Facebook Login: the dialog and the Graph API of facebook.com, as far as accounts need it that are linked to Pages.
 * @see https://developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login
 */
export function createFacebookLoginRoutes(kit: PlatformKit): Hono {
  const permissions = new Permissions()
  const app = new Hono()
  app.onError(answerGraphError(kit))

  app.get('/facebook/:version{v[0-9]+\\.[0-9]+}/dialog/oauth', (c) => {
    const { client_id = '', auth_type } = c.req.query()
    return askByDialog(kit, c, {
      scopes: SCOPES,
      required: [],
      choose: {
        kind: 'Pages',
        itemsOf: (personId) =>
          kit.world.resourcesOf(personId, 'page').map((page) => ({ id: page.id, label: labelOf(page) })),
      },
      fragment: '#_=_',
      unknownClient: 'Invalid App ID: The provided app ID does not look like a valid app ID.',
      adjust: (decision, asked) => permissions.decide(client_id, decision, asked, auth_type === 'rerequest'),
    })
  })

  const graph = new Hono()
  graph.route('/', createTokenRoutes(kit))
  graph.route(
    '/',
    createDebugRoutes(kit, (scope, pageIds) => targetsOf(kit, scope, pageIds)),
  )
  graph.route('/', createPublishingRoutes(kit, requireLinkedAccount(kit)))
  graph.route('/', createGraphRoutes(kit, permissions))
  app.route('/facebook-graph/:version{v[0-9]+\\.[0-9]+}', graph)
  app.route('/facebook-graph', graph)
  return app
}

function labelOf(page: Resource): string {
  const linked = linkedAccountOf(page)
  return linked ? `${page.name} (@${linked.username})` : page.name
}

/** Scopes of Pages are granted for Pages, those of Instagram for the accounts that are linked to them. */
function targetsOf(kit: PlatformKit, scope: string, pageIds: readonly string[]): string[] | null {
  if (scope.startsWith('pages_')) return [...pageIds]
  if (!scope.startsWith('instagram_')) return null
  const pages = pageIds.flatMap((id) => kit.world.resource(id) ?? [])
  return pages.flatMap((page) => linkedAccountOf(page)?.id ?? [])
}

function createGraphRoutes(kit: PlatformKit, permissions: Permissions): Hono {
  const app = new Hono()
  app.get('/me', (c) => {
    const { person, found } = requireCaller(kit, c)
    const page = kit.world.resource(pageOf(found) ?? '')
    return c.json(pick(c, page ? describePage(kit, page) : { id: person.id, name: person.name }))
  })

  app.route(
    '/',
    createPersonRoutes(kit, permissions, (page, { found, person }) => {
      const isShown = found.scopes.includes('instagram_basic') && person.condition !== 'personal'
      const linked = isShown ? linkedAccountOf(page) : null
      return {
        ...describePage(kit, page),
        ...(linked && { instagram_business_account: describeAccount(kit, linked, page) }),
      }
    }),
  )

  app.get('/:id/content_publishing_limit', (c) => {
    const caller = requireCaller(kit, c)
    const { linked } = requireLinked(kit, caller, c.req.param('id'))
    requireScope(caller.found, 'instagram_content_publish')
    if (caller.person.condition === 'restricted') throw restricted()
    const used = countOfDay(kit, { place: { personId: caller.person.id, resourceId: linked.id } })
    return c.json({
      data: [{ quota_usage: used, config: { quota_total: QUOTA, quota_duration: 86_400 } }],
    })
  })

  app.get('/:id', (c) => {
    const caller = requireCaller(kit, c)
    const { linked, page } = requireLinked(kit, caller, c.req.param('id'))
    requireScope(caller.found, 'instagram_basic')
    return c.json(pick(c, describeAccount(kit, linked, page)))
  })
  return app
}

/** The account that is linked to the Page whose token is shown. */
const requireLinkedAccount =
  (kit: PlatformKit): RequireAccount =>
  (c, id, may) => {
    const caller = requireCaller(kit, c)
    const page = kit.world.resource(pageOf(caller.found) ?? '')
    const { linked } = requireLinked(kit, caller, id ?? (page && linkedAccountOf(page)?.id) ?? '')
    for (const scope of ['instagram_basic', ...SCOPES_TO[may], 'pages_read_engagement'])
      requireScope(caller.found, scope)
    return {
      id: linked.id,
      handle: linked.username,
      place: { personId: caller.person.id, resourceId: linked.id },
      isRestricted: caller.person.condition === 'restricted',
    }
  }

/**
 * The account with this id and its Page, if the Page was chosen and the token is not that of another one.
 * @throws GraphApiError 100/33 for what is not there, 190/492 for a Page on which the person has no role any more
 */
function requireLinked(
  kit: PlatformKit,
  { person, found }: Caller,
  id: string,
): { linked: LinkedAccount; page: Resource } {
  const page = kit.world.resources('page').find((one) => linkedAccountOf(one)?.id === id)
  const linked = page && linkedAccountOf(page)
  const isOfOther = pageOf(found) !== undefined && pageOf(found) !== page?.id
  const isChosen = page !== undefined && found.resourceIds.includes(page.id)
  if (!page || !linked || isOfOther || !isChosen || person.condition === 'personal') throw noSuchObject(id)
  if (hasRole(person, page)) return { linked, page }
  throw new GraphApiError(
    190,
    'Error validating access token: The user must be an administrator, editor, or moderator of the page in order to impersonate it.',
    { subcode: 492 },
  )
}

const describePage = (kit: PlatformKit, { id, name }: Resource) => ({
  id,
  name,
  link: `${kit.base()}/facebook/${id}`,
})

function describeAccount(kit: PlatformKit, { id, username, name }: LinkedAccount, page: Resource) {
  const owner = kit.world.person(page.ownerIds[0] ?? '')
  return { id, username, name, ...(owner && { profile_picture_url: kit.avatarUrl(owner) }) }
}
