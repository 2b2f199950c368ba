import type { AppClient } from '../provider/context.js'
import type { Manifest } from '../provider/manifest.js'

type Method = 'oauth2' | 'credentials'

/** The scopes of one way of connecting; of several through the browser that on which the manifest is seen. */
const scopesOf = ({ scopes, connect }: Manifest, method: Method) =>
  scopes.filter(
    (scope) =>
      (scope.method === undefined || scope.method === method) &&
      (scope.way === undefined || (method === 'oauth2' && scope.way === connect.oauth2?.way?.id)),
  )

const needed = (manifest: Manifest, method: Method) =>
  scopesOf(manifest, method).filter(({ need }) => need === 'required')

/** What an authorization asks for: all that is required, and what the operator adds of the optional ones. */
export function scopesToAsk(manifest: Manifest, client: AppClient | null): string[] {
  const optional = scopesOf(manifest, 'oauth2')
    .filter(({ need, name }) => need === 'optional' && client?.optionalScopes.includes(name))
    .map(({ name }) => name)
  return [...needed(manifest, 'oauth2').map(({ name }) => name), ...optional]
}

/** Required scopes that were not granted, under no name. */
export const missingScopes = (manifest: Manifest, granted: readonly string[], method: Method): string[] =>
  needed(manifest, method)
    .filter(({ name, alternatives = [] }) => ![name, ...alternatives].some((each) => granted.includes(each)))
    .map(({ name }) => name)
