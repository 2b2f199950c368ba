import { type Context, Hono } from 'hono'
import { FormError, type FormFile, receiveForm } from '../incoming-form.js'
import type { PlatformKit } from '../platform.js'
import type { Person } from '../world.js'
import type { BotMethod } from './bot-methods.js'
import { answerError, BotApiError } from './errors.js'

/** `/bot<token>/<method>`. @see https://core.telegram.org/bots/api#making-requests */
export function createBotRoutes(kit: PlatformKit, methods: Map<string, BotMethod>): Hono {
  const app = new Hono()
  app.onError((error) => {
    if (error instanceof BotApiError) return answerError(error)
    throw error
  })
  app.all('/:bot{bot[^/]+}/:method', async (c) => {
    const owner = findOwner(kit, c.req.param('bot').slice('bot'.length))
    if (owner.condition === 'frozen') throw new BotApiError(400, 'Bad Request: FROZEN_METHOD_INVALID')
    const method = methods.get(c.req.param('method').toLowerCase())
    if (!method) throw new BotApiError(404, 'Not Found: method not found')
    const { parameters, files } = await readRequest(c)
    return c.json({ ok: true, result: method(owner, parameters, files) })
  })
  // Not `notFound`: that of a part of an app is not asked.
  app.all('*', () => {
    throw new BotApiError(404, 'Not Found')
  })
  return app
}

/** @throws BotApiError 401; a token that has not the form of one is told apart */
function findOwner({ tokens, world }: PlatformKit, token: string): Person {
  if (!/^[1-9]\d*:./.test(token) || token.length > 80) {
    throw new BotApiError(401, 'Unauthorized: invalid token specified')
  }
  const found = tokens.inspect(token)
  const owner = found.state === 'valid' && found.personId !== null ? world.person(found.personId) : undefined
  if (!owner) throw new BotApiError(401, 'Unauthorized')
  return owner
}

/** From the query, and from a body of JSON or a form; parameters as text, whatever they were. */
async function readRequest(
  c: Context,
): Promise<{ parameters: Record<string, string>; files: ReadonlyMap<string, FormFile> }> {
  const type = c.req.header('content-type') ?? ''
  const form = type.startsWith('multipart/form-data')
    ? await receiveForm(c.req.raw).catch((error: unknown) => {
        throw error instanceof FormError ? new BotApiError(400, `Bad Request: ${error.message}`) : error
      })
    : { fields: await readFields(c, type), files: new Map<string, FormFile>() }
  const all = Object.entries({ ...c.req.query(), ...form.fields })
  const parameters = all.map(([name, value]) => [
    name,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ])
  return { parameters: Object.fromEntries(parameters), files: form.files }
}

async function readFields(c: Context, type: string): Promise<Record<string, unknown>> {
  if (type === '') return {}
  if (!type.startsWith('application/json')) return c.req.parseBody()
  return c.req.json<Record<string, unknown>>().catch(() => {
    throw new BotApiError(400, "Bad Request: can't parse JSON object")
  })
}
