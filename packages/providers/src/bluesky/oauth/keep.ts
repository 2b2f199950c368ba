import {
  type GrantAccess,
  type JsonObject,
  PlatformError,
  type ProviderContext,
  type TokenSet,
  TransportError,
} from '@postmcp/core'
import { throwIfUnusable } from '../session.js'
import { withClient } from './client.js'
import { clientOfGrant } from './client-metadata.js'
import { explain } from './explain.js'
import type { Exchange } from './guarded-fetch.js'
import { readSettings, toSession, toSettings, toTokens } from './session.js'

/**
 * A new pair of tokens. A refresh token that is used twice ends the whole session, so a failure before it was sent says so.
 * The library looks first where the account lives now: at another server of the same authorization server the grant goes on.
 */
export async function refresh(
  ctx: ProviderContext,
  access: GrantAccess,
): Promise<TokenSet & { settings: JsonObject }> {
  const { clientId, signingKey } = readSettings(access)
  const kept = { states: new Map(), sessions: new Map([[access.subject, toSession(access)]]) }
  const renewal = withClient(
    ctx,
    clientOfGrant(ctx, clientId, signingKey),
    kept,
    async (client, exchanges) => {
      try {
        await client.restore(access.subject, true)
      } catch (error) {
        throw wasSent(exchanges) ? error : asUnsent(explain(ctx, error, exchanges))
      }
      return kept.sessions.get(access.subject)
    },
  )
  const renewed = await renewal.catch(async (error: unknown) => {
    // Of a moderated account every token is refused as if it were revoked.
    const isRefusal = error instanceof PlatformError && error.platformCode === 'invalid_grant'
    if (isRefusal) await throwIfUnusable(ctx, readSettings(access).pds, access.subject)
    throw error
  })
  if (!renewed) throw new TypeError('The library has kept no session.')
  return { ...toTokens(renewed), settings: toSettings(clientId, renewed) }
}

const wasSent = (exchanges: readonly Exchange[]): boolean =>
  exchanges.some(({ request }) => request.form.has('refresh_token'))

/** Whatever went wrong went wrong before the refresh token left. */
const asUnsent = (error: Error): Error =>
  error instanceof TransportError ? new TransportError(error.message, 'no', error.reason) : error

/** Ends the session; one that is over counts as ended. By the refresh token, for the access token may have expired. */
export async function revoke(ctx: ProviderContext, access: GrantAccess): Promise<void> {
  const { clientId, signingKey } = readSettings(access)
  const kept = { states: new Map(), sessions: new Map([[access.subject, toSession(access)]]) }
  await withClient(ctx, clientOfGrant(ctx, clientId, signingKey), kept, async (client, exchanges) => {
    const { server } = await client.restore(access.subject, false)
    await server.revoke(access.tokens.refreshToken ?? access.tokens.accessToken)
    // The library does not care whether it worked; we tell.
    const outcome = exchanges.at(-1)?.outcome
    const isDone = outcome && !(outcome instanceof TransportError) && outcome.status < 400
    if (!isDone) throw explain(ctx, undefined, exchanges)
  })
}
