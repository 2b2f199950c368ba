import { createRoute, z } from '@hono/zod-openapi'
import {
  cancelPostGroup,
  changePostGroup,
  createPostGroup,
  getPostGroup,
  listPostGroups,
  retryPostGroup,
  validateDraft,
} from '@postmcp/core'
import { idempotencyHeaders, idOf, pageOf, toPage } from '../schemas/common.js'
import {
  changeSchema,
  draftSchema,
  groupsQuery,
  postGroupSchema,
  retryResultSchema,
  shapePostGroup,
  shapeRetryResult,
  validationSchema,
} from '../schemas/post.js'
import { bearer, json, jsonBody, problems, type Routes, routeGroup } from './route.js'

const common = { tags: ['Post groups'], security: bearer }
const params = z.object({ postGroupId: idOf('postGroup') })

const validate = createRoute({
  ...common,
  method: 'post',
  path: '/post-groups/validate',
  operationId: 'validatePostGroup',
  summary: 'Hold a draft against the limits of every target; nothing is made or sent',
  request: { body: jsonBody(draftSchema) },
  responses: { 200: json(validationSchema, 'What was found.'), ...problems },
})

const create = createRoute({
  ...common,
  method: 'post',
  path: '/post-groups',
  operationId: 'createPostGroup',
  summary: 'Publish content to accounts, now or later, or keep it as a draft',
  request: { headers: idempotencyHeaders, body: jsonBody(draftSchema) },
  responses: {
    201: json(postGroupSchema, 'The group; its posts are queued, scheduled or drafts.'),
    ...problems,
  },
})

const list = createRoute({
  ...common,
  method: 'get',
  path: '/post-groups',
  operationId: 'listPostGroups',
  summary: 'The post groups, newest first; all, or by state, account, platform and time',
  request: { query: groupsQuery },
  responses: { 200: json(pageOf(postGroupSchema), 'A page.'), ...problems },
})

const get = createRoute({
  ...common,
  method: 'get',
  path: '/post-groups/{postGroupId}',
  operationId: 'getPostGroup',
  summary: 'A post group with its posts',
  request: { params },
  responses: { 200: json(postGroupSchema, 'The group.'), ...problems },
})

const change = createRoute({
  ...common,
  method: 'patch',
  path: '/post-groups/{postGroupId}',
  operationId: 'changePostGroup',
  summary: 'Change a draft or a scheduled group: its content, its targets, its time; or release it',
  request: { params, body: jsonBody(changeSchema) },
  responses: { 200: json(postGroupSchema, 'The group as it is now.'), ...problems },
})

const retry = createRoute({
  ...common,
  method: 'post',
  path: '/post-groups/{postGroupId}/retry',
  operationId: 'retryPostGroup',
  summary: 'Publish the failed posts of a group again; unknown outcomes are looked up first',
  request: { params, headers: idempotencyHeaders },
  responses: { 200: json(retryResultSchema, 'What was retried and what was not.'), ...problems },
})

const cancel = createRoute({
  ...common,
  method: 'post',
  path: '/post-groups/{postGroupId}/cancel',
  operationId: 'cancelPostGroup',
  summary: 'Cancel what has not begun to be published',
  request: { params },
  responses: { 200: json(postGroupSchema, 'The group.'), ...problems },
})

export const postGroupRoutes: Routes = (core) =>
  routeGroup()
    .openapi(validate, async (c) => {
      const issues = await validateDraft(core, c.get('scope'), c.req.valid('json'))
      return c.json({ valid: issues.every((issue) => issue.severity !== 'error'), issues }, 200)
    })
    .openapi(create, async (c) => {
      const key = c.req.valid('header')['idempotency-key']
      return c.json(
        shapePostGroup(await createPostGroup(core, c.get('scope'), c.req.valid('json'), key)),
        201,
      )
    })
    .openapi(list, async (c) => {
      const { limit, after, state, accountId, platform, ...range } = c.req.valid('query')
      const found = await listPostGroups(
        core,
        c.get('scope'),
        { limit: limit + 1, after },
        { states: state, accountIds: accountId, platforms: platform, ...range },
      )
      return c.json(
        toPage(found, limit, (view) => view.group.id, shapePostGroup),
        200,
      )
    })
    .openapi(get, async (c) => {
      return c.json(
        shapePostGroup(await getPostGroup(core, c.get('scope'), c.req.valid('param').postGroupId)),
        200,
      )
    })
    .openapi(change, async (c) => {
      const { postGroupId } = c.req.valid('param')
      return c.json(
        shapePostGroup(await changePostGroup(core, c.get('scope'), postGroupId, c.req.valid('json'))),
        200,
      )
    })
    .openapi(retry, async (c) => {
      const key = c.req.valid('header')['idempotency-key']
      return c.json(
        shapeRetryResult(await retryPostGroup(core, c.get('scope'), c.req.valid('param').postGroupId, key)),
        200,
      )
    })
    .openapi(cancel, async (c) => {
      return c.json(
        shapePostGroup(await cancelPostGroup(core, c.get('scope'), c.req.valid('param').postGroupId)),
        200,
      )
    })
