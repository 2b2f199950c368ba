import type { AuthorizeOptions, NodeSavedState } from '@atproto/oauth-client-node'
import {
  type Authorization,
  PlatformError,
  PostMcpError,
  type Provider,
  type ProviderContext,
} from '@postmcp/core'
import { parseIdentifier, parseService } from '../identity.js'
import { withClient } from './client.js'
import { clientFor, clientOfGrant } from './client-metadata.js'
import { fallbackScope } from './scopes.js'
import { toSettings, toTokens } from './session.js'

// The library describes the form of an address as a type; `clientFor` has checked it.
type RedirectUri = NonNullable<AuthorizeOptions['redirect_uri']>
type Request = Parameters<NonNullable<Provider['authorize']>>[1]

/** What has to be remembered while the person is away; one text, for it is secret as a whole. */
interface Way {
  clientId: string
  saved: NodeSavedState
}

/**
 * Finds the authorization server of the account, leaves our request there (PAR), and says where the person consents. What is
 * needed afterwards, the key of the future tokens above all, is in `flow`.
 */
export async function authorize(
  ctx: ProviderContext,
  { fields, redirectUri, scopes }: Request,
): Promise<{ authorizationUrl: string; state: string; flow: Record<string, string> }> {
  const who = parseWho(fields.identifier ?? '')
  const metadata = clientFor(ctx, redirectUri)
  const kept = { states: new Map<string, NodeSavedState>(), sessions: new Map() }
  const ask = (scope: string) => {
    kept.states.clear()
    return withClient(ctx, metadata, kept, (client) =>
      client.authorize(who, { scope, redirect_uri: redirectUri as RedirectUri }),
    )
  }
  const url = await ask(scopes.join(' ')).catch((error: unknown) => {
    // Older servers know no single rights.
    const isScope = error instanceof PlatformError && error.platformCode === 'invalid_scope'
    if (isScope) return ask(`atproto ${fallbackScope}`)
    throw error
  })
  const [[state, saved] = []] = kept.states
  if (state === undefined || saved === undefined) throw new TypeError('The library has kept no state.')
  return {
    authorizationUrl: url.href,
    state,
    flow: { way: JSON.stringify({ clientId: metadata.client_id, saved } satisfies Way) },
  }
}

/** Changes the code for tokens, once it is certain that it comes from the server we asked and that the account is that server's. */
export async function exchange(
  ctx: ProviderContext,
  callback: { parameters: URLSearchParams; flow: Record<string, string>; redirectUri: string },
): Promise<Authorization> {
  const { parameters, flow, redirectUri } = callback
  const { clientId, saved } = JSON.parse(flow.way ?? '') as Way
  const { authMethod } = saved
  const metadata = clientOfGrant(ctx, clientId, authMethod.method === 'none' ? null : authMethod.kid)
  if (parameters.get('iss') !== saved.iss) {
    throw new PostMcpError(
      'issuer_mismatch',
      'The answer does not come from the server the person was sent to; it was not used.',
      { platform: 'bluesky' },
    )
  }
  const kept = { states: new Map([[parameters.get('state') ?? '', saved]]), sessions: new Map() }
  const { did } = await withClient(ctx, metadata, kept, async (client) => {
    const { session } = await client.callback(parameters, { redirect_uri: redirectUri as RedirectUri })
    return session
  })
  const session = kept.sessions.get(did)
  const tokens = toTokens(session)
  return {
    subject: did,
    tokens,
    grantedScopes: tokens.grantedScopes ?? [],
    settings: toSettings(metadata.client_id, session),
    secrets: {},
  }
}

/** A handle, a DID, or the address of a server on which the person then says who he is. */
function parseWho(typed: string): string {
  if (/^\s*https?:\/\//i.test(typed)) return parseService(typed)
  const { kind, text } = parseIdentifier(typed)
  if (kind !== 'email') return text
  const message =
    'An e-mail address does not say where the account lives. Give its handle or DID, or the address of its server.'
  throw new PostMcpError('invalid_request', message, {
    platform: 'bluesky',
    issues: [{ code: 'malformed', severity: 'error', message, field: 'identifier' }],
  })
}
