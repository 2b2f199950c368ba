import { Hono } from 'hono'
import type { Resource } from '../world.js'
import { requireBot } from './access.js'
import { missingAccess, unknownChannel, unknownGuild, unknownMember } from './errors.js'
import { botPermissionsIn, EVERYONE, PERMISSIONS } from './permissions.js'
import { APPLICATION, type DiscordState } from './state.js'
import { describeBot } from './users.js'
import { channelOf, channelsOf, conditionOf, guildOf, isBotIn } from './world.js'

/** Servers and channels as the bot sees them. @see https://docs.discord.com/developers/resources/guild */
export function createGuildRoutes(state: DiscordState): Hono {
  const { world, now } = state.kit
  const app = new Hono()

  /** The server, if the bot is in it. Of others there is nothing to be seen. */
  const requireGuild = (id: string): Resource => {
    const guild = world.resource(id)
    if (!guild || !isBotIn(world, id)) throw unknownGuild()
    return guild
  }

  app.get('/guilds/:id', (c) => {
    requireBot(c)
    const guild = requireGuild(c.req.param('id'))
    return c.json({ ...describePartialGuild(state, guild), ...REST_OF_A_GUILD })
  })

  app.get('/guilds/:id/roles', (c) => {
    requireBot(c)
    return c.json(describeRoles(state, requireGuild(c.req.param('id'))))
  })

  app.get('/guilds/:id/channels', (c) => {
    requireBot(c)
    const guild = requireGuild(c.req.param('id'))
    // All of them, also those the bot cannot see.
    return c.json(channelsOf(world, guild.id).map(describeChannel))
  })

  app.get('/guilds/:id/members/:userId', (c) => {
    requireBot(c)
    const guild = requireGuild(c.req.param('id'))
    if (c.req.param('userId') !== APPLICATION.id) throw unknownMember()
    const isTimedOut = conditionOf(world, guild.id) === 'bot_timed_out'
    return c.json({
      user: describeBot(),
      nick: null,
      avatar: null,
      banner: null,
      roles: [guildOf(guild).botRoleId],
      joined_at: '2026-01-01T00:00:00.000000+00:00',
      premium_since: null,
      pending: false,
      deaf: false,
      mute: false,
      flags: 0,
      communication_disabled_until: isTimedOut
        ? new Date(now().getTime() + 24 * 3600 * 1000).toISOString()
        : null,
    })
  })

  app.get('/channels/:id', (c) => {
    requireBot(c)
    const channel = world.resource(c.req.param('id'))
    if (channel?.kind !== 'channel') throw unknownChannel()
    const { guildId } = channelOf(channel)
    const canSee =
      isBotIn(world, guildId) && (permissionsOf(state, channel) & PERMISSIONS.VIEW_CHANNEL) !== 0n
    if (!canSee) throw missingAccess()
    return c.json(describeChannel(channel))
  })
  return app
}

/** What the bot may do in a channel of a server it is in. */
export function permissionsOf({ kit }: DiscordState, channel: Resource): bigint {
  const { guildId, overwrites } = channelOf(channel)
  const isTimedOut = conditionOf(kit.world, guildId) === 'bot_timed_out'
  return botPermissionsIn(
    { id: guildId, botPermissions: botPermissions(kit, guildId), isTimedOut },
    overwrites,
  )
}

function botPermissions({ world }: DiscordState['kit'], guildId: string): bigint {
  const guild = world.resource(guildId)
  if (!guild || conditionOf(world, guildId) === 'permissions_removed') return 0n
  return BigInt(guildOf(guild).botPermissions ?? '0')
}

/** A server as the token answer shows it. */
export const describePartialGuild = (state: DiscordState, guild: Resource) => ({
  id: guild.id,
  name: guild.name,
  icon: null,
  owner_id: guildOf(guild).ownerId,
  roles: describeRoles(state, guild),
})

function describeRoles({ kit }: DiscordState, guild: Resource) {
  const role = (id: string, name: string, permissions: bigint, position: number) => ({
    id,
    name,
    permissions: String(permissions),
    position,
    color: 0,
    colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
    hoist: false,
    managed: position > 0,
    mentionable: false,
    icon: null,
    unicode_emoji: null,
    flags: 0,
  })
  return [
    role(guild.id, '@everyone', EVERYONE, 0),
    role(guildOf(guild).botRoleId, APPLICATION.name, botPermissions(kit, guild.id), 1),
  ]
}

/** @see https://docs.discord.com/developers/resources/channel */
function describeChannel(channel: Resource) {
  const { guildId, type, position, overwrites } = channelOf(channel)
  return {
    id: channel.id,
    type,
    guild_id: guildId,
    name: channel.name,
    position,
    flags: 0,
    parent_id: null,
    permission_overwrites: overwrites,
    nsfw: false,
    ...(type === 0 && { topic: null, rate_limit_per_user: 0, last_message_id: null }),
  }
}

const REST_OF_A_GUILD = {
  description: null,
  home_header: null,
  splash: null,
  discovery_splash: null,
  features: [],
  banner: null,
  application_id: null,
  region: 'deprecated',
  afk_channel_id: null,
  afk_timeout: 300,
  system_channel_id: null,
  system_channel_flags: 0,
  widget_enabled: false,
  widget_channel_id: null,
  verification_level: 0,
  default_message_notifications: 0,
  mfa_level: 0,
  explicit_content_filter: 0,
  max_presences: null,
  max_members: 500_000,
  max_stage_video_channel_users: 50,
  max_video_channel_users: 25,
  vanity_url_code: null,
  premium_tier: 0,
  premium_subscription_count: 0,
  preferred_locale: 'en-US',
  rules_channel_id: null,
  safety_alerts_channel_id: null,
  public_updates_channel_id: null,
  premium_progress_bar_enabled: false,
  nsfw: false,
  nsfw_level: 0,
  emojis: [],
  stickers: [],
  incidents_data: null,
}
