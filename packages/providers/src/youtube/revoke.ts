import {
  type GrantAccess,
  MalformedResponseError,
  PlatformError,
  type ProviderContext,
  readTokenError,
  retryAfter,
} from '@postmcp/core'
import { endpoint } from './api.js'

/**
 * Ends all that this Google identity granted us, every token of it.
 * @see https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke (2026-11-22)
 */
export async function revoke(ctx: ProviderContext, { tokens }: GrantAccess): Promise<void> {
  const token = tokens.refreshToken ?? tokens.accessToken
  const { status, json, text, headers } = await ctx.http.request({
    method: 'POST',
    url: `${endpoint(ctx, 'oauth')}/revoke`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token }).toString(),
  })
  const told = readTokenError(json)
  // A dead token is what was wanted.
  if (told?.platformCode === 'invalid_token') return
  if (status === 200 && (text === '' || json !== undefined)) return
  if (status < 400) throw new MalformedResponseError(`Google answered ${status} to a revocation.`)
  throw new PlatformError({
    status,
    platformCode: told?.platformCode ?? null,
    message: `Google did not end the access; it answered with status ${status}.`,
    retryAfter: retryAfter(headers, ctx.clock.now()),
  })
}
