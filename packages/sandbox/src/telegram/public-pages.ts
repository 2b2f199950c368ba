import { Hono } from 'hono'
import { PAGE_HEADERS, renderMessage } from '../page.js'
import type { PlatformKit } from '../platform.js'
import { usernameOf } from './chats.js'

/** What t.me shows of public channels and groups. */
export function createPublicPages({ world }: PlatformKit): Hono {
  const app = new Hono()
  app.get('/t.me/:name', (c) => {
    const name = c.req.param('name').toLowerCase()
    const chat = world.resources().find((one) => usernameOf(one)?.toLowerCase() === name)
    return chat
      ? c.html(renderMessage(chat.name, `A ${chat.kind} of the sandbox.`), 200, PAGE_HEADERS)
      : c.html(renderMessage('Nobody here', 'There is no such channel or group.'), 404, PAGE_HEADERS)
  })
  return app
}
