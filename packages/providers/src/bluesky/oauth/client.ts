import type {
  NodeOAuthClient,
  NodeOAuthClientOptions,
  NodeSavedSession,
  NodeSavedState,
} from '@atproto/oauth-client-node'
import type { ProviderContext } from '@postmcp/core'
import { findDocument, invalidHandle, parseIdentifier } from '../identity.js'
import type { ClientMetadata } from './client-metadata.js'
import { explain } from './explain.js'
import { createGuardedFetch, type Exchange } from './guarded-fetch.js'
import { signingKeysOf } from './signing-keys.js'

type IdentityResolver = NonNullable<NodeOAuthClientOptions['identityResolver']>

/** What the library keeps, for the length of one call: nothing of it outlives the hook but by way of its result. */
export interface Kept {
  states: Map<string, NodeSavedState>
  sessions: Map<string, NodeSavedSession>
}

/**
 * Lets the library do one thing: requests go through our guarded client, names are looked up in our way, and whatever is to be
 * kept lands in `kept`. It takes no lock: core lets nobody else use the grant meanwhile.
 * @throws errors as a hook throws them
 */
export async function withClient<T>(
  ctx: ProviderContext,
  metadata: ClientMetadata,
  kept: Kept,
  work: (client: NodeOAuthClient, exchanges: readonly Exchange[]) => Promise<T>,
): Promise<T> {
  // Loaded when it is needed: who connects with app passwords needs it never.
  const library = await import('@atproto/oauth-client-node')
  const { fetch, exchanges } = createGuardedFetch(ctx)
  const keys = signingKeysOf(ctx)
  const isConfidential = metadata.token_endpoint_auth_method === 'private_key_jwt'
  const keyset = isConfidential
    ? await Promise.all(keys.map((key) => library.JoseKey.fromJWK(key, key.kid)))
    : undefined
  const options = {
    clientMetadata: metadata as NodeOAuthClientOptions['clientMetadata'],
    ...(keyset && { keyset }),
    stateStore: storeOf(kept.states),
    sessionStore: storeOf(kept.sessions),
    identityResolver: resolverOf(ctx),
    // Which addresses may be called, and whether by http, is for our client to say.
    allowHttp: true,
    fetch,
    runtimeImplementation: {
      // The one algorithm that every server must know.
      createKey: () => library.JoseKey.generate(['ES256']),
      getRandomValues: (length) => crypto.getRandomValues(new Uint8Array(length)),
      digest: async (bytes, { name }) =>
        new Uint8Array(await crypto.subtle.digest(`SHA-${name.slice(3)}`, new Uint8Array(bytes))),
      requestLock: async (_name, locked) => locked(),
    },
  } satisfies NodeOAuthClientOptions
  try {
    return await work(new library.NodeOAuthClient(options), exchanges)
  } catch (error) {
    throw explain(ctx, error, exchanges)
  }
}

const storeOf = <T>(map: Map<string, T>) => ({
  get: (key: string) => map.get(key),
  set: (key: string, value: T) => void map.set(key, value),
  del: (key: string) => void map.delete(key),
})

const resolverOf = (ctx: ProviderContext): IdentityResolver => ({
  async resolve(name) {
    const identifier = parseIdentifier(name)
    if (identifier.kind === 'email') throw new TypeError('An e-mail address names no account here.')
    const didDoc = await findDocument(ctx, { kind: identifier.kind, text: identifier.text })
    // A handle that led here has been held against the document.
    const handle = identifier.kind === 'handle' ? identifier.text : invalidHandle
    return { did: didDoc.id, didDoc, handle } as Awaited<ReturnType<IdentityResolver['resolve']>>
  },
})
