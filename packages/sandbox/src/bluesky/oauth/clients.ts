import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  errors,
  exportJWK,
  type JSONWebKeySet,
  type JWTVerifyResult,
  jwtVerify,
  type ResolvedKey,
} from 'jose'
import { OAuthError } from './errors.js'

/** What a client says of itself. @see https://atproto.com/specs/oauth#clients */
export interface ClientMetadata {
  clientId: string
  name: string
  redirectUris: readonly string[]
  scopes: readonly string[]
  /** Null: a public client, which has no key to sign with. */
  jwks: JSONWebKeySet | null
}

const LOOPBACK_CLIENT = 'http://localhost'
const LOOPBACK_HOSTS = ['127.0.0.1', '[::1]']
const MAX_DOCUMENT_BYTES = 100_000

const badMetadata = (description: string) => new OAuthError('invalid_client_metadata', description)

/**
 * The client with this id. One on the machine of its user says all in its id. Any other is described by the document at the
 * address that its id is; nothing of the sandbox may leave this machine, so only documents on loopback are read, by http as well.
 * @param reach where on this machine something is that has another address in the world
 * @throws OAuthError `invalid_client_metadata`
 */
export async function readClient(clientId: string, reach: Reach): Promise<ClientMetadata> {
  return /^http:\/\/localhost(?:[/?#]|$)/.test(clientId)
    ? readLoopbackClient(clientId)
    : readDocument(clientId, reach)
}

function readLoopbackClient(clientId: string): ClientMetadata {
  const refuse = (what: string) =>
    badMetadata(`Invalid loopback client id "${clientId}": Invalid loopback client ID: ${what}`)
  const rest = clientId.slice(LOOPBACK_CLIENT.length).replace(/^\//, '')
  if (rest.includes('#')) throw refuse('Value must not contain a hash component')
  if (rest !== '' && !rest.startsWith('?')) throw refuse('Value must not contain a path component')
  const query = new URLSearchParams(rest)
  const unknown = [...query.keys()].find((name) => name !== 'scope' && name !== 'redirect_uri')
  if (unknown !== undefined) throw refuse(`Unexpected query parameter "${unknown}"`)
  if (query.getAll('scope').length > 1) throw refuse('Duplicate "scope" query parameter')
  const asked = query.getAll('redirect_uri')
  const redirectUris = asked.length > 0 ? asked : LOOPBACK_HOSTS.map((host) => `http://${host}/`)
  if (!redirectUris.every(isLoopbackHttp)) throw refuse('Invalid "redirect_uri" query parameter')
  const scopes = readScopes(query.get('scope') ?? 'atproto')
  if (!scopes.includes('atproto')) throw refuse('ATProto Loopback ClientID must include "atproto" scope')
  return { clientId, name: 'A client on this machine', redirectUris, scopes, jwks: null }
}

/** By address: a name may lead elsewhere. */
const isLoopbackHttp = (text: string) => {
  const url = URL.parse(text)
  return url?.protocol === 'http:' && LOOPBACK_HOSTS.includes(url.hostname)
}

type Reach = (address: string) => string

async function readDocument(clientId: string, reach: Reach): Promise<ClientMetadata> {
  const prefix = `Unable to obtain client metadata for "${clientId}"`
  const document = await readJson(reach(clientId), prefix)
  const refuse = (what: string) => badMetadata(`${prefix}: ${what}`)
  const text = (name: string) => (typeof document[name] === 'string' ? document[name] : undefined)
  const list = (name: string) => (Array.isArray(document[name]) ? document[name].map(String) : [])
  if (document.client_id !== clientId) throw refuse('client_id does not match')
  const scopes = readScopes(text('scope') ?? '')
  if (!scopes.includes('atproto')) throw refuse('Missing "atproto" scope')
  if (document.dpop_bound_access_tokens !== true) throw refuse('"dpop_bound_access_tokens" must be true')
  if (!list('response_types').includes('code')) throw refuse('"response_types" must contain "code"')
  if (!['authorization_code', 'refresh_token'].every((type) => list('grant_types').includes(type)))
    throw refuse('"grant_types" must contain "authorization_code" and "refresh_token"')
  const redirectUris = list('redirect_uris')
  if (redirectUris.length === 0) throw refuse('At least one redirect_uri is required')
  const method = text('token_endpoint_auth_method')
  if (method !== 'none' && method !== 'private_key_jwt')
    throw refuse(`Unsupported token_endpoint_auth_method "${method}"`)
  if (method === 'private_key_jwt' && text('token_endpoint_auth_signing_alg') === undefined)
    throw refuse('Missing token_endpoint_auth_signing_alg client metadata')
  const keysAt = text('jwks_uri')
  const jwks =
    method === 'none'
      ? null
      : keysAt === undefined
        ? document.jwks
        : await readJson(reach(keysAt), `Unable to obtain jwks from "${keysAt}" for "${clientId}"`)
  if (jwks !== null && !isKeySet(jwks)) throw refuse('private_key_jwt auth method requires jwks or jwks_uri')
  return { clientId, name: text('client_name') ?? clientId, redirectUris, scopes, jwks }
}

const isKeySet = (value: unknown): value is JSONWebKeySet =>
  typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys)

async function readJson(address: string, prefix: string): Promise<Record<string, unknown>> {
  const url = URL.parse(address)
  if (!url || !/^https?:$/.test(url.protocol) || !LOOPBACK_HOSTS.includes(url.hostname))
    throw badMetadata(`${prefix}: The sandbox reads documents from 127.0.0.1 and [::1] only`)
  let answer: Response
  let text: string
  try {
    answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(5000) })
    text = await answer.text()
  } catch {
    throw badMetadata(`${prefix}: Failed to fetch`)
  }
  if (answer.status !== 200) throw badMetadata(`${prefix}: Unexpected status ${answer.status}`)
  if (!answer.headers.get('content-type')?.startsWith('application/json') || text.length > MAX_DOCUMENT_BYTES)
    throw badMetadata(`${prefix}: Unexpected response Content-Type`)
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Refused below, as any other value.
  }
  throw badMetadata(`${prefix}: Unable to parse response as JSON`)
}

/** Each scope once. */
export const readScopes = (text: string): string[] => [...new Set(text.split(' ').filter(Boolean))]

/**
 * Whether a client registered this address; for one on loopback that was registered without a port, any port will do.
 * @see https://www.rfc-editor.org/rfc/rfc8252#section-7.3
 */
export const isRegistered = ({ redirectUris }: ClientMetadata, redirectUri: string): boolean =>
  redirectUris.some((registered) => {
    if (registered === redirectUri) return true
    const [one, other] = [URL.parse(registered), URL.parse(redirectUri)]
    if (!one || !other || one.port !== '' || !LOOPBACK_HOSTS.includes(one.hostname)) return false
    other.port = ''
    return one.href === other.href
  })

/** How a client has shown who it is; a session goes on only with the same. */
export interface ClientAuth {
  method: 'none' | 'private_key_jwt'
  kid?: string
  /** The thumbprint of the key itself. */
  jkt?: string
  /** The assertion's own id, which may be shown once. */
  jti?: string
}

/**
 * Checks that a client is who it says, by the key that its document names.
 * @throws OAuthError `invalid_client`, `invalid_request`
 */
export async function authenticateClient(
  client: ClientMetadata,
  form: URLSearchParams,
  issuer: string,
): Promise<ClientAuth> {
  if (!client.jwks) return { method: 'none' }
  const assertion = form.get('client_assertion')
  if (assertion === null)
    throw new OAuthError(
      'invalid_request',
      'client authentication method "private_key_jwt" required a "client_assertion"',
    )
  const type = form.get('client_assertion_type')
  if (type !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    throw new OAuthError('invalid_client', `Unsupported client_assertion_type "${type}"`)
  const { payload, protectedHeader, key } = await verifyAssertion(client, client.jwks, assertion, issuer)
  if (protectedHeader.kid === undefined)
    throw new OAuthError('invalid_client', '"kid" required in client_assertion')
  const jkt = await calculateJwkThumbprint(await exportJWK(key))
  return { method: 'private_key_jwt', kid: protectedHeader.kid, jkt, jti: String(payload.jti) }
}

async function verifyAssertion(
  { clientId }: ClientMetadata,
  jwks: JSONWebKeySet,
  assertion: string,
  issuer: string,
): Promise<JWTVerifyResult & ResolvedKey> {
  try {
    return await jwtVerify(assertion, createLocalJWKSet(jwks), {
      issuer: clientId,
      subject: clientId,
      audience: issuer,
      requiredClaims: ['jti'],
      maxTokenAge: 60,
    })
  } catch (error) {
    const message = error instanceof errors.JOSEError ? error.message : 'the key cannot be read'
    throw new OAuthError('invalid_client', `Validation of "client_assertion" failed: ${message}`)
  }
}
