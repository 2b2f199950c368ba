import type { GrantAccess, ProviderContext, TokenSet } from '@postmcp/core'
import { extendToken } from '../meta/long-lived.js'
import { readProfile } from './profile.js'

/** Sixty more days for the access token, which takes no secret. */
export const refresh = (ctx: ProviderContext, access: GrantAccess): Promise<TokenSet> =>
  extendToken(ctx, access, {
    address: `${ctx.endpoints.graph}/refresh_access_token`,
    grantType: 'ig_refresh_token',
    prove: () => readProfile(ctx, access.tokens.accessToken),
  })
