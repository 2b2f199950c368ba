import type { GrantAccess, ProviderContext, TargetAccess, Verification } from '@postmcp/core'
import { chatIdOf, toTarget } from './chat.js'
import { inspectChat, type Rights } from './rights.js'
import { botOf } from './targets.js'

/**
 * Whether the token works, the chat is there, and the bot may publish in it. A group that was upgraded to a supergroup keeps its
 * old id as the identity of the account; the new one is in `settings.movedTo`, and `chatIdOf` says which one to use.
 */
export async function verify(
  ctx: ProviderContext,
  access: GrantAccess,
  account: TargetAccess,
): Promise<Verification> {
  const { chat, rights } = await inspectChat(ctx, botOf(access), chatIdOf(account))
  const { targetId: _, ...target } = toTarget(ctx, chat, account.targetId)
  return { target, ...verdictOf(rights) }
}

function verdictOf(
  rights: Rights,
): Pick<Verification, 'status' | 'reason' | 'platformCode' | 'missingScopes'> {
  switch (rights.state) {
    case 'allowed':
      return { status: 'active', reason: null, platformCode: null }
    case 'lacking':
      return {
        status: 'missing_permission',
        reason: 'scope_missing',
        platformCode: null,
        missingScopes: rights.missing,
      }
    case 'left':
      return { status: 'missing_permission', reason: 'target_not_granted', platformCode: 'left' }
    case 'kicked':
      return { status: 'revoked', reason: 'target_not_granted', platformCode: 'kicked' }
  }
}
