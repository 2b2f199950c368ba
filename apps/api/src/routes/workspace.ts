import { createRoute, z } from '@hono/zod-openapi'
import { createApiKey, listApiKeys, PostMcpError, revokeApiKey } from '@postmcp/core'
import { idOf, words } from '../schemas/common.js'
import {
  apiKeySchema,
  newApiKeySchema,
  shapeApiKey,
  shapeWorkspace,
  workspaceSchema,
} from '../schemas/workspace.js'
import { bearer, json, jsonBody, problems, type Routes, routeGroup } from './route.js'

const common = { tags: ['Workspace'], security: bearer }

const get = createRoute({
  ...common,
  method: 'get',
  path: '/workspace',
  operationId: 'getWorkspace',
  summary: 'The workspace this key belongs to',
  responses: { 200: json(workspaceSchema, 'The workspace.'), ...problems },
})

const listKeys = createRoute({
  ...common,
  method: 'get',
  path: '/api-keys',
  operationId: 'listApiKeys',
  summary: 'The API keys of the workspace, without the keys themselves',
  responses: { 200: json(z.object({ data: z.array(apiKeySchema) }), 'The keys.'), ...problems },
})

const createKey = createRoute({
  ...common,
  method: 'post',
  path: '/api-keys',
  operationId: 'createApiKey',
  summary: 'Make an API key; it is shown this once',
  request: { body: jsonBody(z.object({ name: words(100) })) },
  responses: { 201: json(newApiKeySchema, 'The key.'), ...problems },
})

const revokeKey = createRoute({
  ...common,
  method: 'delete',
  path: '/api-keys/{apiKeyId}',
  operationId: 'revokeApiKey',
  summary: 'Revoke an API key, at once',
  request: { params: z.object({ apiKeyId: idOf('apiKey') }) },
  responses: { 204: { description: 'It no longer works.' }, ...problems },
})

export const workspaceRoutes: Routes = (core) =>
  routeGroup()
    .openapi(get, async (c) => {
      const workspace = await core.store.workspaces.get(c.get('scope').workspaceId)
      if (!workspace) throw new PostMcpError('not_found', 'The workspace is gone.')
      return c.json(shapeWorkspace(workspace), 200)
    })
    .openapi(listKeys, async (c) => {
      return c.json({ data: (await listApiKeys(core, c.get('scope'))).map(shapeApiKey) }, 200)
    })
    .openapi(createKey, async (c) => {
      const { apiKey, secret } = await createApiKey(core, c.get('scope'), c.req.valid('json').name)
      return c.json({ ...shapeApiKey(apiKey), key: secret }, 201)
    })
    .openapi(revokeKey, async (c) => {
      await revokeApiKey(core, c.get('scope'), c.req.valid('param').apiKeyId)
      return c.body(null, 204)
    })
