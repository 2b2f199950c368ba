import { type CoreContext, providerContext } from '../core-context.js'
import { type Account, type Health, healthy } from '../model/account.js'
import { isPostMcpError, PostMcpError } from '../model/errors.js'
import type { AccountId, PostId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import { readHookFailure } from '../provider/hook-failure.js'
import type { Provider } from '../provider/provider.js'
import { openGrant } from '../refresh/use-grant.js'

/** What became of our access at the platform. */
export interface Revocation {
  /**
   * `revoked`: ended there. `kept_in_use`: other accounts live on the same authorization. `not_supported`: the platform has no way.
   * `failed`: it could not be ended there; here it is gone all the same. `nothing_to_revoke`: there was none.
   */
  outcome: 'revoked' | 'kept_in_use' | 'not_supported' | 'failed' | 'nothing_to_revoke'
  /** In words, with what remains at the platform and how to remove it. */
  message: string
}

export interface Disconnected {
  account: Account
  revocation: Revocation
  /** Posts that waited for the account and were cancelled. */
  cancelledPosts: PostId[]
}

/**
 * Lets go of an account: ends our access at the platform as far as that concerns only this account, destroys what was sealed,
 * cancels what waits. May be repeated. The account's row and posts stay.
 * @throws PostMcpError `not_found`
 */
export async function disconnectAccount(
  core: CoreContext,
  scope: Scope,
  id: AccountId,
): Promise<Disconnected> {
  const account = await core.store.accounts.get(scope.workspaceId, id)
  if (!account) throw new PostMcpError('not_found', `There is no account ${id}.`)
  const provider = core.providers.get(account.platform)
  const revocation = await revoke(core, provider, account)
  const now = core.clock.now()
  const health: Health = {
    ...healthy('user'),
    status: 'disconnected',
    reason: 'disconnected_by_user',
    since: account.health.status === 'disconnected' ? account.health.since : now,
  }
  const cancelledPosts = await core.store.transaction(async (tx) => {
    await tx.workspaces.lock(scope.workspaceId)
    const { grantId } = (await tx.accounts.get(scope.workspaceId, id)) ?? account
    const cancelled = await tx.posts.cancelWaiting(scope.workspaceId, id, {
      code: 'post_cancelled',
      message: `@${account.handle} was disconnected before this was published.`,
      nextAction: 'Connect the account again and create the post anew.',
      at: now,
    })
    if (!grantId) return cancelled
    await tx.accounts.attach(scope.workspaceId, id, null, health)
    await tx.accounts.addHistory(scope.workspaceId, id, health)
    if ((await tx.accounts.listByGrant(scope.workspaceId, grantId)).length === 0) {
      const grant = await tx.grants.get(scope.workspaceId, grantId)
      if (grant) await tx.grants.replaceAuthorization(scope.workspaceId, grantId, { ...grant, health })
      await tx.credentials.deleteAllOf(scope.workspaceId, 'grant', grantId)
    }
    await tx.credentials.deleteAllOf(scope.workspaceId, 'account', id)
    await tx.audit.add(
      {
        ...scope,
        action: 'account.disconnected',
        subjectId: id,
        details: { revocation: revocation.outcome },
      },
      now,
    )
    await tx.events.add(
      scope.workspaceId,
      'account.disconnected',
      { accountId: id, platform: account.platform },
      now,
    )
    return cancelled
  })
  return { account: { ...account, grantId: null, health }, revocation, cancelledPosts }
}

async function revoke(core: CoreContext, provider: Provider, account: Account): Promise<Revocation> {
  const { name, tokens } = provider.manifest
  if (!account.grantId) return { outcome: 'nothing_to_revoke', message: 'The account was not connected.' }
  const others = (await core.store.accounts.listByGrant(account.workspaceId, account.grantId)).filter(
    ({ id }) => id !== account.id,
  )
  if (others.length > 0) {
    return {
      outcome: 'kept_in_use',
      message: `The authorization stays: ${others.length} other accounts use it.`,
    }
  }
  const remains = tokens.remainsAfterRevocation ? ` ${tokens.remainsAfterRevocation}` : ''
  if (!provider.revoke)
    return { outcome: 'not_supported', message: `${name} has no way to end it from here.${remains}` }
  try {
    const { access } = await openGrant(core, account.workspaceId, account.grantId)
    await provider.revoke(providerContext(core, provider), access)
    return { outcome: 'revoked', message: `Our access at ${name} was ended.${remains}` }
  } catch (error) {
    if (isPostMcpError(error, 'database_unavailable')) throw error
    const { code } = readHookFailure(provider, error, 'revoke').error
    return {
      outcome: 'failed',
      message: `Our access at ${name} could not be ended there (${code}); here it is destroyed.${remains}`,
    }
  }
}
