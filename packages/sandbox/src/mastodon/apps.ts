import { Hono } from 'hono'
import type { Client } from '../token-service.js'
import { requireToken } from './access.js'
import { ApiError } from './errors.js'
import { type Parameters, readParameters } from './parameters.js'
import { isWithin, knownScopes, readScopes } from './scopes.js'
import type { Instance } from './server.js'

/** The address that shows the code on a page instead of redirecting. */
export const OUT_OF_BAND = 'urn:ietf:wg:oauth:2.0:oob'

const FIELDS = ['client_name', 'redirect_uris', 'scopes', 'website']

/** Registration of applications. @see https://docs.joinmastodon.org/methods/apps/ */
export function createAppRoutes(instance: Instance): Hono {
  const { tokens } = instance.kit
  const app = new Hono()
  app.post('/api/v1/apps', async (c) => {
    const registration = readRegistration(instance, await readParameters(c))
    const client = tokens.registerClient({
      name: registration.name,
      redirectUris: registration.redirectUris,
      scopes: registration.scopes,
      facts: { id: instance.kit.world.snowflake(), website: registration.website },
    })
    return c.json({
      ...describeApp(client),
      client_id: client.id,
      client_secret: client.secrets[0],
      client_secret_expires_at: 0,
    })
  })
  app.get('/api/v1/apps/verify_credentials', (c) =>
    c.json(describeApp(requireToken(instance, c, null).client)),
  )
  return app
}

function readRegistration(instance: Instance, parameters: Parameters) {
  const unknown = parameters.names.filter((name) => !FIELDS.includes(name))
  if (instance.facts.refusesUnknownFields && unknown.length > 0)
    throw new ApiError(422, `Unknown fields: ${unknown.join(', ')}`)
  const name = parameters.text('client_name') ?? ''
  if (name.trim() === '') throw new ApiError(422, "Validation failed: Application name can't be blank")
  const redirectUris = parameters.list('redirect_uris').flatMap((text) => text.split(/\s+/).filter(Boolean))
  if (redirectUris.length === 0) throw new ApiError(422, "Validation failed: Redirect URI can't be blank")
  if (!redirectUris.every(isRedirectUri))
    throw new ApiError(422, 'Validation failed: Redirect URI must be an absolute URI.')
  const scopes = readScopes(parameters.text('scopes') ?? 'read')
  const isKnown = scopes.every((scope) => knownScopes(instance).includes(scope))
  if (instance.facts.checksScopes && !isKnown)
    throw new ApiError(422, "Validation failed: Scopes doesn't match configured on the server.")
  return { name, redirectUris, scopes, website: parameters.text('website') ?? null }
}

function isRedirectUri(uri: string): boolean {
  if (uri === OUT_OF_BAND) return true
  const url = URL.parse(uri)
  return url !== null && url.hash === '' && !['javascript:', 'data:', 'vbscript:'].includes(url.protocol)
}

/** @see https://docs.joinmastodon.org/entities/Application/ */
const describeApp = (client: Client) => ({
  id: client.facts.id,
  name: client.name,
  website: client.facts.website ?? null,
  scopes: client.scopes ?? [],
  redirect_uri: client.redirectUris.join('\n'),
  redirect_uris: client.redirectUris,
  vapid_key: '',
})

/** The scopes an app may use. */
export const isAllowedFor = (client: Client, scopes: readonly string[]): boolean =>
  isWithin(scopes, client.scopes ?? ['read'])
