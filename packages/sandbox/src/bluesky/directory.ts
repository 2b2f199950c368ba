import { Hono } from 'hono'
import { html } from 'hono/html'
import { PAGE_HEADERS, renderMessage, renderPage } from '../page.js'
import { describeDid, findActiveAccount } from './accounts.js'
import type { Pds } from './pds.js'
import { POSTS } from './post-record.js'
import { uriOf } from './repositories.js'

/** The directory of accounts (PLC), which outlives them; a handle's own word for its account; and the pages people look at. */
export function createDirectory(pds: Pds): Hono {
  const { kit } = pds
  const app = new Hono()

  app.get('/.well-known/atproto-did', (c) => {
    const { hostname } = new URL(`http://${c.req.header('host') ?? ''}`)
    const person = findActiveAccount(kit, hostname)
    return person ? c.text(person.id) : c.text('User not found', 404)
  })

  app.get('/profile/:actor', (c) => {
    const person = findActiveAccount(kit, c.req.param('actor'))
    return person
      ? c.html(renderMessage(person.name, `@${person.handle}`), 200, PAGE_HEADERS)
      : c.html(renderMessage('Nobody here', 'There is no such profile.'), 404, PAGE_HEADERS)
  })

  app.get('/profile/:actor/post/:rkey', (c) => {
    const person = findActiveAccount(kit, c.req.param('actor'))
    const post = person && kit.world.post(uriOf(person.id, POSTS, c.req.param('rkey')))
    if (!person || !post)
      return c.html(renderMessage('Post not found', 'It may have been deleted.'), 404, PAGE_HEADERS)
    const images = post.media.map(({ id, altText, mimeType }) =>
      mimeType.startsWith('video/')
        ? html`<p><a href="${kit.mediaUrl(id)}">Video: ${altText ?? ''}</a></p>`
        : html`<p><img src="${kit.mediaUrl(id)}" alt="${altText ?? ''}"></p>`,
    )
    const body = html`<p>@${person.handle}</p><pre>${post.text}</pre>${images}`
    return c.html(renderPage(person.name, body), 200, PAGE_HEADERS)
  })

  app.get('/:did', (c, next) => {
    const did = c.req.param('did')
    if (!did.startsWith('did:')) return next()
    const person = kit.world.person(did)
    const type = { 'content-type': 'application/did+ld+json; charset=utf-8' }
    return person
      ? c.body(JSON.stringify(describeDid(kit, person)), 200, type)
      : c.json({ message: `DID not registered: ${did}` }, 404)
  })
  return app
}
