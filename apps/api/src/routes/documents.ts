import { type CoreContext, operatorContext, PostMcpError } from '@postmcp/core'
import { Hono } from 'hono'
import { html } from 'hono/html'
import type { AppEnv } from '../app-env.js'
import { page, pageHeaders } from '../pages/page.js'

/** What platforms and people fetch from us without a key: the documents that describe us, and what became of a wish for deletion. */
export function documentRoutes(core: CoreContext): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  app.get('/oauth/:platform/:name', async (c) => {
    const { platform, name } = c.req.param()
    const provider = core.providers.get(platform)
    const documents = await provider.clientDocuments?.(
      operatorContext(core, core.environments.live, provider),
    )
    const document = documents && Object.hasOwn(documents, name) ? documents[name] : undefined
    if (document === undefined) throw new PostMcpError('not_found', `There is no ${name} for ${platform}.`)
    return c.json(document, 200, { 'cache-control': 'public, max-age=600' })
  })

  app.get('/deletion-requests/:code', async (c) => {
    const { code } = c.req.param()
    const content = page(
      'Deletion',
      html`<h1>Everything was deleted</h1>
<p>When the request <strong>${code.slice(0, 100)}</strong> came, what could open anything of yours here was destroyed at once.</p>`,
    )
    return c.html(await content, 200, pageHeaders)
  })
  return app
}
