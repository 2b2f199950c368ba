import type { GrantAccess, ProviderContext, Target } from '@postmcp/core'
import { z } from 'zod'
import { callDiscord } from './api.js'
import { settingsOf } from './grant-settings.js'
import { channelAnswer, readBotMember, readGuild } from './guild.js'
import { missingPermissions, permissionsIn } from './permissions.js'
import { takesMessages, toTarget } from './profile.js'
import { webhookTarget } from './webhook.js'

/**
 * The channels of the server to which the bot may publish, in the order people see them, then the webhook if there is one.
 * Discord lists all channels, also those the bot cannot even see.
 */
export async function listTargets(ctx: ProviderContext, access: GrantAccess): Promise<Target[]> {
  const settings = settingsOf(access)
  const { guildId, botUserId, webhook } = settings
  const guild = await readGuild(ctx, guildId)
  const bot = await readBotMember(ctx, guildId, botUserId)
  const channels = await callDiscord(ctx, {
    method: 'GET',
    path: `/guilds/${guildId}/channels`,
    subject: 'guild',
    answer: z.array(channelAnswer),
  })
  const writable = channels
    .filter(takesMessages)
    .filter(
      (one) => missingPermissions(permissionsIn(guild, bot, one.permission_overwrites ?? [])).length === 0,
    )
    .sort((one, other) => (one.position ?? 0) - (other.position ?? 0))
    .map((channel) => toTarget(ctx, guild, channel))
  return webhook ? [...writable, webhookTarget(ctx, guild, webhook, access.tokens.accessToken)] : writable
}
