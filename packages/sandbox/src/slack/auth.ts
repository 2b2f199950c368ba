import { Hono } from 'hono'
import { readCaller } from './caller.js'
import type { SlackState } from './state.js'

/** Who the token is, the workspace, and the token's end. @see https://docs.slack.dev/reference/methods/auth.test */
export function createAuthRoutes(state: SlackState): Hono {
  const { tokens, world, avatarUrl } = state.kit
  const app = new Hono()

  app.on(['GET', 'POST'], '/api/auth.test', async (c) => {
    const { team } = await readCaller(state, c)
    return c.json({
      ok: true,
      url: `https://${team.domain}.slack.com/`,
      team: team.teamName,
      user: 'postmcp',
      team_id: team.teamId,
      user_id: team.botUserId,
      bot_id: team.botId,
      is_enterprise_install: false,
    })
  })

  app.on(['GET', 'POST'], '/api/auth.revoke', async (c) => {
    const { grantId, given } = await readCaller(state, c)
    if (given.test === 'true' || given.test === '1') return c.json({ ok: true, revoked: false })
    tokens.revokeGrant(grantId)
    return c.json({ ok: true, revoked: true })
  })

  app.on(['GET', 'POST'], '/api/apps.uninstall', async (c) => {
    const { person, given } = await readCaller(state, c)
    const client = tokens.authenticateClient({
      clientId: given.client_id ?? '',
      clientSecret: given.client_secret,
    })
    tokens.revokePerson(person.id, client.id)
    return c.json({ ok: true })
  })

  app.on(['GET', 'POST'], '/api/team.info', async (c) => {
    const { team, person } = await readCaller(state, c, ['team:read'])
    const picture = avatarUrl(world.person(person.id) ?? person)
    return c.json({
      ok: true,
      team: {
        id: team.teamId,
        name: team.teamName,
        domain: team.domain,
        email_domain: '',
        icon: {
          image_34: picture,
          image_44: picture,
          image_68: picture,
          image_88: picture,
          image_102: picture,
          image_132: picture,
          image_default: true,
        },
      },
    })
  })
  return app
}
