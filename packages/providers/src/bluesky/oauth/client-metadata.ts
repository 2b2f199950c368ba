import { type JsonObject, PostMcpError, type ProviderContext } from '@postmcp/core'
import { manifest } from '../manifest.js'
import { scopesToDeclare } from './scopes.js'
import { signingKeysOf, toPublicKey } from './signing-keys.js'

/** How we describe ourselves to an authorization server. */
export interface ClientMetadata {
  client_id: string
  client_name: string
  client_uri?: string
  application_type: 'web' | 'native'
  grant_types: ['authorization_code', 'refresh_token']
  response_types: ['code']
  redirect_uris: [string]
  scope: string
  dpop_bound_access_tokens: true
  token_endpoint_auth_method: 'none' | 'private_key_jwt'
  token_endpoint_auth_signing_alg?: 'ES256'
  jwks_uri?: string
}

const common = {
  client_name: 'PostMCP',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  dpop_bound_access_tokens: true,
} satisfies Partial<ClientMetadata>

const loopbackClient = 'http://localhost'

/**
 * The documents by which a server knows us, where the world reaches us by https; a client on this machine needs none.
 * @see https://atproto.com/specs/oauth#clients (2026-11-22)
 */
export async function clientDocuments(ctx: ProviderContext): Promise<Record<string, JsonObject>> {
  if (isLoopback(ctx.publicUrl)) return {}
  const keys = signingKeysOf(ctx)
  const metadata: JsonObject = { ...describePublicClient(ctx) }
  return {
    'client-metadata.json': metadata,
    ...(keys.length > 0 && { 'jwks.json': { keys: keys.map(toPublicKey) } }),
  }
}

/**
 * The client to authorize with: the document that we serve, or the client that needs none, for installations on this machine.
 * @throws PostMcpError `public_url_required`, `redirect_uri_not_allowed`
 */
export function clientFor(ctx: ProviderContext, redirectUri: string): ClientMetadata {
  const metadata = isLoopback(ctx.publicUrl)
    ? describeLoopbackClient(loopbackIdOf(redirectUri), redirectUri)
    : describePublicClient(ctx)
  if (metadata.redirect_uris[0] === redirectUri) return metadata
  throw new PostMcpError(
    'redirect_uri_not_allowed',
    `Bluesky sends people back to ${metadata.redirect_uris[0]} only.`,
    { platform: 'bluesky' },
  )
}

/**
 * The client with which a grant was obtained; its tokens are of no use to any other.
 * @param signingKey the key that its session is bound to; null for a public client
 * @throws PostMcpError `config_invalid` when we are not that client any more, or have not that key
 */
export function clientOfGrant(
  ctx: ProviderContext,
  clientId: string,
  signingKey: string | null,
): ClientMetadata {
  if (signingKey !== null && !signingKeysOf(ctx).some(({ kid }) => kid === signingKey)) {
    throw new PostMcpError(
      'config_invalid',
      `This account was connected with the signing key ${signingKey.slice(0, 60)}, which is not configured any more.`,
      {
        platform: 'bluesky',
        nextAction: 'Configure that key again beside the new one, or reconnect the account.',
      },
    )
  }
  if (clientId.startsWith(`${loopbackClient}?`)) {
    const redirectUri = new URL(clientId).searchParams.get('redirect_uri') ?? ''
    return describeLoopbackClient(clientId, redirectUri)
  }
  if (!isLoopback(ctx.publicUrl)) {
    const metadata = describePublicClient(ctx)
    if (metadata.client_id === clientId) return metadata
  }
  throw new PostMcpError(
    'config_invalid',
    `This account was connected as ${clientId}, and this installation is reached at ${ctx.publicUrl} now.`,
    { platform: 'bluesky', nextAction: 'Set POSTMCP_PUBLIC_URL to what it was, or reconnect the account.' },
  )
}

function describePublicClient(ctx: ProviderContext): ClientMetadata {
  const { publicUrl } = ctx
  const { protocol, port } = new URL(publicUrl)
  // The address of a client's document may name no port.
  if (protocol !== 'https:' || port !== '') {
    throw new PostMcpError(
      'public_url_required',
      `Bluesky has to read a document of ours, and cannot at ${publicUrl}: that takes https and the usual port.`,
      { platform: 'bluesky' },
    )
  }
  const isConfidential = signingKeysOf(ctx).length > 0
  return {
    ...common,
    client_id: `${publicUrl}/oauth/bluesky/client-metadata.json`,
    client_uri: publicUrl,
    application_type: 'web',
    redirect_uris: [`${publicUrl}/accounts/oauth/callback`],
    scope: declaredScope,
    ...(isConfidential
      ? {
          token_endpoint_auth_method: 'private_key_jwt',
          token_endpoint_auth_signing_alg: 'ES256',
          jwks_uri: `${publicUrl}/oauth/bluesky/jwks.json`,
        }
      : { token_endpoint_auth_method: 'none' }),
  }
}

/** A client that is described by its own id, for use on this machine only. */
function describeLoopbackClient(clientId: string, redirectUri: string): ClientMetadata {
  const { protocol, hostname } = URL.canParse(redirectUri)
    ? new URL(redirectUri)
    : { protocol: '', hostname: '' }
  // By address: a name may lead elsewhere.
  if (protocol !== 'http:' || !['127.0.0.1', '[::1]'].includes(hostname)) {
    throw new PostMcpError(
      'redirect_uri_not_allowed',
      'From an installation on this machine, Bluesky sends people back to http://127.0.0.1 or http://[::1] only.',
      { platform: 'bluesky' },
    )
  }
  return {
    ...common,
    client_id: clientId,
    application_type: 'native',
    redirect_uris: [redirectUri],
    scope: new URL(clientId).searchParams.get('scope') ?? declaredScope,
    token_endpoint_auth_method: 'none',
  }
}

const declaredScope = scopesToDeclare(
  manifest.scopes
    .filter((scope) => scope.method === 'oauth2' && scope.need !== 'never_asked')
    .map(({ name }) => name),
)

const loopbackIdOf = (redirectUri: string): string =>
  `${loopbackClient}?${new URLSearchParams({ redirect_uri: redirectUri, scope: declaredScope })}`

const isLoopback = (url: string): boolean =>
  ['127.0.0.1', '[::1]', 'localhost'].includes(new URL(url).hostname)
