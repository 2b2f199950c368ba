import { createRoute, z } from '@hono/zod-openapi'
import { diagnose, getOwnClient, PostMcpError, removeOwnClient, setOwnClient } from '@postmcp/core'
import { findingSchema, ownClientSchema, shapeOwnClient } from '../schemas/client.js'
import { bearer, json, jsonBody, problems, type Routes, routeGroup } from './route.js'

const common = { tags: ['Platforms'], security: bearer }
const params = z.object({ platform: z.string() })
const way = z.string().max(100).optional().openapi({
  description: 'The way through the browser it is for. Default: the first or only one of the platform.',
})
const query = z.object({ way })

const get = createRoute({
  ...common,
  method: 'get',
  path: '/platforms/{platform}/client',
  operationId: 'getOwnClient',
  summary: "The workspace's own application at a platform, without its secrets",
  request: { params, query },
  responses: { 200: json(ownClientSchema, 'The application.'), ...problems },
})

const set = createRoute({
  ...common,
  method: 'put',
  path: '/platforms/{platform}/client',
  operationId: 'setOwnClient',
  summary: "Use the workspace's own application for new connections",
  request: {
    params,
    body: jsonBody(
      z.object({
        fields: z.record(z.string(), z.string().max(10_000)).openapi({
          description: 'By the names of `app.fields` of the platform, or of its way.',
        }),
        way,
        endpoints: z.record(z.string(), z.string().max(2000)).optional().openapi({
          description: 'Base addresses that go with it; they never see the secrets of the operator.',
        }),
      }),
    ),
  },
  responses: { 200: json(ownClientSchema, 'The application.'), ...problems },
})

const remove = createRoute({
  ...common,
  method: 'delete',
  path: '/platforms/{platform}/client',
  operationId: 'removeOwnClient',
  summary: "Use the operator's application again for new connections",
  request: { params, query },
  responses: { 204: { description: 'It is no longer used for new connections.' }, ...problems },
})

const doctor = createRoute({
  ...common,
  method: 'get',
  path: '/doctor',
  operationId: 'diagnose',
  summary: 'Look for what stands in the way of connecting and publishing',
  request: { query: z.object({ platform: z.string().max(100).optional() }) },
  responses: { 200: json(z.object({ data: z.array(findingSchema) }), 'What was found.'), ...problems },
})

export const clientRoutes: Routes = (core) =>
  routeGroup()
    .openapi(get, async (c) => {
      const { platform } = c.req.valid('param')
      const own = await getOwnClient(core, c.get('scope'), platform, c.req.valid('query').way)
      if (!own)
        throw new PostMcpError('not_found', `This workspace has no application of its own at ${platform}.`)
      return c.json(shapeOwnClient(own), 200)
    })
    .openapi(set, async (c) => {
      const { platform } = c.req.valid('param')
      return c.json(
        shapeOwnClient(await setOwnClient(core, c.get('scope'), platform, c.req.valid('json'))),
        200,
      )
    })
    .openapi(remove, async (c) => {
      const { platform } = c.req.valid('param')
      await removeOwnClient(core, c.get('scope'), platform, c.req.valid('query').way)
      return c.body(null, 204)
    })
    .openapi(doctor, async (c) => {
      return c.json({ data: await diagnose(core, c.get('scope'), c.req.valid('query').platform) }, 200)
    })
