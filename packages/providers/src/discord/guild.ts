import type { ProviderContext } from '@postmcp/core'
import { z } from 'zod'
import { callDiscord } from './api.js'
import type { BotMember } from './permissions.js'

/** A number of many bits, in decimal digits. */
const bits = z.string().regex(/^\d+$/)

const guildAnswer = z.object({
  id: z.string(),
  name: z.string(),
  icon: z.string().nullish(),
  roles: z.array(z.object({ id: z.string(), permissions: bits })),
})
const memberAnswer = z.object({
  roles: z.array(z.string()),
  communication_disabled_until: z.coerce.date().nullish(),
})

/** A channel, as far as we look at it. */
export const channelAnswer = z.object({
  id: z.string(),
  type: z.number(),
  guild_id: z.string().optional(),
  name: z.string().nullish(),
  position: z.number().optional(),
  permission_overwrites: z
    .array(z.object({ id: z.string(), type: z.number(), allow: bits, deny: bits }))
    .optional(),
})
export type Channel = z.infer<typeof channelAnswer>

/** A server with its roles. */
export type Guild = z.infer<typeof guildAnswer>

/** The server; asking for it also proves that the bot is in it. */
export const readGuild = (ctx: ProviderContext, guildId: string): Promise<Guild> =>
  callDiscord(ctx, { method: 'GET', path: `/guilds/${guildId}`, subject: 'guild', answer: guildAnswer })

/** The bot as a member of the server. */
export async function readBotMember(
  ctx: ProviderContext,
  guildId: string,
  userId: string,
): Promise<BotMember> {
  const member = await callDiscord(ctx, {
    method: 'GET',
    path: `/guilds/${guildId}/members/${userId}`,
    subject: 'guild',
    answer: memberAnswer,
  })
  const until = member.communication_disabled_until
  return { userId, roleIds: member.roles, isTimedOut: until ? until > ctx.clock.now() : false }
}
