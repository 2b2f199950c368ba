import { createRoute, z } from '@hono/zod-openapi'
import { acceptedMimeTypes, addMedia, maxMediaBytes, PostMcpError } from '@postmcp/core'
import { bodyLimit } from 'hono/body-limit'
import { idOf } from '../schemas/common.js'
import { mediaSchema, shapeMedia } from '../schemas/post.js'
import { bearer, json, problems, type Routes, routeGroup } from './route.js'

const common = { tags: ['Media'], security: bearer }

const upload = createRoute({
  ...common,
  method: 'post',
  path: '/media',
  operationId: 'uploadMedia',
  summary: `Upload a file as the request's body (${acceptedMimeTypes.join(', ')}; at most ${maxMediaBytes} bytes)`,
  middleware: [
    bodyLimit({
      maxSize: maxMediaBytes,
      onError: () => {
        throw new PostMcpError('payload_too_large', `The file is larger than ${maxMediaBytes} bytes.`)
      },
    }),
  ] as const,
  request: {
    query: z.object({ fileName: z.string().max(255).optional() }),
    body: {
      content: {
        'application/octet-stream': { schema: z.string().openapi({ type: 'string', format: 'binary' }) },
      },
      required: true,
    },
  },
  responses: { 201: json(mediaSchema, 'The file, as found by looking at it.'), ...problems },
})

const get = createRoute({
  ...common,
  method: 'get',
  path: '/media/{mediaId}',
  operationId: 'getMedia',
  summary: 'What is known of an uploaded file',
  request: { params: z.object({ mediaId: idOf('media') }) },
  responses: { 200: json(mediaSchema, 'The file.'), ...problems },
})

export const mediaRoutes: Routes = (core) =>
  routeGroup()
    .openapi(upload, async (c) => {
      const bytes = new Uint8Array(await c.req.arrayBuffer())
      const media = await addMedia(core, c.get('scope'), {
        bytes,
        fileName: c.req.valid('query').fileName ?? null,
      })
      return c.json(shapeMedia(media), 201)
    })
    .openapi(get, async (c) => {
      const { mediaId } = c.req.valid('param')
      const media = await core.store.media.get(c.get('scope').workspaceId, mediaId)
      if (!media) throw new PostMcpError('not_found', `There is no media ${mediaId}.`)
      return c.json(shapeMedia(media), 200)
    })
