import { type AppClient, variableOf } from '../provider/context.js'
import type { Manifest } from '../provider/manifest.js'
import { applicationId } from '../provider/ways.js'

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

/** Whether any of these scopes was granted, under whatever name. */
export const isGranted = (
  { scopes }: Pick<Manifest, 'scopes'>,
  anyOf: readonly string[],
  granted: readonly string[],
): boolean =>
  anyOf.some((name) => {
    const { alternatives = [] } = scopes.find((scope) => scope.name === name) ?? {}
    return [name, ...alternatives].some((each) => granted.includes(each))
  })

/** Optional scopes that publishing has a use for, by platform. */
export const publishingScopesOf = (
  providers: readonly { manifest: Pick<Manifest, 'id' | 'publish' | 'scopes'> }[],
): Record<string, string[]> =>
  Object.fromEntries(
    providers.map(({ manifest }) => {
      const { id, publish } = manifest
      const named = [...(publish.limits.replies?.scopes ?? []), ...(publish.deleteScopes ?? [])]
      return [id, [...new Set([...named, ...readingScopesOf(manifest)])]] as const
    }),
  )

/** Optional scopes with which a post is looked for whose answer was lost. */
function readingScopesOf({ publish: { reconcile }, scopes }: Pick<Manifest, 'publish' | 'scopes'>): string[] {
  const read = typeof reconcile === 'object' ? reconcile.read : []
  return scopes.filter(({ name, need }) => need === 'optional' && read.includes(name)).map(({ name }) => name)
}

/** What has to be done before any of these optional scopes is granted, in words. */
export function howToGetScope(manifest: Manifest, anyOf: readonly string[]): string {
  const [scope] = scopesOf(manifest, 'oauth2').filter(({ name }) => anyOf.includes(name))
  const variable = variableOf(applicationId(manifest), 'optionalScopes')
  return `The operator adds ${scope?.name ?? anyOf.join(' or ')} to ${variable}; then the account is reconnected.`
}

/** Required scopes that were not granted, under no name. */
export const missingScopes = (manifest: Manifest, granted: readonly string[], method: Method): string[] =>
  needed(manifest, method)
    .filter(({ name }) => !isGranted(manifest, [name], granted))
    .map(({ name }) => name)
