import { Hono } from 'hono'
import { FormError, receiveForm } from '../incoming-form.js'
import type { PlatformKit } from '../platform.js'
import { requirePerson } from './access.js'
import { pageOf } from './board-routes.js'
import { ApiError, invalidRequest } from './errors.js'
import type { VideoUpload, VideoUploads } from './video-uploads.js'

const UPLOAD_PATH = '/media-upload/'

/** Videos are registered, uploaded to a storage that knows no tokens, and worked on. @see https://developers.pinterest.com/docs/api/v5/media-create */
export function createMediaRoutes(kit: PlatformKit, videos: VideoUploads): Hono {
  const app = new Hono()
  const describe = (upload: VideoUpload) => ({
    media_id: upload.id,
    media_type: 'video',
    status: videos.statusOf(upload),
  })

  app.post('/v5/media', async (c) => {
    const { person } = requirePerson(kit, c, ['pins:read', 'pins:write'])
    const body = await c.req.json<Record<string, unknown>>().catch(() => ({}) as Record<string, unknown>)
    if (body.media_type !== 'video') throw invalidRequest("'media_type' is not one of ['video']")
    const { id, parameters } = videos.register(person.id)
    return c.json(
      {
        media_id: id,
        media_type: 'video',
        upload_url: `${kit.base()}${UPLOAD_PATH}`,
        upload_parameters: parameters,
      },
      201,
    )
  })
  app.get('/v5/media', (c) => {
    const { person } = requirePerson(kit, c, ['pins:read'])
    return c.json(pageOf(c, videos.of(person.id), describe))
  })
  app.get('/v5/media/:id', (c) => {
    const { person } = requirePerson(kit, c, ['pins:read'])
    const upload = videos.find(c.req.param('id'), person.id)
    if (!upload) throw new ApiError(404, 2703, 'Media upload not found.')
    return c.json(describe(upload))
  })

  app.post(UPLOAD_PATH, async (c) => {
    const refuse = (status: 400 | 403, code: string) =>
      c.body(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code></Error>`, status, {
        'content-type': 'application/xml',
      })
    try {
      const { fields, files } = await receiveForm(c.req.raw)
      const file = files.get('file')
      if (!file) return refuse(400, 'InvalidArgument')
      return videos.receive(fields, file) ? c.body(null, 204) : refuse(403, 'AccessDenied')
    } catch (error) {
      if (error instanceof FormError) return refuse(400, 'MalformedPOSTRequest')
      throw error
    }
  })
  return app
}
