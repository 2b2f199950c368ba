import { createRoute, z } from '@hono/zod-openapi'
import { type CoreContext, configuredClients, type Manifest } from '@postmcp/core'
import { platformSchema, shapePlatform } from '../schemas/platform.js'
import { bearer, json, problems, type Routes, routeGroup } from './route.js'

const list = createRoute({
  method: 'get',
  path: '/platforms',
  operationId: 'listPlatforms',
  summary: 'The platforms there are, with what each needs and allows',
  tags: ['Platforms'],
  security: bearer,
  responses: { 200: json(z.object({ data: z.array(platformSchema) }), 'All platforms.'), ...problems },
})

const get = createRoute({
  method: 'get',
  path: '/platforms/{platform}',
  operationId: 'getPlatform',
  summary: 'One platform: how to connect, scopes with reasons, limits, what remains after a disconnect',
  tags: ['Platforms'],
  security: bearer,
  request: { params: z.object({ platform: z.string() }) },
  responses: { 200: json(platformSchema, 'The platform.'), ...problems },
})

/** A platform as it is on each of its ways, the first one first. */
function viewsOf({ providers }: CoreContext, id: string): [Manifest, ...Manifest[]] {
  const further = providers.listWays().flatMap(({ manifest }) => (manifest.id === id ? [manifest] : []))
  return [providers.get(id).manifest, ...further.slice(1)]
}

export const platformRoutes: Routes = (core) =>
  routeGroup()
    .openapi(list, async (c) => {
      const clients = await configuredClients(core, c.get('scope'))
      const data = core.providers
        .list()
        .map(({ manifest }) => shapePlatform(viewsOf(core, manifest.id), clients))
      return c.json({ data }, 200)
    })
    .openapi(get, async (c) => {
      const { manifest } = core.providers.get(c.req.valid('param').platform)
      const clients = await configuredClients(core, c.get('scope'))
      return c.json(shapePlatform(viewsOf(core, manifest.id), clients), 200)
    })
