import { Hono } from 'hono'
import { IncomingFile } from '../incoming-file.js'
import type { Media } from '../world.js'
import { requirePerson } from './access.js'
import { ApiError, recordNotFound } from './errors.js'
import { attachmentTypeOf, IMAGE_TYPES } from './media-types.js'
import { readParameters } from './parameters.js'
import { createId, type Instance } from './server.js'

const MAX_IMAGE_BYTES = 16_777_216
const MAX_VIDEO_BYTES = 103_809_024
/** How long video and GIF take on a good day. */
const WORK_SECONDS = 0.05
const SCOPES = ['write', 'write:media']

/** Uploads. @see https://docs.joinmastodon.org/methods/media/ */
export function createMediaRoutes(instance: Instance): Hono {
  const { kit, facts, readyAt } = instance
  const app = new Hono()

  app.post('/api/v2/media', async (c) => {
    const { person } = requirePerson(instance, c, SCOPES)
    const parameters = await readParameters(c)
    const file = parameters.file('file')
    if (!file) throw new ApiError(422, "Validation failed: File can't be blank")
    const type = attachmentTypeOf(file.type)
    if (type === null) throw new ApiError(422, 'Validation failed: File content type is invalid')
    if (file.size > (type === 'video' ? MAX_VIDEO_BYTES : MAX_IMAGE_BYTES))
      throw new ApiError(422, 'Validation failed: File is too big')
    const altText = parameters.text('description') ?? null
    const thumbnail = parameters.file('thumbnail')
    if (thumbnail && !IMAGE_TYPES.includes(thumbnail.type))
      throw new ApiError(422, 'Validation failed: Thumbnail content type is invalid')
    if (altText !== null && altText.length > (facts.descriptionLimit ?? Number.POSITIVE_INFINITY))
      throw new ApiError(422, 'Validation failed: Description is too long')

    const incoming = new IncomingFile()
    await incoming.receive(file.stream())
    const media = incoming.finish(kit.world, {
      id: createId(instance),
      personId: person.id,
      mimeType: file.type,
      altText,
      facts: { type },
    })
    const seconds = Math.max(kit.badDays.mediaSeconds(), type === 'image' ? 0 : WORK_SECONDS)
    if (facts.worksOnMediaLater && seconds > 0)
      readyAt.set(media.id, new Date(kit.now().getTime() + seconds * 1000))
    return c.json(describeMedia(instance, media), isReady(instance, media) ? 200 : 202)
  })

  app.get('/api/v1/media/:id', (c) => {
    const media = findOwn(instance, requirePerson(instance, c, SCOPES).person.id, c.req.param('id'))
    return c.json(describeMedia(instance, media), isReady(instance, media) ? 200 : 206)
  })
  app.put('/api/v1/media/:id', async (c) => {
    const media = findOwn(instance, requirePerson(instance, c, SCOPES).person.id, c.req.param('id'))
    const altText = (await readParameters(c)).text('description') ?? media.altText
    return c.json(describeMedia(instance, kit.world.updateMedia(media.id, { altText })))
  })
  return app
}

/** An upload that is not part of a status yet; one that is cannot be asked for any more. */
function findOwn({ kit, attached }: Instance, personId: string, id: string): Media {
  const media = kit.world.media(id)
  if (!media || media.personId !== personId || attached.has(id)) throw recordNotFound()
  return media
}

/** Whether the server has done its work on an upload. */
export const isReady = ({ kit, readyAt }: Instance, { id }: Media): boolean =>
  (readyAt.get(id)?.getTime() ?? 0) <= kit.now().getTime()

/** @see https://docs.joinmastodon.org/entities/MediaAttachment/ */
export const describeMedia = (instance: Instance, media: Media) => ({
  id: media.id,
  type: media.facts.type,
  url: isReady(instance, media) ? instance.kit.mediaUrl(media.id) : null,
  preview_url: isReady(instance, media) ? instance.kit.mediaUrl(media.id) : null,
  remote_url: null,
  meta: {},
  description: media.altText,
  blurhash: null,
})
