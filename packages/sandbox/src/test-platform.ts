import { Hono } from 'hono'
import type { SandboxPlatform } from './platform.js'

/** A platform as small as can be, for this package's own tests: people choose pages, and post to them with a bearer token. */
export const testPlatform = (): SandboxPlatform => ({
  id: 'tiny',
  name: 'Tiny <platform>',
  endpoints: { api: '/v1', web: '' },
  browserPaths: ['/authorize'],
  consentPaths: ['/authorize'],
  app: { clientId: 'postmcp', clientSecret: 'a-simulated-secret' },
  tokens: {
    codeLifeSeconds: 60,
    accessLifeSeconds: 3600,
    refreshLifeSeconds: null,
    rotation: 'rotating',
    replay: 'single_use',
    codeReplayRevokes: true,
  },
  conditions: ['suspended'],
  connectFields: () => ({}),
  seed(world) {
    const ada = world.addPerson({ id: 'ada', name: 'Ada', handle: 'ada' })
    const ben = world.addPerson({ id: 'ben', name: 'Ben <b>', handle: 'ben' })
    world.addResource({ kind: 'page', id: 'page1', name: 'Page One', ownerIds: [ada.id, ben.id] })
    world.addResource({ kind: 'page', id: 'page2', name: 'Page Two', ownerIds: [ben.id] })
  },
  addAccount({ world }) {
    const person = world.addPerson({ name: 'New', handle: 'new' })
    const page = world.addResource({ kind: 'page', name: 'New page', ownerIds: [person.id] })
    return { personId: person.id, targetId: page.id, resourceId: page.id, fields: {}, wrongFields: {} }
  },
  errors: () => ({
    rateLimited: (seconds) =>
      Response.json({ error: 'busy' }, { status: 429, headers: { 'retry-after': String(seconds) } }),
    serverError: () => Response.json({ error: 'broken' }, { status: 500 }),
    refusal: (message) => ({ status: 400, body: { error: message } }),
  }),
  routes(kit) {
    const { world, tokens, consent } = kit
    const app = new Hono()
    app.get('/authorize', (c) => {
      const { client_id: clientId = '', redirect_uri: redirectUri = '', state = '' } = c.req.query()
      const client = tokens.client(clientId)
      if (!client || !tokens.allowsRedirect(client, redirectUri)) return c.text('No such application.', 400)
      const back = (parameters: Record<string, string>) =>
        `${redirectUri}?${new URLSearchParams({ ...parameters, state })}`
      return consent.ask(c, {
        clientName: client.name,
        scopes: [
          { name: 'read', required: true },
          { name: 'write', why: 'Post to <your> pages', required: false },
        ],
        choose: {
          kind: 'pages',
          itemsOf: (personId) =>
            world.resourcesOf(personId, 'page').map(({ id, name }) => ({ id, label: name })),
          min: 1,
        },
        onAllow: (decision) => back({ code: tokens.createCode({ clientId, redirectUri, ...decision }) }),
        onDeny: () => back({ error: 'access_denied' }),
      })
    })
    app.post('/token', async (c) => {
      const { code = '', redirect_uri: redirectUri } = await c.req.json<Record<string, string>>()
      return c.json(
        tokens.exchangeCode({ clientId: 'postmcp', clientSecret: 'a-simulated-secret', code, redirectUri }),
      )
    })
    app.post('/v1/posts', async (c) => {
      const body = await c.req.json<{ text: string; pageId: string }>()
      const found = tokens.inspect(c.req.header('authorization')?.slice(7) ?? '')
      if (found.state !== 'valid') return c.json({ error: found.state }, 401)
      const { id } = world.addPost({
        personId: found.personId,
        resourceId: body.pageId,
        text: body.text,
        body,
      })
      return c.json({ id })
    })
    app.get('/v1/posts', (c) => c.json(world.posts().map(({ id }) => id)))
    return app
  },
})
