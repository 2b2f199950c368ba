import { createRoute, z } from '@hono/zod-openapi'
import {
  type ConnectionId,
  type CoreContext,
  completeByPaste,
  continueConnection,
  getAccount,
  getConnection,
  getConnectStep,
  type Scope,
} from '@postmcp/core'
import { connectionSchema, connectStepSchema, shapeConnection, shapeConnectStep } from '../schemas/account.js'
import { idOf } from '../schemas/common.js'
import { bearer, json, jsonBody, problems, type Routes, routeGroup } from './route.js'

const common = { tags: ['Connections'], security: bearer }
const params = z.object({ connectionId: idOf('connection') })

const get = createRoute({
  ...common,
  method: 'get',
  path: '/connections/{connectionId}',
  operationId: 'getConnection',
  summary: 'Where a connect or reconnect stands',
  request: { params },
  responses: { 200: json(connectionSchema, 'The connection and its next step.'), ...problems },
})

const goOn = createRoute({
  ...common,
  method: 'post',
  path: '/connections/{connectionId}',
  operationId: 'continueConnection',
  summary:
    'Give what a connection asks for: credentials, a choice of targets, the address a browser ended at',
  request: {
    params,
    body: jsonBody(
      z.object({
        fields: z.record(z.string(), z.string().max(10_000)).optional(),
        targetIds: z.array(z.string().max(1000)).max(1000).optional(),
        refreshTargets: z.boolean().optional().openapi({
          description: 'Ask the platform again which targets there are.',
        }),
        callbackUrl: z.string().max(10_000).optional().openapi({
          description: 'The address the browser ended at, where no callback can reach the server.',
        }),
      }),
    ),
  },
  responses: { 200: json(connectStepSchema, 'The next step.'), ...problems },
})

async function stepOf(core: CoreContext, scope: Scope, id: ConnectionId) {
  return shapeConnectStep(await getConnectStep(core, scope, id), (accountId) =>
    getAccount(core, scope, accountId),
  )
}

const openStates: readonly string[] = ['pending', 'awaiting_confirmation', 'selecting_targets', 'connected']

export const connectionRoutes: Routes = (core) =>
  routeGroup()
    .openapi(get, async (c) => {
      const scope = c.get('scope')
      const connection = await getConnection(core, scope, c.req.valid('param').connectionId)
      const step = openStates.includes(connection.state) ? await stepOf(core, scope, connection.id) : null
      return c.json(shapeConnection(connection, step), 200)
    })
    .openapi(goOn, async (c) => {
      const scope = c.get('scope')
      const { callbackUrl, ...input } = c.req.valid('json')
      const { connectionId } = c.req.valid('param')
      const step =
        callbackUrl === undefined
          ? await continueConnection(core, scope, connectionId, input)
          : await completeByPaste(core, scope, connectionId, callbackUrl)
      return c.json(await shapeConnectStep(step, (id) => getAccount(core, scope, id)), 200)
    })
