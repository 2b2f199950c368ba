import type { CredentialField } from '../model/connection.js'
import { PostMcpError } from '../model/errors.js'
import type { Provider } from '../provider/provider.js'

/** The fields a platform asks for, and those among them that are still missing. */
export function readFields(
  provider: Provider,
  given: Record<string, string>,
): { fields: Record<string, string>; asked: CredentialField[]; missing: CredentialField[] } {
  const { name, connect } = provider.manifest
  if (!connect.credentials) {
    throw new PostMcpError('invalid_request', `${name} is not connected with credentials.`)
  }
  const asked = connect.credentials.fields
  const unknown = Object.keys(given).filter((key) => !asked.some((field) => field.name === key))
  if (unknown.length > 0) {
    throw new PostMcpError(
      'invalid_request',
      `${name} asks for ${asked.map((field) => field.name).join(', ')} only.`,
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
  return {
    fields,
    asked,
    missing: asked.filter((field) => field.required && fields[field.name] === undefined),
  }
}
