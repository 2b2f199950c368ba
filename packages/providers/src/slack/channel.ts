import { type GrantAccess, PostMcpError, type ProviderContext, type TargetAccess } from '@postmcp/core'
import { z } from 'zod'
import { callSlack } from './api.js'
import { type Channel, channelAnswer } from './profile.js'

/** How a channel is now. */
export async function readChannel(
  ctx: ProviderContext,
  { tokens }: GrantAccess,
  { targetId }: TargetAccess,
): Promise<Channel> {
  const { data } = await callSlack(ctx, {
    method: 'conversations.info',
    token: tokens.accessToken,
    query: { channel: targetId },
    answer: z.object({ channel: channelAnswer }),
  })
  return data.channel
}

/**
 * Sees to it that the bot is in a channel as far as it can; people see it join.
 * @returns false where somebody has to invite it
 */
export async function enterChannel(
  ctx: ProviderContext,
  { tokens, grantedScopes }: GrantAccess,
  { id, is_member, is_private }: Channel,
): Promise<boolean> {
  if (is_member === true) return true
  if (is_private || !grantedScopes.includes('channels:join')) return false
  await callSlack(ctx, {
    method: 'conversations.join',
    token: tokens.accessToken,
    form: { channel: id },
    answer: z.object({ channel: channelAnswer }),
  })
  return true
}

/**
 * Sees to it that the bot is in the channel, for Slack takes files from members only. A public channel is joined.
 * @throws PostMcpError `missing_permission` where somebody has to invite the bot
 */
export async function joinChannel(
  ctx: ProviderContext,
  access: GrantAccess,
  account: TargetAccess,
): Promise<void> {
  if (await enterChannel(ctx, access, await readChannel(ctx, access, account))) return
  throw new PostMcpError(
    'missing_permission',
    `The app is not in #${account.handle}, and Slack takes files from members only.`,
    {
      platform: 'slack',
      nextAction: `Type "/invite @" and the name of the app in #${account.handle}, then retry the post.`,
    },
  )
}
