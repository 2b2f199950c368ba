import type { CredentialField } from '../model/connection.js'
import { PostMcpError } from '../model/errors.js'
import type { AuthMethod } from '../model/grant.js'
import type { Manifest } from '../provider/manifest.js'

/** The fields a platform asks for on one way of connecting. */
export const fieldsToAsk = ({ connect }: Manifest, method: AuthMethod): CredentialField[] =>
  (method === 'oauth2' ? connect.oauth2?.fields : connect.credentials?.fields) ?? []

/**
 * The way to connect: the one that was asked for, else the one the given fields belong to, else credentials where a platform has them.
 * @throws PostMcpError `invalid_request` when the platform has no such way
 */
export function chooseMethod(
  manifest: Manifest,
  asked: { method?: AuthMethod | undefined; way?: string | undefined },
  given: Record<string, string>,
): AuthMethod {
  const { name, connect } = manifest
  const ways = (['credentials', 'oauth2'] as const).filter((method) => connect[method] !== undefined)
  const [first] = ways
  if (!first) throw new PostMcpError('internal_error', `${name} has no way to be connected.`)
  const method = asked.method ?? (asked.way === undefined ? undefined : 'oauth2')
  if (method === 'credentials' && asked.way !== undefined) {
    throw new PostMcpError(
      'invalid_request',
      'A way leads through the browser: leave it out with credentials.',
    )
  }
  if (method !== undefined) {
    if (ways.includes(method)) return method
    throw new PostMcpError('invalid_request', `${name} is not connected with ${method}, but with ${first}.`)
  }
  return ways.find((way) => knowsAll(manifest, way, given)) ?? first
}

const knowsAll = (manifest: Manifest, method: AuthMethod, given: Record<string, string>): boolean =>
  Object.keys(given).every((key) => fieldsToAsk(manifest, method).some((field) => field.name === key))

/** Whether what was given is known on the way through the browser, and all that it needs. */
export const suitsBrowser = (manifest: Manifest, given: Record<string, string>): boolean =>
  knowsAll(manifest, 'oauth2', given) && readFields(manifest, 'oauth2', given).missing.length === 0

/** What was given, without what is empty, and the fields that are still missing. @throws PostMcpError `invalid_request` */
export function readFields(
  manifest: Manifest,
  method: AuthMethod,
  given: Record<string, string>,
): { fields: Record<string, string>; missing: CredentialField[] } {
  const asked = fieldsToAsk(manifest, method)
  const unknown = Object.keys(given).filter((key) => !asked.some((field) => field.name === key))
  if (unknown.length > 0) {
    const names = asked.map((field) => field.name).join(', ')
    throw new PostMcpError(
      'invalid_request',
      names === '' ? `${manifest.name} asks for no fields.` : `${manifest.name} asks for ${names} only.`,
      {
        issues: unknown.map((key) => ({
          code: 'unknown_field',
          severity: 'error',
          message: `There is no field ${key}.`,
          field: `fields.${key}`,
        })),
      },
    )
  }
  const fields = Object.fromEntries(Object.entries(given).filter(([, value]) => value.trim() !== ''))
  return { fields, missing: asked.filter((field) => field.required && fields[field.name] === undefined) }
}
