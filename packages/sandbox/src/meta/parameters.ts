import type { Context } from 'hono'

/** Parameters of a request, from its query and its form. */
export async function readParameters(c: Context): Promise<Record<string, string>> {
  const form = c.req.method === 'POST' ? await c.req.parseBody() : {}
  const texts = Object.entries(form).filter(
    (field): field is [string, string] => typeof field[1] === 'string',
  )
  return { ...c.req.query(), ...Object.fromEntries(texts) }
}

/** An instant as Graph APIs write it. */
export const writeTime = (at: Date): string => at.toISOString().replace(/\.\d{3}Z$/, '+0000')
