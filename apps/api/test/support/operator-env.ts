import { nameApplication, variableOf } from '@postmcp/core'
import type { PlatformHandle } from '@postmcp/sandbox'

/** Where the installation says it is: https, for some platforms send nobody anywhere else. Nothing is sent there. */
export const publicUrl = 'https://postmcp.example'

const screaming = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

/**
 * What an operator sets for these platforms to be found at their simulations, with the applications known there.
 * @param optionalScopes what to ask for beside the required ones, by platform; default: nothing
 */
export function operatorEnv(
  platforms: readonly PlatformHandle[],
  optionalScopes: Readonly<Record<string, readonly string[]>> = {},
): Record<string, string> {
  const env: Record<string, string> = {}
  for (const { id, base, endpoints, app, furtherApps, platform } of platforms) {
    for (const [name, url] of Object.entries(endpoints)) {
      env[`POSTMCP_${id.toUpperCase()}_${screaming(name)}_URL`] = url
    }
    const applications = [id, ...Object.keys(furtherApps).map((way) => nameApplication(id, way))]
    const scopes = optionalScopes[id] ?? []
    for (const name of scopes.length > 0 ? applications : []) {
      env[variableOf(name, 'optionalScopes')] = scopes.join(',')
    }
    for (const [field, value] of Object.entries(app ?? {})) env[variableOf(id, field)] = value
    for (const [way, further] of Object.entries(furtherApps)) {
      const application = nameApplication(id, way)
      for (const [field, value] of Object.entries(further)) env[variableOf(application, field)] = value
    }
    if (platform.ownOrigin) {
      env.POSTMCP_ALLOW_ORIGINS = [env.POSTMCP_ALLOW_ORIGINS, new URL(base).origin].filter(Boolean).join(',')
    }
  }
  return env
}
