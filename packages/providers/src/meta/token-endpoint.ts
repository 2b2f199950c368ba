import { z } from 'zod'
import { readGraphError } from './graph.js'

const flat = z.object({ error_message: z.string(), code: z.union([z.int(), z.string()]).transform(String) })

/**
 * Errors of the token endpoints of Instagram and Threads: `{error_type, code, error_message}`, where the code is always 400, or the
 * object of Graph APIs.
 */
export function readTokenError({
  json,
}: {
  json: unknown
}): { platformCode: string; message: string } | null {
  const parsed = flat.safeParse(json)
  if (!parsed.success) return readGraphError(json)
  return { platformCode: parsed.data.code, message: parsed.data.error_message }
}
