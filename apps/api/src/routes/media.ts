import { createRoute, z } from '@hono/zod-openapi'
import { addMedia, addMediaFromUrl, deleteMedia, mediaTypes, PostMcpError } from '@postmcp/core'
import { bodyLimit } from 'hono/body-limit'
import { idOf } from '../schemas/common.js'
import { mediaSchema, shapeMedia } from '../schemas/media.js'
import { bearer, json, jsonBody, problems, type Routes, routeGroup } from './route.js'

/** Where files come in, which takes as long as it takes. */
export const uploadPath = '/media'

const common = { tags: ['Media'], security: bearer }
const types = Object.keys(mediaTypes).join(', ')
const fileName = z.string().max(255).optional()
const params = z.object({ mediaId: idOf('media') })

const upload = createRoute({
  ...common,
  method: 'post',
  path: uploadPath,
  operationId: 'uploadMedia',
  summary: `Upload a file as the request's body (${types})`,
  description:
    'It is read as it comes. What it is is found by looking at it, whatever its name or the request says.',
  request: {
    query: z.object({ fileName }),
    body: {
      content: {
        'application/octet-stream': { schema: z.string().openapi({ type: 'string', format: 'binary' }) },
      },
      required: true,
    },
  },
  responses: { 201: json(mediaSchema, 'The file, as found by looking at it.'), ...problems },
})

const fetchFile = createRoute({
  ...common,
  method: 'post',
  path: '/media/fetch',
  operationId: 'fetchMedia',
  summary: 'Fetch a file from a public https address, now and once',
  description: 'What the address leads to later changes nothing.',
  middleware: [
    bodyLimit({
      maxSize: 64 * 1024,
      onError: () => {
        throw new PostMcpError('payload_too_large', 'An address is not as long as that.')
      },
    }),
  ] as const,
  request: { body: jsonBody(z.object({ url: z.url().max(8192), fileName })) },
  responses: { 201: json(mediaSchema, 'The file, as found by looking at it.'), ...problems },
})

const get = createRoute({
  ...common,
  method: 'get',
  path: '/media/{mediaId}',
  operationId: 'getMedia',
  summary: 'What is known of an uploaded file',
  request: { params },
  responses: { 200: json(mediaSchema, 'The file.'), ...problems },
})

const remove = createRoute({
  ...common,
  method: 'delete',
  path: '/media/{mediaId}',
  operationId: 'deleteMedia',
  summary: 'Delete the content of a file',
  description: 'Refused while a post that is not published yet uses it. May be repeated.',
  request: { params },
  responses: { 204: { description: 'It is gone.' }, ...problems },
})

const noContent = async function* (): AsyncGenerator<Uint8Array> {}

/** The length a request says its body has; what is no length says nothing. */
const lengthIn = (header: string | undefined): number | null =>
  header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : null

export const mediaRoutes: Routes = (core) =>
  routeGroup()
    .openapi(upload, async (c) => {
      const media = await addMedia(core, c.get('scope'), {
        content: c.req.raw.body ?? noContent(),
        declaredBytes: lengthIn(c.req.header('content-length')),
        fileName: c.req.valid('query').fileName ?? null,
      })
      return c.json(shapeMedia(media), 201)
    })
    .openapi(fetchFile, async (c) => {
      const { url, fileName: name = null } = c.req.valid('json')
      const { signal } = c.req.raw
      const media = await addMediaFromUrl(core, c.get('scope'), { url, fileName: name, signal })
      return c.json(shapeMedia(media), 201)
    })
    .openapi(get, async (c) => {
      const { mediaId } = c.req.valid('param')
      const media = await core.store.media.get(c.get('scope').workspaceId, mediaId)
      if (!media) throw new PostMcpError('not_found', `There is no media ${mediaId}.`)
      return c.json(shapeMedia(media), 200)
    })
    .openapi(remove, async (c) => {
      await deleteMedia(core, c.get('scope'), c.req.valid('param').mediaId)
      return c.body(null, 204)
    })
