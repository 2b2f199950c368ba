import { createPrivateKey, hash, randomUUID, sign } from 'node:crypto'
import {
  type GrantAccess,
  type HttpRequest,
  type HttpResponse,
  type JsonObject,
  PostMcpError,
  type ProviderContext,
} from '@postmcp/core'

/** An access token that is of use only together with its key. */
export interface BoundToken {
  token: string
  proofKey: JsonObject
}

/** The access token of a grant, in the form in which it has to be shown. */
export const tokenOf = ({ tokens }: Pick<GrantAccess, 'tokens'>): string | BoundToken =>
  tokens.proofKey ? { token: tokens.accessToken, proofKey: tokens.proofKey } : tokens.accessToken

// One call of a hook makes several requests to the same server, which wants its newest nonce in each.
const nonces = new WeakMap<ProviderContext, Map<string, string>>()

/**
 * Sends a request with a bound token and the proof that we hold its key. A server that wants another nonce has not looked at
 * the request yet; it is sent once more, with that nonce.
 * @see https://www.rfc-editor.org/rfc/rfc9449 and https://atproto.com/specs/oauth (2026-11-22)
 */
export async function requestWithProof(
  ctx: ProviderContext,
  request: HttpRequest,
  { token, proofKey }: BoundToken,
): Promise<HttpResponse> {
  const known = nonces.get(ctx) ?? new Map<string, string>()
  nonces.set(ctx, known)
  const { origin } = new URL(request.url)
  const send = async () => {
    const proof = createProof(request, token, proofKey, known.get(origin))
    const headers = { ...request.headers, authorization: `DPoP ${token}`, dpop: proof }
    const response = await ctx.http.request({ ...request, headers })
    const nonce = response.headers.get('dpop-nonce')
    if (nonce !== null) known.set(origin, nonce)
    return response
  }
  const response = await send()
  return wantsNonce(response) ? send() : response
}

const wantsNonce = ({ status, headers }: HttpResponse): boolean =>
  status === 401 &&
  headers.has('dpop-nonce') &&
  /^DPoP .*error="use_dpop_nonce"/i.test(headers.get('www-authenticate') ?? '')

function createProof(
  { method, url }: HttpRequest,
  token: string,
  proofKey: JsonObject,
  nonce: string | undefined,
): string {
  const { kty, crv, x, y } = proofKey
  const { origin, pathname } = new URL(url)
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } }
  const claims = {
    jti: randomUUID(),
    htm: method,
    htu: origin + pathname,
    // Held against the server's clock, so it is the machine's.
    iat: Math.floor(Date.now() / 1000),
    ath: hash('sha256', token, 'base64url'),
    ...(nonce !== undefined && { nonce }),
  }
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const key = { key: importKey(proofKey), dsaEncoding: 'ieee-p1363' as const }
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`
}

function importKey(jwk: JsonObject) {
  try {
    return createPrivateKey({ key: jwk, format: 'jwk' })
  } catch {
    throw new PostMcpError('sealed_value_corrupt', 'The key of the stored tokens cannot be read.')
  }
}
