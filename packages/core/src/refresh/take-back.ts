import type { CoreContext } from '../core-context.js'
import type { ErrorCode } from '../model/errors.js'
import type { Grant, TokenSet } from '../model/grant.js'
import type { GrantId } from '../model/ids.js'
import { providerContext } from '../oauth/provider-context.js'
import { canRevoke, revokeAuthorization } from '../oauth/renew.js'
import { readHookFailure } from '../provider/hook-failure.js'
import type { Provider } from '../provider/provider.js'
import { accessOf } from './grant-access.js'

/** What came of ending an authorization at the platform. */
export type TakenBack =
  | { outcome: 'revoked' | 'kept_in_use' | 'not_supported' }
  | { outcome: 'failed'; code: ErrorCode }

/** What of a grant, or of an authorization that never became one, it takes to end it. */
export type Endable = Pick<
  Grant,
  'workspaceId' | 'platform' | 'client' | 'authMethod' | 'way' | 'subject' | 'settings' | 'grantedScopes'
>

/** How long the platform is given; nobody's verb should hang on a courtesy. */
const seconds = 15

/**
 * Ends an authorization at the platform, so that what we do not keep does not live on there. Best effort: it never throws for
 * what the platform does. Where a revocation ends everything the person granted, it runs only if no other living grant of
 * the same person would end with it, in whatever workspace.
 * @param exceptFor the grant that is being ended, which does not count as living
 */
export async function takeBack(
  core: CoreContext,
  grant: Endable,
  tokens: TokenSet,
  exceptFor: GrantId | null,
): Promise<TakenBack> {
  const { workspaceId, platform, client, subject } = grant
  const provider = core.providers.get(platform, grant.way)
  const policy = provider.manifest.tokens
  try {
    const deadline = new Date(Date.now() + seconds * 1000)
    const ctx = await providerContext(core, provider, { workspaceId, client, deadline })
    const access = accessOf(grant, tokens)
    if (!canRevoke(ctx, provider, access)) return { outcome: 'not_supported' }
    if (
      policy.revocationScope === 'subject' &&
      (await core.store.grants.isSubjectInUse(platform, subject, client, exceptFor))
    ) {
      return { outcome: 'kept_in_use' }
    }
    await revokeAuthorization(ctx, provider, access)
    return { outcome: 'revoked' }
  } catch (error) {
    const code = codeOf(provider, error)
    core.logger.warn({ platform, code }, 'an authorization could not be ended at the platform')
    return { outcome: 'failed', code }
  }
}

function codeOf(provider: Provider, error: unknown): ErrorCode {
  try {
    return readHookFailure(provider, error, 'revoke').error.code
  } catch {
    return 'internal_error'
  }
}
