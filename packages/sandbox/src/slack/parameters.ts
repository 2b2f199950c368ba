import type { Context } from 'hono'
import { SlackRefusal } from './errors.js'

/** The arguments of a method: from the query, a form or JSON, as texts. @throws SlackRefusal `invalid_json`, `json_not_object` */
export async function readArguments(c: Context): Promise<Record<string, string>> {
  const found = new Map<string, string>(new URL(c.req.url).searchParams)
  const type = c.req.header('content-type') ?? ''
  if (c.req.method === 'POST' && type.startsWith('application/json')) {
    const body: unknown = await c.req.json().catch(() => {
      throw new SlackRefusal('invalid_json')
    })
    if (typeof body !== 'object' || body === null) throw new SlackRefusal('json_not_object')
    for (const [name, value] of Object.entries(body))
      found.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value))
  } else if (c.req.method === 'POST' && type !== '') {
    for (const [name, value] of await c.req.formData().catch(() => new FormData()))
      if (typeof value === 'string') found.set(name, value)
  }
  return Object.fromEntries(found)
}
