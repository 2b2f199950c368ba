import type { AppClient } from '../provider/context.js'
import type { Manifest } from '../provider/manifest.js'

type Method = 'oauth2' | 'credentials'

const needed = (manifest: Manifest, method: Method) =>
  manifest.scopes.filter(
    (scope) => scope.need === 'required' && (scope.method === undefined || scope.method === method),
  )

/** What an authorization asks for: all that is required, and what the operator adds of the optional ones. */
export function scopesToAsk(manifest: Manifest, client: AppClient | null): string[] {
  const optional = manifest.scopes
    .filter(({ need, name }) => need === 'optional' && client?.optionalScopes.includes(name))
    .map(({ name }) => name)
  return [...needed(manifest, 'oauth2').map(({ name }) => name), ...optional]
}

/** Required scopes that were not granted, under no name. */
export const missingScopes = (manifest: Manifest, granted: readonly string[], method: Method): string[] =>
  needed(manifest, method)
    .filter(({ name, alternatives = [] }) => ![name, ...alternatives].some((each) => granted.includes(each)))
    .map(({ name }) => name)
