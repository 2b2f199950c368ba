import type { Context } from 'hono'
import { ProblemError } from './errors.js'

/** The refusal of a request that is not formed as described. */
export const invalidRequest = (message: string, parameters: Record<string, unknown> = {}): ProblemError =>
  new ProblemError(400, 'Invalid Request', message, {
    type: 'invalid-request',
    details: { errors: [{ parameters, message }] },
  })

/** A JSON object without fields nobody knows. @throws ProblemError 400 */
export async function readJson(c: Context, known: readonly string[]): Promise<Record<string, unknown>> {
  const value: unknown = await c.req.json().catch(() => undefined)
  if (!isObject(value)) throw invalidRequest('The request body is not valid JSON.')
  refuseUnknown(value, known, '$')
  return value
}

/** @throws ProblemError 400 for a field that is not described */
export function refuseUnknown(value: Record<string, unknown>, known: readonly string[], place: string): void {
  const unknown = Object.keys(value).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const message = `${place}.${unknown}: is not defined in the schema and the schema does not allow additional properties`
  throw invalidRequest(message, { [unknown]: [] })
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** An id as the platform has them. */
export const isId = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9]{1,19}$/.test(value)
