import type { Person, Resource, World } from '../world.js'
import { bitsOf, type PermissionName } from './permissions.js'

/** What Discord knows of a server. */
export interface GuildFacts {
  ownerId: string
  /** Role that the bot brought with it. */
  botRoleId: string
  /** What was allowed when the bot was invited, in decimal digits; null: it is not in the server. */
  botPermissions: string | null
}

/** What Discord knows of a channel. */
export interface ChannelFacts {
  guildId: string
  /** 0 text, 2 voice, 4 category, 5 announcement, 15 forum. */
  type: number
  position: number
  overwrites: readonly { id: string; type: 0 | 1; allow: string; deny: string }[]
}

/** Ways in which the owner of a server may see the bot. */
export const CONDITIONS = ['bot_kicked', 'permissions_removed', 'bot_timed_out'] as const

/** A server without channels. */
export const addGuild = (world: World, { name, owner }: { name: string; owner: Person }): Resource => {
  const facts: GuildFacts = { ownerId: owner.id, botRoleId: world.snowflake(), botPermissions: null }
  return world.addResource({ kind: 'guild', name, ownerIds: [owner.id], facts: { ...facts } })
}

/** A channel, of text where nothing else is said. */
export function addChannel(
  world: World,
  guild: Resource,
  channel: { name: string; type?: number; everyoneMayNot?: readonly PermissionName[] },
): Resource {
  const { name, type = 0, everyoneMayNot = [] } = channel
  const facts: ChannelFacts = {
    guildId: guild.id,
    type,
    position: channelsOf(world, guild.id).length,
    // The role of everyone has the id of the server.
    overwrites:
      everyoneMayNot.length === 0
        ? []
        : [{ id: guild.id, type: 0, allow: '0', deny: String(bitsOf(everyoneMayNot)) }],
  }
  return world.addResource({ kind: 'channel', name, ownerIds: guild.ownerIds, facts: { ...facts } })
}

/** What is known of a server. */
export const guildOf = (resource: Resource): GuildFacts => resource.facts as unknown as GuildFacts

/** What is known of a channel. */
export const channelOf = (resource: Resource): ChannelFacts => resource.facts as unknown as ChannelFacts

/** The channels of a server, in the order people see them. */
export const channelsOf = (world: World, guildId: string): Resource[] =>
  world.resources('channel').filter((one) => channelOf(one).guildId === guildId)

/** The owner invites the bot with these permissions; what they had against it before is forgiven. */
export function inviteBot(world: World, guildId: string, botPermissions: string): void {
  changeGuild(world, guildId, { botPermissions })
  const owner = world.person(ownerOf(world, guildId))
  if (owner && (CONDITIONS as readonly string[]).includes(owner.condition))
    world.setCondition(owner.id, 'active')
}

/** The bot leaves, or is removed. */
export const removeBot = (world: World, guildId: string): void =>
  changeGuild(world, guildId, { botPermissions: null })

/** Whether the bot is in a server. */
export function isBotIn(world: World, guildId: string): boolean {
  const guild = world.resource(guildId)
  if (guild?.kind !== 'guild' || guildOf(guild).botPermissions === null) return false
  return conditionOf(world, guildId) !== 'bot_kicked'
}

/** How the owner of a server sees the bot. */
export const conditionOf = (world: World, guildId: string): string =>
  world.person(ownerOf(world, guildId))?.condition ?? 'active'

function ownerOf(world: World, guildId: string): string {
  const guild = world.resource(guildId)
  return guild ? guildOf(guild).ownerId : ''
}

function changeGuild(world: World, guildId: string, change: Partial<GuildFacts>): void {
  const guild = world.resource(guildId)
  if (guild) world.addResource({ ...guild, facts: { ...guild.facts, ...change } })
}
