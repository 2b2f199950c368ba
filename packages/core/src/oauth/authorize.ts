import {
  calculatePKCECodeChallenge,
  generateRandomCodeVerifier,
  generateRandomState,
  skipStateCheck,
  validateAuthResponse,
} from 'oauth4webapi'
import { PostMcpError } from '../model/errors.js'
import type { JsonObject } from '../model/json.js'
import { type AppClient, type ProviderContext, requireClient } from '../provider/context.js'
import type { Authorization, AuthorizationServer, Provider } from '../provider/provider.js'
import { expandAddress } from './address.js'
import { scopesToAsk } from './scopes.js'
import { readTokenAnswer } from './token-answer.js'
import { askTokenEndpoint, declarationOf } from './token-endpoint.js'

/** An authorization that waits for the browser to come back. `flow` is secret. */
export interface PendingAuthorization {
  /** Where the person consents; the platform's own address. */
  authorizationUrl: string
  /** The value by which the callback is recognised; secret until the browser carries it. */
  state: string
  flow: Record<string, string>
  redirectUri: string
  requestedScopes: string[]
  fields: Record<string, string>
  server: AuthorizationServer | null
}

/**
 * Prepares the way to the platform's consent page.
 * @param server the server that was found, where the platform has many; `ctx.client` is our registration there
 * @throws PostMcpError `client_not_configured`; PlatformError, TransportError of a platform that is asked first
 */
export async function beginAuthorization(
  ctx: ProviderContext,
  provider: Provider,
  request: { fields: Record<string, string>; redirectUri: string; isReconnect: boolean },
  server: AuthorizationServer | null,
): Promise<PendingAuthorization> {
  const { fields, redirectUri, isReconnect } = request
  const requestedScopes = server?.scopes ?? scopesToAsk(provider.manifest, ctx.client)
  const common = { redirectUri, requestedScopes, fields, server }
  if (provider.authorize) {
    const own = await provider.authorize(ctx, { fields, redirectUri, isReconnect, scopes: requestedScopes })
    return { ...common, ...own }
  }
  const oauth2 = declarationOf(provider)
  const client = requireClient(ctx, provider.manifest)
  const state = generateRandomState()
  const url = new URL(server?.authorizationUrl ?? expandAddress(oauth2.authorizationUrl ?? '', ctx.endpoints))
  const parameters: Record<string, string> = {
    response_type: 'code',
    [oauth2.parameterNames.clientId]: client.id,
    redirect_uri: redirectUri,
    [oauth2.parameterNames.scope]: requestedScopes.join(oauth2.scopeSeparator),
    state,
    ...oauth2.authorizationParameters,
    ...(isReconnect && oauth2.reconnectParameters),
  }
  for (const [name, { field, inPlaceOf }] of Object.entries(oauth2.appParameters ?? {})) {
    const value = client.values[field]
    if (value === undefined) continue
    parameters[name] = value
    if (inPlaceOf !== undefined) delete parameters[inPlaceOf]
  }
  const flow: Record<string, string> = {}
  if ((server?.pkce ?? oauth2.pkce) === 'S256') {
    flow.codeVerifier = generateRandomCodeVerifier()
    parameters.code_challenge = await calculatePKCECodeChallenge(flow.codeVerifier)
    parameters.code_challenge_method = 'S256'
  }
  for (const [name, value] of Object.entries(parameters)) if (value !== '') url.searchParams.set(name, value)
  return { ...common, authorizationUrl: url.href, state, flow }
}

/**
 * Turns the parameters with which the browser came back into an authorization. The state has been checked by whoever found
 * the pending authorization by it.
 * @throws PostMcpError `authorization_denied`, `authorization_failed`, `issuer_mismatch` (another server, or another server's
 *   address); errors of the hooks
 */
export async function finishAuthorization(
  ctx: ProviderContext,
  provider: Provider,
  pending: Omit<PendingAuthorization, 'authorizationUrl' | 'state'>,
  parameters: URLSearchParams,
): Promise<Authorization> {
  const { redirectUri, flow, server, requestedScopes, fields } = pending
  refuseRepetition(parameters)
  refuseOtherAddress(redirectUri, parameters)
  const oauth2 = declarationOf(provider)
  const issuer = server ? server.issuer : oauth2.issuer && expandAddress(oauth2.issuer, ctx.endpoints)
  // An error from elsewhere is not believed either.
  if (issuer !== undefined && parameters.has('iss') && parameters.get('iss') !== issuer)
    throw issuerMismatch()
  refuseErrors(provider, parameters)
  if (provider.exchange) return provider.exchange(ctx, { parameters, flow, redirectUri })
  const client = requireClient(ctx, provider.manifest)
  const code = checkedCode(client, issuer, parameters)
  const answer = await askTokenEndpoint(
    ctx,
    provider,
    {
      address: server?.tokenUrl ?? expandAddress(oauth2.tokenUrl ?? '', ctx.endpoints),
      client,
      parameters: {
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        ...(flow.codeVerifier !== undefined && { code_verifier: flow.codeVerifier }),
        ...oauth2.exchangeParameters,
      },
    },
    'callback',
  )
  const tokens = readTokens(ctx, provider, answer)
  if (!provider.identify) throw new TypeError(`${provider.manifest.id} has no identify.`)
  return provider.identify(ctx, { tokens, answer, requestedScopes, fields, server, redirectUri })
}

/** The tokens of an answer, by the provider's own reading or by the standard's. */
export const readTokens = (ctx: ProviderContext, provider: Provider, answer: JsonObject) =>
  (provider.readTokenAnswer ?? readTokenAnswer)(answer, ctx.clock.now())

/** Of two answers in one nobody knows which is meant (RFC 6749 section 3.1). */
function refuseRepetition(parameters: URLSearchParams): void {
  const repeated = ['code', 'error', 'iss'].find((name) => parameters.getAll(name).length > 1)
  if (repeated === undefined) return
  throw new PostMcpError('authorization_failed', `The browser came back with more than one ${repeated}.`)
}

/** What the address to come back to names is there, or the browser comes from a server that was given another one. */
function refuseOtherAddress(redirectUri: string, parameters: URLSearchParams): void {
  for (const [name, value] of new URL(redirectUri).searchParams) {
    if (parameters.getAll(name).join() !== value) {
      throw new PostMcpError(
        'issuer_mismatch',
        'The browser came back to the address of another server than the one it was sent to; nothing of it was used.',
      )
    }
  }
}

/** An error in the redirect (RFC 6749 section 4.1.2.1) ends the attempt before anything is sent. */
function refuseErrors({ manifest }: Provider, parameters: URLSearchParams): void {
  const error = parameters.get('error')
  if (error === null) return
  const said = parameters.get('error_description') ?? parameters.get('error_message') ?? ''
  const details = { platform: manifest.id, platformCode: error.slice(0, 100) }
  const isDenial = /^(access_denied|user_denied|user_cancelled_(login|authorize)|user_cancelled)$/.test(error)
  if (isDenial) {
    throw new PostMcpError('authorization_denied', `Consent was not given at ${manifest.name}.`, details)
  }
  throw new PostMcpError(
    'authorization_failed',
    `${manifest.name} did not authorize: ${[error, said].filter(Boolean).join(', ').slice(0, 300)}.`,
    details,
  )
}

const issuerMismatch = (cause?: unknown): PostMcpError =>
  new PostMcpError(
    'issuer_mismatch',
    'The answer does not come from the server the person was sent to; it was not used.',
    { cause },
  )

/** The code of a response that has each parameter once, and comes from the issuer if one is expected (RFC 9207). */
function checkedCode(client: AppClient, issuer: string | undefined, parameters: URLSearchParams): string {
  const server = {
    issuer: issuer ?? 'urn:unknown',
    authorization_response_iss_parameter_supported: issuer !== undefined,
  }
  try {
    const expected = withoutForeignIssuer(issuer, parameters)
    const code = validateAuthResponse(server, { client_id: client.id }, expected, skipStateCheck).get('code')
    if (code) return code
  } catch (cause) {
    if (issuer !== undefined && parameters.get('iss') !== issuer) throw issuerMismatch(cause)
  }
  throw new PostMcpError('authorization_failed', 'The browser came back without a single authorization code.')
}

/** Where no issuer is expected, a server may still send one; there is nothing to hold it against. */
function withoutForeignIssuer(issuer: string | undefined, parameters: URLSearchParams): URLSearchParams {
  const checked = new URLSearchParams(parameters)
  if (issuer === undefined) checked.delete('iss')
  return checked
}
