import type { ProviderContext, Target, TargetAccess, Verification } from '@postmcp/core'
import { z } from 'zod'
import { callDiscord } from './api.js'
import type { GrantSettings } from './grant-settings.js'
import type { Guild } from './guild.js'
import { channelUrl, iconOf } from './profile.js'

/**
 * A webhook as a target of its own. What Discord calls its URL is made of its id and its token; the token is all that is secret
 * in it, and is what is kept.
 */
export function webhookTarget(
  ctx: ProviderContext,
  guild: Guild,
  { id, channelId, name }: NonNullable<GrantSettings['webhook']>,
  webhookToken: string,
): Target {
  return {
    targetId: id,
    handle: name,
    displayName: `${name} (${guild.name})`,
    avatarUrl: iconOf(ctx, guild),
    profileUrl: channelUrl(ctx, guild.id, channelId),
    kind: 'webhook',
    settings: { guildId: guild.id, channelId },
    secrets: { webhookToken },
  }
}

/** How a webhook is; whoever has its token may ask. */
export async function verifyWebhook(
  ctx: ProviderContext,
  { targetId, settings, secrets }: TargetAccess,
  webhookToken: string,
): Promise<Verification> {
  const { name, channel_id, guild_id } = await callDiscord(ctx, {
    method: 'GET',
    path: `/webhooks/${targetId}/${webhookToken}`,
    subject: 'webhook',
    as: 'none',
    secrets: Object.values(secrets),
    answer: z.object({
      name: z.string().nullish(),
      channel_id: z.string(),
      guild_id: z.string().optional(),
    }),
  })
  const guildId = guild_id ?? String(settings.guildId)
  return {
    target: {
      ...(name && { handle: name }),
      profileUrl: channelUrl(ctx, guildId, channel_id),
      // A webhook may be moved to another channel.
      settings: { ...settings, guildId, channelId: channel_id },
    },
    status: 'active',
    reason: null,
    platformCode: null,
  }
}
