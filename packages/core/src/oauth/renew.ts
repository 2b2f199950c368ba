import { PostMcpError } from '../model/errors.js'
import { type ProviderContext, requireClient } from '../provider/context.js'
import { PlatformError } from '../provider/platform-error.js'
import type { GrantAccess, Provider, RefreshedTokens } from '../provider/provider.js'
import { expandAddress } from './address.js'
import { readTokens } from './authorize.js'
import { askTokenEndpoint, declarationOf, hide, secretsOf, toClientRequest } from './token-endpoint.js'

/** A new token set: by the provider's own hook, or as RFC 6749 section 6 says. Errors are those of a hook. */
export async function renewTokens(
  ctx: ProviderContext,
  provider: Provider,
  access: GrantAccess,
  secrets: Record<string, string>,
): Promise<RefreshedTokens> {
  if (provider.refresh) return provider.refresh(ctx, access, secrets)
  const oauth2 = declarationOf(provider)
  const { refreshToken } = access.tokens
  if (refreshToken === undefined) throw new PostMcpError('internal_error', 'There is no refresh token.')
  const answer = await askTokenEndpoint(
    ctx,
    provider,
    {
      address: ctx.server?.tokenUrl ?? expandAddress(oauth2.tokenUrl ?? '', ctx.endpoints),
      client: requireClient(ctx, provider.manifest),
      parameters: { grant_type: 'refresh_token', refresh_token: refreshToken },
    },
    'refresh',
  )
  return readTokens(ctx, provider, answer)
}

/** Whether there is a way to end an authorization from here. */
export const canRevoke = (ctx: ProviderContext, provider: Provider, access: GrantAccess): boolean =>
  provider.revoke !== undefined ||
  (access.authMethod === 'oauth2' &&
    (ctx.server ? ctx.server.revocationUrl : provider.manifest.connect.oauth2?.revocationUrl) !== undefined)

/** Ends an authorization: by the provider's own hook, or as RFC 7009 says. An unknown token counts as ended. */
export async function revokeAuthorization(
  ctx: ProviderContext,
  provider: Provider,
  access: GrantAccess,
): Promise<void> {
  if (provider.revoke) return provider.revoke(ctx, access)
  const oauth2 = declarationOf(provider)
  const client = requireClient(ctx, provider.manifest)
  const address = ctx.server?.revocationUrl ?? expandAddress(oauth2.revocationUrl ?? '', ctx.endpoints)
  const token = access.tokens.refreshToken ?? access.tokens.accessToken
  const request = toClientRequest({ ...oauth2, tokenRequest: 'form' }, address, client, client.secrets[0], {
    token,
  })
  const { status, json } = await ctx.http.request(request)
  const told = provider.readTokenError?.({ status, json }) ?? null
  const secrets = secretsOf(request, [token, ...client.secrets])
  if (status >= 200 && status < 300 && !told) return
  throw new PlatformError({
    status,
    platformCode: told?.platformCode ? hide(told.platformCode, secrets).slice(0, 100) : null,
    message: hide(told?.message ?? `The revocation endpoint answered with status ${status}.`, secrets),
  })
}
