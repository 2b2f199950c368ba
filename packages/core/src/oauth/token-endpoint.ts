import type { HttpRequest, HttpResponse } from '../http/http-client.js'
import { retryAfter } from '../http/rate-limit.js'
import type { JsonObject } from '../model/json.js'
import type { AppClient, ProviderContext } from '../provider/context.js'
import type { OAuth2Declaration } from '../provider/manifest.js'
import { MalformedResponseError, PlatformError } from '../provider/platform-error.js'
import type { Occasion, Provider } from '../provider/provider.js'
import { readTokenError } from './token-error.js'

/** RFC 6749 section 2.3.1: both parts are form-encoded before they are joined. */
const formEncode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)

const basic = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${formEncode(id)}:${formEncode(secret)}`).toString('base64')}`

/** A request to a token or revocation endpoint, with the client's authentication as the platform wants it. */
export function toClientRequest(
  oauth2: OAuth2Declaration,
  address: string,
  client: AppClient,
  secret: string | undefined,
  parameters: Record<string, string>,
): HttpRequest {
  const { clientId, clientSecret } = oauth2.parameterNames
  const form = new URLSearchParams(parameters)
  const byBasic = oauth2.clientAuthentication === 'client_secret_basic' && secret !== undefined
  if (!byBasic) form.set(clientId, client.id)
  if (oauth2.clientAuthentication === 'client_secret_post' && secret !== undefined) {
    form.set(clientSecret, secret)
  }
  if (oauth2.tokenRequest === 'query') {
    const url = new URL(address)
    for (const [name, value] of form) url.searchParams.set(name, value)
    return { method: 'GET', url }
  }
  return {
    method: 'POST',
    url: address,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(byBasic && { authorization: basic(client.id, secret) }),
    },
    body: form.toString(),
  }
}

/**
 * Sends one request to the token endpoint and returns the answer as it came.
 * @param occasion with `refresh` an older secret is tried when the newest is refused; a code must never be sent twice
 * @throws PlatformError with the platform's own code; MalformedResponseError; TransportError
 */
export async function askTokenEndpoint(
  ctx: ProviderContext,
  provider: Provider,
  request: { address: string; client: AppClient; parameters: Record<string, string> },
  occasion: Extract<Occasion, 'callback' | 'refresh'>,
): Promise<JsonObject> {
  const oauth2 = declarationOf(provider)
  const { address, client, parameters } = request
  const secrets = client.secrets.length > 0 ? client.secrets : [undefined]
  const tries = occasion === 'refresh' ? secrets : secrets.slice(0, 1)
  for (const [index, secret] of tries.entries()) {
    const sent = toClientRequest(oauth2, address, client, secret, parameters)
    const response = await ctx.http.request(sent)
    try {
      return readAnswer(
        ctx,
        provider,
        response,
        secretsOf(sent, [...secretParameters.flatMap((name) => parameters[name] ?? []), ...client.secrets]),
      )
    } catch (error) {
      const isLast = index === tries.length - 1
      const isClient =
        error instanceof PlatformError && provider.classifyError(error, occasion).kind === 'client_invalid'
      if (isLast || !isClient) throw error
    }
  }
  throw new MalformedResponseError('The token endpoint was not asked.')
}

function readAnswer(
  ctx: ProviderContext,
  provider: Provider,
  response: HttpResponse,
  secrets: string[],
): JsonObject {
  const { status, json, headers } = response
  // An error comes before success: some platforms answer errors with status 200.
  const told = provider.readTokenError?.({ status, json }) ?? readTokenError(json)
  if (told || status >= 500 || status === 429) {
    throw new PlatformError({
      status,
      // Some servers have no codes and put a sentence in their place.
      platformCode: told?.platformCode ? hide(told.platformCode, secrets).slice(0, 100) : null,
      message: hide(told?.message ?? `The token endpoint answered with status ${status}.`, secrets),
      retryAfter: status === 429 || status === 503 ? retryAfter(headers, ctx.clock.now()) : undefined,
    })
  }
  if (status < 200 || status > 299 || json === null || typeof json !== 'object' || Array.isArray(json)) {
    throw new MalformedResponseError(`The token endpoint answered ${status} with something that is no token.`)
  }
  return json as JsonObject
}

/** The others may be said: an error code may well hold the name of a grant type. */
const secretParameters = ['code', 'code_verifier', 'refresh_token']

/** What of a request must not be repeated: secrets, and the form in which they travel as Basic authentication. */
export const secretsOf = (request: HttpRequest, secrets: readonly string[]): string[] => [
  ...secrets,
  ...(request.headers?.authorization?.split(' ').slice(1) ?? []),
]

/** The server may have been chosen by a user: it may repeat in its errors what it was sent. */
export const hide = (text: string, secrets: readonly string[]): string =>
  secrets
    .filter((secret) => secret.length >= 6)
    .flatMap((secret) => [secret, formEncode(secret), encodeURIComponent(secret)])
    .reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), text)

/** @throws TypeError for a provider that has no OAuth: a mistake of ours */
export function declarationOf(provider: Provider): OAuth2Declaration {
  const { oauth2 } = provider.manifest.connect
  if (!oauth2) throw new TypeError(`${provider.manifest.id} does not use OAuth.`)
  return oauth2
}
