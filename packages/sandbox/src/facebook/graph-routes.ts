import { Hono } from 'hono'
import { pick, requireCaller, requireScope } from '../meta/access.js'
import { GraphApiError } from '../meta/errors.js'
import { pageOf } from '../meta/page-tokens.js'
import { hasRole } from '../meta/pages.js'
import type { Permissions } from '../meta/permissions.js'
import { createPersonRoutes, noSuchObject } from '../meta/person-routes.js'
import type { PlatformKit } from '../platform.js'
import { describePage } from './world.js'

/** People, portfolios and Pages. @see https://developers.facebook.com/docs/graph-api/reference */
export function createGraphRoutes(kit: PlatformKit, permissions: Permissions): Hono {
  const { world } = kit
  const app = new Hono()

  app.get('/me', (c) => {
    const { person, found } = requireCaller(kit, c)
    const page = world.resource(pageOf(found) ?? '')
    return c.json(pick(c, page ? describePage(kit, page) : { id: person.id, name: person.name }))
  })

  app.route(
    '/',
    createPersonRoutes(kit, permissions, (page) => describePage(kit, page)),
  )

  app.get('/:id', (c) => {
    const caller = requireCaller(kit, c)
    const id = c.req.param('id')
    const page = world.resource(id)
    if (!page) throw noSuchObject(id)
    if (!hasRole(caller.person, page))
      throw new GraphApiError(
        190,
        'Error validating access token: The user must be an administrator, editor, or moderator of the page in order to impersonate it.',
        {
          subcode: 492,
        },
      )
    if (pageOf(caller.found) !== undefined && pageOf(caller.found) !== id) throw noSuchObject(id)
    requireScope(caller.found, 'pages_read_engagement')
    return c.json(pick(c, describePage(kit, page)))
  })
  return app
}
