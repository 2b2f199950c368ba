import { type GrantAccess, PostMcpError, type ProviderContext, requireClient } from '@postmcp/core'
import { z } from 'zod'
import { callApi } from './api.js'
import { manifest } from './manifest.js'

/**
 * Ends a token. The engine would show the refresh token where there is one, as RFC 7009 advises; Pleroma says yes to that and
 * ends nothing, for it looks for access tokens only.
 * @see https://git.pleroma.social/pleroma/pleroma lib/pleroma/web/o_auth/token/strategy/revoke.ex (2021)
 */
export async function revoke(ctx: ProviderContext, access: GrantAccess): Promise<void> {
  const url = ctx.server?.revocationUrl
  if (url === undefined) throw new PostMcpError('internal_error', 'The instance of the grant is not known.')
  const { id, secrets } = requireClient(ctx, manifest)
  const [secret] = secrets
  const { accessToken, refreshToken } = access.tokens
  for (const token of [accessToken, ...(refreshToken === undefined ? [] : [refreshToken])]) {
    await callApi(ctx, {
      method: 'POST',
      url,
      form: { client_id: id, ...(secret !== undefined && { client_secret: secret }), token },
      secrets: [token, ...secrets],
      // `{}` on Mastodon, nothing at all on others.
      answer: z.unknown(),
    })
  }
}
