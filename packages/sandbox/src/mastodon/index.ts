import { Hono } from 'hono'
import type { SandboxPlatform } from '../platform.js'
import { CONDITIONS, requirePerson } from './access.js'
import { describeOwnAccount } from './account-entity.js'
import { createAppRoutes } from './apps.js'
import { answerError, createErrors } from './errors.js'
import { createInstanceRoutes } from './instance-routes.js'
import { createMediaRoutes } from './media.js'
import { createOAuthRoutes } from './oauth.js'
import { limitRequests } from './rate-limits.js'
import { createInstance } from './server.js'
import { createStatusRoutes } from './statuses.js'
import { type MastodonVariant, VARIANTS } from './variants.js'

export type { MastodonVariant } from './variants.js'

/**
 * A Mastodon instance, or one of the servers that speak its API.
 *
 * @param options.variant default: `mastodon`, of version 4.6
 * @param options.id default: `mastodon`; another one where several instances stand beside each other
 */
export function createMastodon(options: { variant?: MastodonVariant; id?: string } = {}): SandboxPlatform {
  const { variant = 'mastodon', id = 'mastodon' } = options
  const facts = VARIANTS[variant]
  return {
    id,
    name: variant === 'mastodon' ? 'Mastodon' : `Mastodon (${variant})`,
    ownOrigin: true,
    endpoints: {},
    browserPaths: ['/oauth/authorize'],
    consentPaths: ['/oauth/authorize'],
    app: null,
    tokens: facts.tokens,
    conditions: CONDITIONS,
    connectFields: (kit) => ({ instance: kit.base() }),
    seed(world) {
      world.addPerson({ name: 'Ada Sandbox', handle: 'ada' })
      world.addPerson({ name: 'Ben Sandbox', handle: 'ben' })
    },
    errors: createErrors,
    routes(kit) {
      const instance = createInstance(kit, facts)
      const app = new Hono()
      app.onError(answerError)
      app.use('/api/*', limitRequests(instance))
      app.route('/', createInstanceRoutes(instance))
      app.route('/', createAppRoutes(instance))
      app.route('/', createOAuthRoutes(instance))
      app.route('/', createMediaRoutes(instance))
      app.route('/', createStatusRoutes(instance))
      app.get('/api/v1/accounts/verify_credentials', (c) => {
        const { person } = requirePerson(instance, c, ['profile', 'read', 'read:accounts'])
        return c.json(describeOwnAccount(instance, person))
      })
      // Not `notFound`: that of a part of an app is not asked.
      app.all('*', (c) => c.json({ error: 'Not Found' }, 404))
      return app
    },
  }
}
