import { Hono } from 'hono'
import type { PlatformKit } from '../platform.js'
import { requirePerson } from './access.js'

/** Who the token is for. @see https://developers.pinterest.com/docs/api/v5/user_account-get */
export function createAccountRoutes(kit: PlatformKit): Hono {
  const { world } = kit
  const app = new Hono()
  app.get('/v5/user_account', (c) => {
    const { person } = requirePerson(kit, c, ['user_accounts:read'])
    return c.json({
      id: person.id,
      username: person.handle,
      account_type: person.facts.accountType ?? 'PINNER',
      business_name: person.facts.businessName ?? null,
      profile_image: kit.avatarUrl(person),
      website_url: '',
      about: 'A person of the PostMCP sandbox.',
      board_count: world.resourcesOf(person.id, 'board').length,
      pin_count: world.posts({ personId: person.id }).length,
      follower_count: 0,
      following_count: 0,
      monthly_views: 0,
    })
  })
  return app
}
