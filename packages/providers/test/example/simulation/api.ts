import type { PlatformKit } from '@postmcp/sandbox'
import { Hono } from '../hono.js'
import { ApiError } from './errors.js'

const MAX_CHARACTERS = 1000

/** Pages and notes. @see https://docs.example.com/api */
export function createApi({ tokens, world }: PlatformKit) {
  const app = new Hono()
  /** Notes by page and key; Example forgets keys after a day, nothing here lives that long. */
  const known = new Map<string, string>()

  /** @throws ApiError for a token that is none any more, or a person who may not */
  function requirePerson(authorization: string | undefined) {
    const found = tokens.inspect(authorization?.replace(/^bearer /i, '') ?? '')
    if (found.state === 'expired') throw new ApiError(401, 'token_expired', 'The token has expired.')
    const person = found.state === 'valid' ? world.person(found.personId ?? '') : undefined
    if (found.state !== 'valid' || !person)
      throw new ApiError(401, 'token_revoked', 'The token is not valid.')
    if (person.condition !== 'active') throw new ApiError(403, 'account_suspended', 'You are suspended.')
    return { person, pageIds: found.resourceIds }
  }

  /** @throws ApiError for a page that is gone, or was not ticked on the consent page */
  function requirePage({ pageIds }: ReturnType<typeof requirePerson>, id: string) {
    const page = world.resource(id)
    if (!page) throw new ApiError(404, 'page_not_found', 'There is no such page.')
    if (!pageIds.includes(id)) throw new ApiError(403, 'page_not_granted', 'The page was not granted.')
    return { id: page.id, name: page.name, handle: page.name.toLowerCase().replaceAll(' ', '-') }
  }

  app.get('/me', (c) => {
    const { person } = requirePerson(c.req.header('authorization'))
    return c.json({ id: person.id, name: person.name })
  })

  app.get('/pages', (c) => {
    const caller = requirePerson(c.req.header('authorization'))
    const pages = caller.pageIds.filter((id) => world.resource(id)).map((id) => requirePage(caller, id))
    return c.json({ pages })
  })

  app.get('/pages/:id', (c) => {
    const caller = requirePerson(c.req.header('authorization'))
    return c.json(requirePage(caller, c.req.param('id')))
  })

  app.post('/pages/:id/notes', async (c) => {
    const caller = requirePerson(c.req.header('authorization'))
    const page = requirePage(caller, c.req.param('id'))
    const body = await c.req.json<{ text?: unknown }>()
    const text = typeof body.text === 'string' ? body.text : ''
    if (text === '' || [...text].length > MAX_CHARACTERS)
      throw new ApiError(400, 'text_invalid', `The text must have 1 to ${MAX_CHARACTERS} characters.`)
    // From here to the end nothing waits: two requests with one key make one note.
    const key = `${page.id} ${c.req.header('idempotency-key') ?? crypto.randomUUID()}`
    const id =
      known.get(key) ?? world.addPost({ personId: caller.person.id, resourceId: page.id, text, body }).id
    known.set(key, id)
    return c.json({ id })
  })

  app.delete('/notes/:id', (c) => {
    const { person } = requirePerson(c.req.header('authorization'))
    const note = world.post(c.req.param('id'))
    if (note?.personId !== person.id) throw new ApiError(404, 'note_not_found', 'There is no such note.')
    world.deletePost(note.id)
    return c.json({})
  })

  app.onError((error, c) => {
    if (!(error instanceof ApiError)) throw error
    return c.json({ error: { code: error.code, message: error.message } }, error.status)
  })
  return app
}
