import { type Context, Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { Resource } from '../world.js'
import { type Caller, pick, requireCaller, requireScope } from './access.js'
import { GraphApiError } from './errors.js'
import { PageTokens, pageOf } from './page-tokens.js'
import { factsOf, hasRole } from './pages.js'
import type { Permissions } from './permissions.js'

/**
 * What a person granted by Facebook Login, and the Pages that were chosen.
 * @param describePage all fields of a Page that may be asked for in a list, but for its token and tasks
 * @see https://developers.facebook.com/docs/graph-api/reference/user
 */
export function createPersonRoutes(
  kit: PlatformKit,
  permissions: Permissions,
  describePage: (page: Resource, caller: Caller) => { id: string } & Record<string, unknown>,
): Hono {
  const { tokens } = kit
  const pageTokens = new PageTokens(kit)
  const app = new Hono()

  app.get('/me/permissions', (c) => {
    const { found } = requireUser(kit, c)
    return c.json({ data: permissions.describe({ ...found.grant, scopes: found.scopes }) })
  })

  app.delete('/:id/permissions', (c) => {
    const { person, found } = requireUser(kit, c)
    if (c.req.param('id') !== person.id && c.req.param('id') !== 'me') throw noSuchObject(c.req.param('id'))
    tokens.revokePerson(person.id, found.client.id)
    permissions.forget(found.client.id, person.id)
    return c.json({ success: true })
  })

  const describeListed = (caller: Caller, page: Resource) => ({
    ...describePage(page, caller),
    access_token: pageTokens.tokenFor(caller.found, page.id),
    tasks: factsOf(page).tasks,
  })
  const answerList = (c: Context, caller: Caller, pages: Resource[]) =>
    c.json(
      paginate(
        c,
        pages.map((page) => pick(c, describeListed(caller, page))),
      ),
    )

  app.get('/me/accounts', (c) => {
    const caller = requireUser(kit, c)
    const pages = chosenPages(kit, caller).filter(({ business }) => business === null)
    const sees = caller.found.scopes.includes('pages_show_list')
    return answerList(c, caller, sees ? pages.map(({ page }) => page) : [])
  })

  app.get('/me/businesses', (c) => {
    const caller = requireUser(kit, c)
    requireScope(caller.found, 'business_management')
    const businesses = new Map(
      chosenPages(kit, caller).flatMap(({ business }) =>
        business ? [[business.id, business] as const] : [],
      ),
    )
    return c.json(
      paginate(
        c,
        [...businesses.values()].map((business) => pick(c, business)),
      ),
    )
  })

  app.get('/:id/owned_pages', (c) => {
    const caller = requireUser(kit, c)
    requireScope(caller.found, 'business_management')
    const owned = chosenPages(kit, caller).filter(({ business }) => business?.id === c.req.param('id'))
    return answerList(
      c,
      caller,
      owned.map(({ page }) => page),
    )
  })

  app.get('/:id/client_pages', (c) => {
    requireScope(requireUser(kit, c).found, 'business_management')
    return c.json(paginate(c, []))
  })

  return app
}

/** Who shows a token of a person, not of a Page. */
function requireUser(kit: PlatformKit, c: Context): Caller {
  const caller = requireCaller(kit, c)
  if (pageOf(caller.found) !== undefined)
    throw new GraphApiError(210, '(#210) A user access token is required to request this resource.')
  return caller
}

/** Pages that were ticked and on which the person still has a role. */
const chosenPages = ({ world }: PlatformKit, { person, found }: Caller) =>
  world
    .resourcesOf(person.id, 'page')
    .filter((page) => found.resourceIds.includes(page.id) && hasRole(person, page))
    .map((page) => ({ page, business: factsOf(page).business }))

/** The refusal of what is not there, or not for this token. */
export const noSuchObject = (id: string) =>
  new GraphApiError(
    100,
    `Unsupported get request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation.`,
    { subcode: 33 },
  )

/** A part of a list, with a cursor; `next` is there only where more follows. */
function paginate(c: Context, items: readonly Record<string, unknown>[]) {
  const limit = Math.min(Math.max(Number(c.req.query('limit') ?? 25) || 25, 1), 100)
  const start = Number(Buffer.from(c.req.query('after') ?? '', 'base64url').toString()) || 0
  const data = items.slice(start, start + limit)
  if (data.length === 0) return { data }
  const after = Buffer.from(String(start + data.length)).toString('base64url')
  const cursors = { before: Buffer.from(String(start)).toString('base64url'), after }
  if (start + data.length >= items.length) return { data, paging: { cursors } }
  const next = new URL(c.req.url)
  next.searchParams.set('after', after)
  return { data, paging: { cursors, next: next.href } }
}
