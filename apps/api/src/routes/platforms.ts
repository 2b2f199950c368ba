import { createRoute, z } from '@hono/zod-openapi'
import { configuredClients } from '@postmcp/core'
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

export const platformRoutes: Routes = (core) =>
  routeGroup()
    .openapi(list, async (c) => {
      const clients = await configuredClients(core, c.get('scope'))
      const data = core.providers
        .list()
        .map(({ manifest }) => shapePlatform(manifest, clients.has(manifest.id)))
      return c.json({ data }, 200)
    })
    .openapi(get, async (c) => {
      const { manifest } = core.providers.get(c.req.valid('param').platform)
      const clients = await configuredClients(core, c.get('scope'))
      return c.json(shapePlatform(manifest, clients.has(manifest.id)), 200)
    })
