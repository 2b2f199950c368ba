import { createRoute, z } from '@hono/zod-openapi'
import { deletePost, getPost, listAttempts, resolvePost } from '@postmcp/core'
import { idOf } from '../schemas/common.js'
import { postSchema, postWithAttemptsSchema, shapePost, shapePostWithAttempts } from '../schemas/post.js'
import { bearer, json, jsonBody, problems, type Routes, routeGroup } from './route.js'

const common = { tags: ['Posts'], security: bearer }
const params = z.object({ postId: idOf('post') })

const get = createRoute({
  ...common,
  method: 'get',
  path: '/posts/{postId}',
  operationId: 'getPost',
  summary: 'A post with every attempt to publish it',
  request: { params },
  responses: { 200: json(postWithAttemptsSchema, 'The post.'), ...problems },
})

const resolve = createRoute({
  ...common,
  method: 'post',
  path: '/posts/{postId}/resolve',
  operationId: 'resolvePost',
  summary: 'Say what became of a post whose outcome is unknown',
  request: { params, body: jsonBody(z.object({ as: z.enum(['published', 'failed']) })) },
  responses: { 200: json(postSchema, 'The post.'), ...problems },
})

const remove = createRoute({
  ...common,
  method: 'delete',
  path: '/posts/{postId}',
  operationId: 'deletePost',
  summary: 'Delete a published post at the platform',
  request: { params },
  responses: { 200: json(postSchema, 'The post, with the instant of its deletion.'), ...problems },
})

export const postRoutes: Routes = (core) =>
  routeGroup()
    .openapi(get, async (c) => {
      const scope = c.get('scope')
      const { postId } = c.req.valid('param')
      return c.json(
        shapePostWithAttempts(await getPost(core, scope, postId), await listAttempts(core, scope, postId)),
        200,
      )
    })
    .openapi(resolve, async (c) => {
      return c.json(
        shapePost(
          await resolvePost(core, c.get('scope'), c.req.valid('param').postId, c.req.valid('json').as),
        ),
        200,
      )
    })
    .openapi(remove, async (c) => {
      return c.json(shapePost(await deletePost(core, c.get('scope'), c.req.valid('param').postId)), 200)
    })
