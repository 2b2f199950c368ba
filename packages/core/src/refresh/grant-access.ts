import type { Grant, TokenSet } from '../model/grant.js'
import type { GrantAccess } from '../provider/provider.js'

/** A grant, or an authorization that is to become one, as a hook gets it. */
export const accessOf = (
  {
    authMethod,
    way,
    subject,
    grantedScopes,
    settings,
  }: Pick<Grant, 'authMethod' | 'way' | 'subject' | 'grantedScopes' | 'settings'>,
  tokens: TokenSet,
): GrantAccess => ({
  authMethod,
  ...(way !== null && { way }),
  subject,
  grantedScopes,
  settings,
  tokens,
})
