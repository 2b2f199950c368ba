import { PostMcpError } from '../model/errors.js'

/** An address of the manifest, `{endpoint}/path`, with the base address that is in force. */
export function expandAddress(template: string, endpoints: Record<string, string>): string {
  return template.replace(/^\{([^}]+)\}/, (_, name: string) => {
    const base = endpoints[name]
    if (base === undefined) throw new PostMcpError('internal_error', `There is no endpoint ${name}.`)
    return base
  })
}
