import { Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import type { Media, Post, Resource } from '../world.js'
import { type Caller, requirePerson } from './access.js'
import { findOwnBoard, maySee, pageOf } from './board-routes.js'
import { ApiError } from './errors.js'
import { type PinRequest, readPin } from './pin-request.js'
import type { VideoUploads } from './video-uploads.js'

const READ = ['boards:read', 'pins:read']
const WRITE = ['boards:read', 'boards:write', 'pins:read', 'pins:write']

/** @see https://developers.pinterest.com/docs/api/v5/pins-create */
export function createPinRoutes(kit: PlatformKit, videos: VideoUploads): Hono {
  const { world } = kit
  const app = new Hono()

  app.post('/v5/pins', async (c) => {
    const caller = requirePerson(kit, c, WRITE)
    const { person } = caller
    refusePins(person.condition)
    const body: unknown = await c.req.json().catch(() => null)
    const wanted = readPin(body, person.id, videos)
    const board = findOwnBoard(kit, wanted.boardId, caller)
    requireSecretWriting(board, caller)
    const pin = world.addPost({
      personId: person.id,
      resourceId: board.id,
      text: [wanted.title, wanted.description].filter(Boolean).join('\n\n'),
      media: keepMedia(kit, wanted, person.id),
      isPublic: board.facts.privacy === 'PUBLIC',
      body: { ...wanted, source: wanted.source.type },
      facts: { wanted: { ...wanted, source: wanted.source.type } },
    })
    return c.json(describePin(kit, pin, caller), 201)
  })

  app.get('/v5/pins', (c) => {
    const caller = requirePerson(kit, c, READ)
    const pins = world.posts({ personId: caller.person.id }).filter((pin) => mayRead(kit, pin, caller))
    return c.json(pageOf(c, pins.reverse(), (pin) => describePin(kit, pin, caller)))
  })
  app.get('/v5/pins/:id', (c) => {
    const caller = requirePerson(kit, c, READ)
    return c.json(describePin(kit, findPin(kit, c.req.param('id'), caller), caller))
  })
  app.delete('/v5/pins/:id', (c) => {
    const caller = requirePerson(kit, c, WRITE)
    const pin = findPin(kit, c.req.param('id'), caller)
    if (pin.personId !== caller.person.id)
      throw new ApiError(403, 7, 'Not authorized to access board or Pin.')
    world.deletePost(pin.id)
    return c.body(null, 204)
  })
  app.get('/v5/boards/:id/pins', (c) => {
    const caller = requirePerson(kit, c, READ)
    const board = findOwnBoard(kit, c.req.param('id'), caller)
    const pins = world.posts({ resourceId: board.id }).filter((pin) => mayRead(kit, pin, caller))
    return c.json(pageOf(c, pins.reverse(), (pin) => describePin(kit, pin, caller)))
  })
  return app
}

/** What is said of content, and of apps, that may not be pinned. @throws ApiError */
function refusePins(condition: string): void {
  if (condition === 'spam')
    throw new ApiError(
      429,
      8,
      'You have exceeded your rate limit. Try again later.',
      'Blocked by spam rules.',
    )
  if (condition === 'trial_app')
    throw new ApiError(
      403,
      29,
      'Apps with Trial access may not create Pins in production. Use the API Sandbox at https://api-sandbox.pinterest.com instead.',
    )
}

function requireSecretWriting({ facts }: Resource, { scopes }: Caller): void {
  if (
    facts.privacy === 'SECRET' &&
    !(scopes.includes('boards:write_secret') && scopes.includes('pins:write_secret'))
  )
    throw new ApiError(401, 3, 'Your token does not have sufficient permissions for secret boards.')
}

/** A Pin has one alt text, which is that of each of its pictures. */
function keepMedia({ world }: PlatformKit, { source, altText }: PinRequest, personId: string): Media[] {
  if (source.type === 'image')
    return source.pictures.map(({ mimeType, bytes }) =>
      world.addMedia({ personId, mimeType, altText }, bytes),
    )
  const { media } = source.upload
  return media ? [world.updateMedia(media.id, { altText })] : []
}

function mayRead({ world }: PlatformKit, { resourceId }: Post, caller: Caller): boolean {
  const board = world.resource(resourceId ?? '')
  if (!board) return false
  return (
    maySee(board, caller) && (board.facts.privacy !== 'SECRET' || caller.scopes.includes('pins:read_secret'))
  )
}

function findPin(kit: PlatformKit, id: string, caller: Caller): Post {
  const pin = kit.world.post(id)
  if (!pin || !mayRead(kit, pin, caller)) throw new ApiError(404, 50, 'Pin not found.')
  return pin
}

/** @see the API description, Pin (5.23.0) */
function describePin(kit: PlatformKit, pin: Post, { person }: Caller) {
  const wanted = pin.facts.wanted as Omit<PinRequest, 'source'> & { source: 'image' | 'video' }
  const board = kit.world.resource(pin.resourceId ?? '')
  const owner = kit.world.person(board?.ownerIds[0] ?? '')
  const images = (media: Media) => ({ '1200x': { width: null, height: null, url: kit.mediaUrl(media.id) } })
  const [first, ...others] = pin.media
  const several = pin.media.map((media) => ({
    item_type: 'image',
    title: null,
    description: null,
    link: null,
    images: images(media),
  }))
  const media =
    wanted.source === 'video'
      ? { media_type: 'video', video_url: null, duration: null, height: null, width: null }
      : others.length > 0
        ? { media_type: 'multiple_images', items: several }
        : { media_type: 'image', ...(first && { images: images(first) }) }
  return {
    id: pin.id,
    created_at: pin.createdAt.toISOString(),
    title: wanted.title,
    description: wanted.description,
    alt_text: wanted.altText,
    link: wanted.link,
    dominant_color: wanted.dominantColor ?? '#6e7874',
    board_id: pin.resourceId,
    board_section_id: wanted.sectionId,
    board_owner: { username: owner?.handle ?? '' },
    parent_pin_id: null,
    media,
    creative_type: wanted.source === 'video' ? 'VIDEO' : others.length > 0 ? 'CAROUSEL' : 'REGULAR',
    is_owner: pin.personId === person.id,
    is_standard: true,
    has_been_promoted: false,
    pin_metrics: null,
  }
}
