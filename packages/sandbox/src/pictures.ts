import { Hono } from 'hono'
import type { World } from './world.js'

/** Types that a browser shows and never runs. */
const SHOWN_TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'video/mp4'])

/** Serves avatars and the bytes of uploads: `/_sandbox/avatar/<personId>`, `/_sandbox/media/<mediaId>`. */
export function createPictures(world: World): Hono {
  const app = new Hono()
  const headers = {
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
  }

  app.get('/_sandbox/avatar/:id', (c) => {
    const person = world.person(c.req.param('id'))
    if (!person) return c.notFound()
    return c.body(drawAvatar(person.id), 200, { ...headers, 'content-type': 'image/svg+xml' })
  })
  app.get('/_sandbox/media/:id', (c) => {
    const media = world.media(c.req.param('id'))
    const bytes = world.mediaBytes(c.req.param('id'))
    if (!media || !bytes) return c.notFound()
    const type = SHOWN_TYPES.has(media.mimeType) ? media.mimeType : 'application/octet-stream'
    return c.body(Uint8Array.from(bytes).buffer, 200, { ...headers, 'content-type': type })
  })
  return app
}

/** A square whose colour follows from the id. */
function drawAvatar(id: string): string {
  const hue = Array.from(id).reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 360, 7)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><rect width="2" height="2" fill="hsl(${hue} 60% 45%)"/><circle cx="1" cy="0.8" r="0.4" fill="#fff"/><path d="M0.2 2a0.8 0.7 0 0 1 1.6 0z" fill="#fff"/></svg>`
}
