import type { Context } from 'hono'
import { ApiError } from './errors.js'

/** The JSON object that was sent. @throws ApiError 400 when it is none */
export async function readBody(c: Context): Promise<Record<string, unknown>> {
  const value: unknown = await c.req.json().catch(() => undefined)
  if (isObject(value)) return value
  throw new ApiError(400, 'The body is no JSON object.', { code: 'ILLEGAL_ARGUMENT' })
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
