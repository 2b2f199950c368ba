import { createHmac } from 'node:crypto'
import { createRoute, z } from '@hono/zod-openapi'
import { json, problems, type Routes, routeGroup } from './route.js'

const ok = z.object({ status: z.literal('ok') })

/** What only the server that was announced with this nonce can answer to a challenge; tells nothing of the nonce. */
const proofOf = (nonce: string, challenge: string): string =>
  createHmac('sha256', nonce).update(challenge).digest('hex')

const live = createRoute({
  method: 'get',
  path: '/healthz',
  operationId: 'getHealth',
  summary: 'Whether the process answers',
  tags: ['Health'],
  request: {
    query: z.object({
      challenge: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .optional()
        .openapi({ description: 'Random; for the CLI, which makes sure of whom it sends its key to.' }),
    }),
  },
  responses: {
    200: json(
      ok.extend({
        proof: z.string().optional().openapi({
          description:
            'HMAC-SHA-256 of the challenge with the nonce of the server announced on this machine.',
        }),
      }),
      'It does.',
    ),
  },
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
    .openapi(live, (c) => {
      const { challenge } = c.req.valid('query')
      const nonce = c.env?.serverNonce
      const proof = challenge && nonce ? proofOf(nonce, challenge) : undefined
      return c.json({ status: 'ok' as const, ...(proof && { proof }) }, 200)
    })
    .openapi(ready, async (c) => {
      await core.store.ping()
      return c.json({ status: 'ok' as const }, 200)
    })
