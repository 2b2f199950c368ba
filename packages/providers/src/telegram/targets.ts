import {
  type GrantAccess,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  type Target,
} from '@postmcp/core'
import { toTarget } from './chat.js'
import { classifyError } from './errors.js'
import { explainChat } from './explain-chat.js'
import { inspectChat, type Rights, readRights } from './rights.js'
import { findChats } from './updates.js'

/** The chat that was named, or those of the bot's pending updates in which it may publish. */
export async function listTargets(ctx: ProviderContext, access: GrantAccess): Promise<Target[]> {
  const { chat } = access.settings
  return typeof chat === 'string' ? [await namedTarget(ctx, access, chat)] : findTargets(ctx, access)
}

/** How the bot of a grant asks. */
export const botOf = ({ tokens, subject }: GrantAccess) => ({ token: tokens.accessToken, botId: subject })

async function namedTarget(ctx: ProviderContext, access: GrantAccess, named: string): Promise<Target> {
  try {
    const { chat, rights, movedTo } = await inspectChat(ctx, botOf(access), named)
    refuseLacking(chat.title ?? named, rights)
    return toTarget(ctx, chat, movedTo === null ? chat.id : named)
  } catch (error) {
    throw explainChat(error, named)
  }
}

async function findTargets(ctx: ProviderContext, access: GrantAccess): Promise<Target[]> {
  const bot = botOf(access)
  const targets: Target[] = []
  for (const chat of await findChats(ctx, bot.token)) {
    const rights = await readRights(ctx, bot, chat).catch((error: unknown): Rights => {
      // It was there, and is not any more.
      const isGone =
        error instanceof PlatformError && classifyError(error, 'verify').kind === 'account_unusable'
      if (isGone) return { state: 'left' }
      throw error
    })
    if (rights.state === 'allowed') targets.push(toTarget(ctx, chat))
  }
  return targets
}

/** @throws PostMcpError `missing_permission` */
function refuseLacking(name: string, rights: Rights): void {
  if (rights.state === 'allowed') return
  const [message, nextAction] =
    rights.state === 'lacking'
      ? [
          `The bot is in ${name}, but lacks the right ${rights.missing.join(', ')}.`,
          'Give the bot this right in the chat (in a channel: administrator with "Post messages"), then connect again.',
        ]
      : [
          `The bot is not in ${name}.`,
          'Add the bot to the channel as an administrator, or to the group, then connect again.',
        ]
  throw new PostMcpError('missing_permission', message, { platform: 'telegram', nextAction })
}
