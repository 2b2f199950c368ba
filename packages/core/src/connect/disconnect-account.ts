import type { CoreContext } from '../core-context.js'
import { type Account, type Health, healthy } from '../model/account.js'
import { isPostMcpError, PostMcpError } from '../model/errors.js'
import type { AccountId, GrantId, PostId, WorkspaceId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import type { Provider } from '../provider/provider.js'
import { type TakenBack, takeBack } from '../refresh/take-back.js'
import { openGrant } from '../refresh/use-grant.js'
import { endUnusedGrant } from './end-grant.js'

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
  const used = account.grantId ? await core.store.grants.get(scope.workspaceId, account.grantId) : undefined
  const provider = core.providers.get(account.platform, used?.way)
  const revocation = await revoke(core, provider, account)
  const now = core.clock.now()
  const health: Health = {
    ...healthy('user'),
    status: 'disconnected',
    reason: 'disconnected_by_user',
    since: account.health.status === 'disconnected' ? account.health.since : now,
  }
  const box = await core.vault.unlock(scope.workspaceId)
  const { cancelledPosts, left } = await core.store.transaction(async (tx) => {
    await tx.workspaces.lock(scope.workspaceId)
    const { grantId } = (await tx.accounts.get(scope.workspaceId, id)) ?? account
    const cancelledPosts = await tx.posts.cancelWaiting(scope.workspaceId, id, {
      code: 'post_cancelled',
      message: `@${account.handle} was disconnected before this was published.`,
      nextAction: 'Connect the account again and create the post anew.',
      at: now,
    })
    if (!grantId) return { cancelledPosts, left: null }
    await tx.accounts.attach(scope.workspaceId, id, null, health)
    await tx.accounts.addHistory(scope.workspaceId, id, health)
    const left = await endUnusedGrant(tx, box, scope.workspaceId, grantId, health)
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
    return { cancelledPosts, left }
  })
  // The last two accounts of a grant may have been disconnected at once, each counting on the other.
  if (left && revocation.outcome === 'kept_in_use') {
    await takeBack(core, left.grant, left.tokens, null)
  }
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
  const taken = await takeBackOf(core, account.workspaceId, account.grantId)
  const words = {
    revoked: `Our access at ${name} was ended.`,
    kept_in_use: `The authorization at ${name} stays: ending it would end other connections of the same person.`,
    not_supported: `${name} has no way to end it from here.`,
    failed: `Our access at ${name} could not be ended there${'code' in taken ? ` (${taken.code})` : ''}; here it is destroyed.`,
  }
  return { outcome: taken.outcome, message: `${words[taken.outcome]}${remains}` }
}

async function takeBackOf(core: CoreContext, workspaceId: WorkspaceId, grantId: GrantId): Promise<TakenBack> {
  try {
    const { grant, access } = await openGrant(core, workspaceId, grantId)
    return await takeBack(core, grant, access.tokens, grantId)
  } catch (error) {
    // Secrets that cannot be opened must not keep anybody from disconnecting.
    if (!isPostMcpError(error, 'sealed_value_corrupt', 'account_not_publishable')) throw error
    return { outcome: 'failed', code: error.code }
  }
}
