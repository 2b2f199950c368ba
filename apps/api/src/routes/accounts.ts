import { createRoute, z } from '@hono/zod-openapi'
import {
  addAccounts,
  connectAccount,
  disconnectAccount,
  getAccount,
  listAccounts,
  listStatusHistory,
  reconnectAccount,
  verifyAccount,
} from '@postmcp/core'
import {
  accountSchema,
  accountStatusSchema,
  connectStepSchema,
  disconnectedSchema,
  healthSchema,
  shapeAccount,
  shapeAccountStatus,
  shapeConnectStep,
  shapeDisconnected,
  shapeHealth,
} from '../schemas/account.js'
import { idempotencyHeaders, idOf, pageOf, pageQuery, toPage } from '../schemas/common.js'
import { bearer, json, jsonBody, problems, type Routes, routeGroup } from './route.js'

const common = { tags: ['Accounts'], security: bearer }
const params = z.object({ accountId: idOf('account') })
const fields = z.record(z.string(), z.string().max(10_000)).openapi({
  description: "The platform's credential fields by name; see `GET /platforms/{platform}`.",
})

/** How one connects; the same for a first connection and for a later one. */
const way = {
  fields: fields.default({}),
  method: z.enum(['oauth2', 'credentials']).optional().openapi({
    description: 'For platforms with both ways. Default: the way the given fields belong to.',
  }),
  way: z.string().max(100).optional().openapi({
    description:
      'Which way through the browser, for platforms with several: see `connect.ways` of `GET /platforms/{platform}`. Default: the first; for a reconnect the one by which the account was connected.',
  }),
  redirectUri: z.string().max(2000).optional().openapi({
    description: 'Where the browser is sent back to; one of those the operator allows.',
  }),
}

const connect = createRoute({
  ...common,
  method: 'post',
  path: '/accounts/connect',
  operationId: 'connectAccount',
  summary: 'Connect an account, or learn what is needed next',
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(z.object({ platform: z.string().max(100), ...way })),
  },
  responses: { 200: json(connectStepSchema, 'The next step.'), ...problems },
})

const list = createRoute({
  ...common,
  method: 'get',
  path: '/accounts',
  operationId: 'listAccounts',
  summary: 'The accounts, newest first, with the status last known',
  request: { query: pageQuery },
  responses: { 200: json(pageOf(accountSchema), 'A page.'), ...problems },
})

const get = createRoute({
  ...common,
  method: 'get',
  path: '/accounts/{accountId}',
  operationId: 'getAccount',
  summary: 'An account with the status last known',
  request: { params },
  responses: { 200: json(accountSchema, 'The account.'), ...problems },
})

const status = createRoute({
  ...common,
  method: 'get',
  path: '/accounts/{accountId}/status',
  operationId: 'getAccountStatus',
  summary: 'An account with its status verified at the platform',
  request: {
    params,
    query: z.object({
      freshness: z.enum(['recent', 'live', 'stored']).default('recent').openapi({
        description: '`recent`: a check of the last minute will do. `live`: ask now. `stored`: do not ask.',
      }),
    }),
  },
  responses: { 200: json(accountStatusSchema, 'The status.'), ...problems },
})

const history = createRoute({
  ...common,
  method: 'get',
  path: '/accounts/{accountId}/history',
  operationId: 'listAccountHistory',
  summary: "The last hundred changes of an account's status, newest first",
  request: { params },
  responses: { 200: json(z.object({ data: z.array(healthSchema) }), 'The changes.'), ...problems },
})

const reconnect = createRoute({
  ...common,
  method: 'post',
  path: '/accounts/{accountId}/reconnect',
  operationId: 'reconnectAccount',
  summary: 'Give an account a new authorization; id, posts and history stay',
  request: { params, headers: idempotencyHeaders, body: jsonBody(z.object(way)) },
  responses: { 200: json(connectStepSchema, 'The next step.'), ...problems },
})

const add = createRoute({
  ...common,
  method: 'post',
  path: '/accounts/{accountId}/add',
  operationId: 'addAccounts',
  summary: 'Add further targets of the authorization of an account, without a new consent',
  description:
    'Without `targetIds` the step lists what can be added, and the choice goes to `POST /connections/{connectionId}`. Where the authorization has ended, the step is that of a reconnect.',
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(
      z.object({
        targetIds: z.array(z.string().max(1000)).max(1000).optional().openapi({
          description: 'What to add: all of it, or nothing.',
        }),
      }),
    ),
  },
  responses: { 200: json(connectStepSchema, 'The next step.'), ...problems },
})

const disconnect = createRoute({
  ...common,
  method: 'post',
  path: '/accounts/{accountId}/disconnect',
  operationId: 'disconnectAccount',
  summary: 'Let go of an account: revoke at the platform, destroy its credentials, cancel what waits',
  request: { params },
  responses: { 200: json(disconnectedSchema, 'What was revoked and cancelled.'), ...problems },
})

export const accountRoutes: Routes = (core) =>
  routeGroup()
    .openapi(connect, async (c) => {
      const scope = c.get('scope')
      const step = await connectAccount(
        core,
        scope,
        c.req.valid('json'),
        c.req.valid('header')['idempotency-key'],
      )
      return c.json(await shapeConnectStep(step, (id) => getAccount(core, scope, id)), 200)
    })
    .openapi(list, async (c) => {
      const { limit, after } = c.req.valid('query')
      const found = await listAccounts(core, c.get('scope'), { limit: limit + 1, after })
      return c.json(
        toPage(found, limit, (report) => report.account.id, shapeAccount),
        200,
      )
    })
    .openapi(get, async (c) => {
      return c.json(shapeAccount(await getAccount(core, c.get('scope'), c.req.valid('param').accountId)), 200)
    })
    .openapi(status, async (c) => {
      const { accountId } = c.req.valid('param')
      const verified = await verifyAccount(core, c.get('scope'), accountId, c.req.valid('query').freshness)
      return c.json(shapeAccountStatus(verified), 200)
    })
    .openapi(history, async (c) => {
      const changes = await listStatusHistory(core, c.get('scope'), c.req.valid('param').accountId, 100)
      return c.json({ data: changes.map(shapeHealth) }, 200)
    })
    .openapi(reconnect, async (c) => {
      const scope = c.get('scope')
      const step = await reconnectAccount(
        core,
        scope,
        c.req.valid('param').accountId,
        c.req.valid('json'),
        c.req.valid('header')['idempotency-key'],
      )
      return c.json(await shapeConnectStep(step, (id) => getAccount(core, scope, id)), 200)
    })
    .openapi(add, async (c) => {
      const scope = c.get('scope')
      const step = await addAccounts(
        core,
        scope,
        c.req.valid('param').accountId,
        c.req.valid('json'),
        c.req.valid('header')['idempotency-key'],
      )
      return c.json(await shapeConnectStep(step, (id) => getAccount(core, scope, id)), 200)
    })
    .openapi(disconnect, async (c) => {
      return c.json(
        shapeDisconnected(await disconnectAccount(core, c.get('scope'), c.req.valid('param').accountId)),
        200,
      )
    })
