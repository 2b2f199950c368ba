import type { Context } from 'hono'
import { type Caller, requireCaller, requireScope } from '../meta/access.js'
import { GraphApiError } from '../meta/errors.js'
import { pageOf } from '../meta/page-tokens.js'
import { factsOf, hasRole } from '../meta/pages.js'
import { noSuchObject } from '../meta/person-routes.js'
import type { PlatformKit } from '../platform.js'
import type { Resource } from '../world.js'

/** Who acts as a Page. */
export interface PageCaller extends Caller {
  page: Resource
}

/** The Page whose token is shown. @throws GraphApiError */
export function requirePage(kit: PlatformKit, c: Context, scope = 'pages_read_engagement'): PageCaller {
  const caller = requireCaller(kit, c)
  const page = kit.world.resource(pageOf(caller.found) ?? '')
  if (!page) throw new GraphApiError(210, '(#210) A page access token is required to request this resource.')
  if (!hasRole(caller.person, page))
    throw new GraphApiError(
      190,
      'Error validating access token: The user must be an administrator, editor, or moderator of the page in order to impersonate it.',
      { subcode: 492 },
    )
  requireScope(caller.found, scope)
  return { ...caller, page }
}

/** The Page in the path, for who may publish on it. @throws GraphApiError */
export function requirePublisher(kit: PlatformKit, c: Context): PageCaller {
  const caller = requirePage(kit, c, 'pages_manage_posts')
  requireScope(caller.found, 'pages_read_engagement')
  const id = c.req.param('page') ?? ''
  if (id !== caller.page.id && id !== 'me') throw noSuchObject(id)
  const { tasks } = factsOf(caller.page)
  if (!tasks.includes('CREATE_CONTENT') && !tasks.includes('MANAGE'))
    throw new GraphApiError(200, '(#200) The user may not create content on this Page.', { status: 403 })
  return caller
}
