import { createRoute, z } from '@hono/zod-openapi'
import { json, problems, type Routes, routeGroup } from './route.js'

const ok = z.object({ status: z.literal('ok') })

const live = createRoute({
  method: 'get',
  path: '/healthz',
  operationId: 'getHealth',
  summary: 'Whether the process answers',
  tags: ['Health'],
  responses: { 200: json(ok, 'It does.') },
})

const ready = createRoute({
  method: 'get',
  path: '/readyz',
  operationId: 'getReadiness',
  summary: 'Whether requests can be served: the database answers',
  tags: ['Health'],
  responses: { 200: json(ok, 'They can.'), ...problems },
})

export const healthRoutes: Routes = (core) =>
  routeGroup()
    .openapi(live, (c) => c.json({ status: 'ok' as const }, 200))
    .openapi(ready, async (c) => {
      await core.store.ping()
      return c.json({ status: 'ok' as const }, 200)
    })
