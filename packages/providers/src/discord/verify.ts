import type { GrantAccess, ProviderContext, TargetAccess, Verification } from '@postmcp/core'
import { callDiscord, DiscordError } from './api.js'
import { settingsOf } from './grant-settings.js'
import { channelAnswer, readBotMember, readGuild } from './guild.js'
import { missingPermissions, permissionsIn } from './permissions.js'
import { takesMessages, toTarget } from './profile.js'
import { verifyWebhook } from './webhook.js'

/** How the bot is in the server, then in the channel. The token of the person says nothing about either and is not used. */
export async function verify(
  ctx: ProviderContext,
  access: GrantAccess,
  target: TargetAccess,
): Promise<Verification> {
  const { webhookToken } = target.secrets
  if (webhookToken !== undefined) return verifyWebhook(ctx, target, webhookToken)
  const { guildId, botUserId } = settingsOf(access)
  const guild = await readGuild(ctx, guildId)
  const bot = await readBotMember(ctx, guildId, botUserId)
  const channel = await readChannel(ctx, target.targetId)
  // The bot is in the servers of all workspaces, and each workspace may use only the one it has proven.
  if (channel?.guild_id !== guildId) {
    return {
      status: 'missing_permission',
      reason: 'target_not_granted',
      platformCode: channel ? null : '50001',
      missingScopes: channel ? [] : ['VIEW_CHANNEL'],
    }
  }
  const { targetId: _, ...shown } = toTarget(ctx, guild, channel)
  if (!takesMessages(channel)) {
    return {
      target: shown,
      status: 'verification_failed',
      reason: 'target_not_granted',
      platformCode: null,
    }
  }
  const missing = missingPermissions(permissionsIn(guild, bot, channel.permission_overwrites ?? []))
  if (missing.length === 0) return { target: shown, status: 'active', reason: null, platformCode: null }
  return {
    target: shown,
    status: 'missing_permission',
    reason: 'scope_missing',
    platformCode: null,
    missingScopes: missing,
  }
}

/** The channel; null when the bot cannot see it. */
async function readChannel(ctx: ProviderContext, channelId: string) {
  try {
    return await callDiscord(ctx, {
      method: 'GET',
      path: `/channels/${channelId}`,
      subject: 'channel',
      answer: channelAnswer,
    })
  } catch (error) {
    if (error instanceof DiscordError && error.platformCode === '50001') return null
    throw error
  }
}
