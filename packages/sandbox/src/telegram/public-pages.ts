import { type Context, Hono } from 'hono'
import { PAGE_HEADERS, renderMessage } from '../page.js'
import type { PlatformKit } from '../platform.js'
import type { Resource } from '../world.js'
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
  const showPost = (c: Context, chat: Resource | undefined, id: string) => {
    const post = world.post(id)
    return chat && post?.resourceId === chat.id
      ? c.html(renderMessage(chat.name, post.text), 200, PAGE_HEADERS)
      : c.html(renderMessage('Nothing here', 'There is no such post.'), 404, PAGE_HEADERS)
  }
  app.get('/t.me/c/:chat/:id', (c) =>
    showPost(c, world.resource(`-100${c.req.param('chat')}`), c.req.param('id')),
  )
  app.get('/t.me/:name/:id', (c) => {
    const name = c.req.param('name').toLowerCase()
    const chat = world.resources().find((one) => usernameOf(one)?.toLowerCase() === name)
    return showPost(c, chat, c.req.param('id'))
  })
  return app
}
