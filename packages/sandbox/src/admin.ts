import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { AdminError, adminActions } from './admin-actions.js'
import { viewPlatform, viewPost } from './admin-view.js'
import type { Sandbox } from './sandbox.js'

/** Other pages in the same browser may not change anything here: what a browser sends must come from these pages. */
export const sameOriginOnly: MiddlewareHandler = async (c, next) => {
  const origin = c.req.header('origin')
  const isForeign = origin !== undefined && URL.parse(origin)?.host !== c.req.header('host')
  if (c.req.method !== 'GET' && isForeign)
    return c.json({ error: 'Only the pages of this sandbox may do that.' }, 403)
  await next()
}

/** The sandbox's JSON API below `/_sandbox/api`: look at everything, and make days bad. */
export function createAdmin(sandbox: Pick<Sandbox, 'platforms' | 'clock'>): Hono {
  const app = new Hono()
  const find = (c: Context) => {
    const id = c.req.param('platform')
    const handle = sandbox.platforms.find((one) => one.id === id)
    if (!handle) throw new AdminError(`There is no platform ${id} in this sandbox.`)
    return handle
  }
  const api = new Hono()
  api.use(sameOriginOnly)
  api.onError((error, c) => {
    if (error instanceof AdminError) return c.json({ error: error.message }, 422)
    throw error
  })
  api.get('/platforms', (c) => c.json({ simulated: true, platforms: sandbox.platforms.map(viewPlatform) }))
  api.get('/platforms/:platform', (c) => c.json(viewPlatform(find(c))))
  api.get('/platforms/:platform/people', (c) => c.json({ people: viewPlatform(find(c)).people }))
  api.get('/platforms/:platform/posts', (c) =>
    c.json({ posts: find(c).world.postsWithDeleted().map(viewPost) }),
  )
  api.delete('/platforms/:platform/bad-day', (c) => {
    find(c).badDays.heal()
    return c.json({ ok: true })
  })
  api.post('/platforms/:platform/:action', async (c) => {
    const action = Object.hasOwn(adminActions, c.req.param('action'))
      ? adminActions[c.req.param('action')]
      : undefined
    if (!action) return c.json({ error: 'The sandbox knows no such action.' }, 404)
    action(find(c), await readObject(c))
    return c.json({ ok: true })
  })
  api.post('/clock', async (c) => {
    const { advanceSeconds } = await readObject(c)
    if (typeof advanceSeconds !== 'number' || !(advanceSeconds >= 0))
      throw new AdminError('"advanceSeconds" must be a number from 0.')
    sandbox.clock.advance(advanceSeconds)
    return c.json({ now: sandbox.clock.now().toISOString() })
  })
  app.route('/_sandbox/api', api)
  return app
}

async function readObject(c: Context): Promise<Record<string, unknown>> {
  const text = await c.req.text()
  if (text === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // said below
  }
  throw new AdminError('The body must be a JSON object.')
}
