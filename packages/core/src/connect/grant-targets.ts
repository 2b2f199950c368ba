import type { CoreContext } from '../core-context.js'
import type { Account } from '../model/account.js'
import { isPostMcpError, PostMcpError } from '../model/errors.js'
import type { GrantId, WorkspaceId } from '../model/ids.js'
import { providerContext } from '../oauth/provider-context.js'
import { readHookFailure } from '../provider/hook-failure.js'
import type { Provider, Target } from '../provider/provider.js'
import type { TokenNeed } from '../refresh/refresh-policy.js'
import { isLost, type OpenGrant, useGrant } from '../refresh/use-grant.js'
import { asCheckFailure, asFinal, storeFailure } from '../refresh/verify-account.js'

/** What a grant can feed, as the platform says now. */
export interface GrantTargets {
  open: OpenGrant
  targets: Target[]
}

/**
 * Asks the platform what a grant can feed, with the grant's own tokens and by its own rules of refresh.
 * @returns null when only a new consent helps: it has ended, or its tokens are gone
 * @throws PostMcpError `platform_unavailable`, `rate_limited`, `platform_response_invalid`, `config_invalid`
 */
export async function listGrantTargets(
  core: CoreContext,
  workspaceId: WorkspaceId,
  grantId: GrantId,
): Promise<GrantTargets | null> {
  const [account] = await core.store.accounts.listByGrant(workspaceId, grantId)
  if (!account) return null
  let open = await usableGrant(core, workspaceId, grantId)
  for (let again = true; open; again = false) {
    const provider = core.providers.get(open.grant.platform, open.grant.way)
    try {
      const ctx = await providerContext(core, provider, { workspaceId, client: open.grant.client })
      return { open, targets: await provider.listTargets(ctx, open.access) }
    } catch (error) {
      const failure = asFinal(readHookFailure(provider, error, 'verify'), provider, open)
      const { kind } = failure.classification
      if (kind === 'grant_lost') {
        await noteLoss(core, provider, account, open, failure)
        return null
      }
      if (kind !== 'access_token_expired' || !again) throw asCheckFailure(failure)
      const need = { kind: 'replacement' as const, refusedVersion: open.grant.version }
      open = await usableGrant(core, workspaceId, grantId, need)
    }
  }
  return null
}

async function usableGrant(
  core: CoreContext,
  workspaceId: WorkspaceId,
  grantId: GrantId,
  need?: TokenNeed,
): Promise<OpenGrant | null> {
  try {
    const open = await useGrant(core, workspaceId, grantId, need)
    return isLost(open.grant) ? null : open
  } catch (error) {
    if (isPostMcpError(error, 'account_not_publishable')) return null
    throw error
  }
}

/** Where accounts live on without the tokens of the consent, the end of these says nothing about them. */
async function noteLoss(
  core: CoreContext,
  { manifest }: Provider,
  account: Account,
  { grant }: OpenGrant,
  failure: Parameters<typeof storeFailure>[3],
): Promise<void> {
  if (manifest.tokens.neededToPublish) await storeFailure(core, account, grant, failure, 'verify')
}

/** The error of a choice that came too late: the grant ended between the list and the choice. */
export const grantGone = (platform: string): PostMcpError =>
  new PostMcpError('account_not_publishable', 'The authorization has ended meanwhile.', {
    platform,
    nextAction: 'Reconnect the account, then add again.',
  })
