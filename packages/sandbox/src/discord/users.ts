import { Hono } from 'hono'
import { isBot, requireBot, requirePerson, requireScope } from './access.js'
import { missingAccess, unknownGuild } from './errors.js'
import { APPLICATION, type DiscordState } from './state.js'
import { guildOf, isBotIn, removeBot } from './world.js'

/** Who asks, and in which servers the bot is. @see https://docs.discord.com/developers/resources/user */
export function createUserRoutes(state: DiscordState): Hono {
  const { world } = state.kit
  const app = new Hono()

  app.get('/users/@me', (c) => {
    if (isBot(c)) return c.json({ ...describeBot(), mfa_enabled: true, locale: 'en-US' })
    const authorized = requirePerson(state, c)
    requireScope(authorized, 'identify')
    const { id, handle, name } = authorized.person
    return c.json({ ...describeUser(id, handle, name), mfa_enabled: false, locale: 'en-US' })
  })

  app.get('/oauth2/@me', (c) => {
    const { person, grant, expiresAt } = requirePerson(state, c)
    return c.json({
      application: {
        id: APPLICATION.id,
        name: APPLICATION.name,
        icon: null,
        description: '',
        type: null,
        verify_key: '0'.repeat(64),
        flags: 0,
        flags_new: '0',
      },
      scopes: grant.scopes,
      expires: (expiresAt ?? state.kit.now()).toISOString(),
      ...(grant.scopes.includes('identify') && { user: describeUser(person.id, person.handle, person.name) }),
    })
  })

  app.get('/users/@me/guilds', (c) => {
    requireBot(c)
    const after = BigInt(c.req.query('after') ?? '0')
    const limit = Math.min(Math.max(Number(c.req.query('limit') ?? 200) || 200, 1), 200)
    const guilds = world
      .resources('guild')
      .filter(({ id }) => isBotIn(world, id) && BigInt(id) > after)
      .slice(0, limit)
    return c.json(
      guilds.map((guild) => ({
        id: guild.id,
        name: guild.name,
        icon: null,
        banner: null,
        owner: false,
        permissions: guildOf(guild).botPermissions,
        features: [],
      })),
    )
  })

  app.delete('/users/@me/guilds/:id', (c) => {
    requireBot(c)
    const id = c.req.param('id')
    if (world.resource(id)?.kind !== 'guild') throw unknownGuild()
    if (!isBotIn(world, id)) throw missingAccess()
    removeBot(world, id)
    return c.body(null, 204)
  })
  return app
}

const describeUser = (id: string, username: string, name: string) => ({
  id,
  username,
  global_name: name,
  avatar: null,
  discriminator: '0',
  public_flags: 0,
  flags: 0,
  primary_guild: null,
})

/** The one bot. */
export const describeBot = () => ({
  ...describeUser(APPLICATION.id, 'PostMCP', 'PostMCP'),
  global_name: null,
  discriminator: '0001',
  bot: true,
})
