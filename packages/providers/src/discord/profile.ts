import type { ProviderContext, Target } from '@postmcp/core'
import type { Channel, Guild } from './guild.js'

/** Types of channels that take plain messages. Forums take posts of another form; voice channels are not for publishing. */
const kinds = new Map([
  [0, 'channel'],
  [5, 'announcement_channel'],
])

/** Whether messages can be published there. */
export const takesMessages = ({ type }: Channel): boolean => kinds.has(type)

/** A channel as people see it. */
export function toTarget(
  ctx: ProviderContext,
  guild: Pick<Guild, 'id' | 'name' | 'icon'>,
  { id, name, type }: Channel,
): Target {
  return {
    targetId: id,
    handle: name ?? id,
    displayName: `#${name ?? id} (${guild.name})`,
    avatarUrl: iconOf(ctx, guild),
    profileUrl: channelUrl(ctx, guild.id, id),
    kind: kinds.get(type) ?? 'channel',
    settings: { guildId: guild.id },
  }
}

/** A picture whose name begins with `a_` moves; as PNG it stands still. */
export const iconOf = (ctx: ProviderContext, { id, icon }: Pick<Guild, 'id' | 'icon'>): string | null =>
  icon ? `${ctx.endpoints.cdn}/icons/${id}/${icon}.png` : null

/** Where people look at a channel. */
export const channelUrl = (ctx: ProviderContext, guildId: string, channelId: string): string =>
  `${ctx.endpoints.web}/channels/${guildId}/${channelId}`
