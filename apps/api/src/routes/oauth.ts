import { randomBytes } from 'node:crypto'
import {
  bindBrowser,
  type CoreContext,
  completeAuthorization,
  confirmAuthorization,
  openStartPage,
  PostMcpError,
  takeOtherWay,
} from '@postmcp/core'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { getCookie, setCookie } from 'hono/cookie'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { AppEnv } from '../app-env.js'
import { asPostMcpError, logFailure } from '../middleware/problem.js'
import { errorPage, resultPage, startPage } from '../pages/connect-pages.js'
import { type Html, pageHeaders } from '../pages/page.js'

/** Cookies that bind a connection to the browser in which its start page was answered. */
const cookiePrefix = 'postmcp_connect_'
/** Cookies that tell which browser was shown a start page. */
const shownPrefix = 'postmcp_shown_'
const confirmPath = '/accounts/oauth/confirm'
const ourForms = bodyLimit({ maxSize: 10_000 })

/** The pages a person sees on the way to a platform and back. They need no API key: their addresses and forms carry secrets. */
export function oauthPages(core: CoreContext): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  const base = new URL(core.publicUrl)
  const isSecure = base.protocol === 'https:'
  /** A proxy may put us below a path; browsers see that path, our routes do not. */
  const prefix = base.pathname.replace(/\/$/, '')
  const cookieOptions = { path: `${prefix}/accounts/oauth`, httpOnly: true, secure: isSecure }
  const show = async (c: Context<AppEnv>, content: Html, status: ContentfulStatusCode = 200) =>
    c.html(await content, status, pageHeaders)

  app.onError((thrown, c) => {
    const error = asPostMcpError(thrown)
    logFailure(core.logger, error, c.get('requestId'))
    return show(c, errorPage(error, c.get('requestId')), error.status as ContentfulStatusCode)
  })

  app.get('/accounts/oauth/start/:token', async (c) => {
    const { token } = c.req.param()
    const content = await openStartPage(core, token)
    const { id, expiresAt } = content.connection
    const shown = getCookie(c, `${shownPrefix}${id}`) || randomBytes(32).toString('base64url')
    setCookie(c, `${shownPrefix}${id}`, shown, { ...cookieOptions, sameSite: 'Lax', expires: expiresAt })
    return show(c, startPage(content, `${prefix}/accounts/oauth/start/${token}`, shown))
  })

  app.post('/accounts/oauth/start/:token', ourForms, async (c) => {
    const { token } = c.req.param()
    const { connection, ...opened } = await openStartPage(core, token)
    const shown = getCookie(c, `${shownPrefix}${connection.id}`)
    const form = await readForm(c)
    // Whoever started this could else make the form of a page of his own press the button in somebody's browser.
    if (!shown || form.token !== shown) {
      throw new PostMcpError('state_invalid', 'This was not sent by the page that says who asks.', {
        nextAction: 'Open the link itself, and go on from the page it shows.',
      })
    }
    const { authorizationUrl } =
      form.way === undefined ? opened : await takeOtherWay(core, token, String(form.way))
    setCookie(c, `${cookiePrefix}${connection.id}`, await bindBrowser(core, connection), {
      ...cookieOptions,
      // Lax, for the platform sends the browser back by a link of its own.
      sameSite: 'Lax',
      expires: connection.expiresAt,
    })
    c.header('referrer-policy', 'no-referrer')
    c.header('cache-control', 'no-store')
    return c.redirect(authorizationUrl, 303)
  })

  app.get('/accounts/oauth/callback', async (c) => {
    const bindings = Object.entries(getCookie(c)).flatMap(([name, value]) =>
      name.startsWith(cookiePrefix) ? [value] : [],
    )
    const { searchParams } = new URL(c.req.url)
    const result = await completeAuthorization(core, searchParams, bindings)
    return show(c, resultPage(result, `${prefix}${confirmPath}`))
  })

  app.post(confirmPath, ourForms, async (c) => {
    const form = await readForm(c)
    const answer = form.answer === 'confirm' ? 'confirm' : 'decline'
    const result = await confirmAuthorization(core, String(form.token ?? ''), answer)
    return show(c, resultPage(result, `${prefix}${confirmPath}`))
  })
  return app
}

/** What a form of ours was sent with; what cannot be read is as good as empty. */
const readForm = async (c: Context<AppEnv>): Promise<Record<string, unknown>> =>
  c.req.parseBody().catch(() => ({}))
