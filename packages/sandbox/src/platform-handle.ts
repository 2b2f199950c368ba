import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import { BadDays, meetBadDays } from './bad-days.js'
import { createConsent } from './consent.js'
import { createPictures } from './pictures.js'
import type { PlatformKit, SandboxPlatform } from './platform.js'
import type { Random } from './random.js'
import type { SandboxClock } from './sandbox-clock.js'
import { TokenService } from './token-service.js'
import { World } from './world.js'

/** A simulated platform that can be reached, looked at and disturbed. */
export interface PlatformHandle {
  id: string
  name: string
  /** Without a trailing slash. Throws before the server listens. */
  readonly base: string
  /** Absolute addresses by the names of the manifest's endpoints. */
  readonly endpoints: Record<string, string>
  /** What an operator configures; null where there is nothing. */
  app: Record<string, string> | null
  platform: SandboxPlatform
  kit: PlatformKit
  world: World
  tokens: TokenService
  badDays: BadDays
  clock: SandboxClock
  /** What this person types to connect; default: the first person. */
  connectFields(personId?: string): Record<string, string>
  /** The platform's own paths, consent pages and pictures included; to be mounted at the path of its base. */
  routes: Hono
}

/** Brings a platform to life. */
export function createPlatformHandle(
  platform: SandboxPlatform,
  options: { base(): string; random: Random; clock: SandboxClock; redirectUris: readonly string[] },
): PlatformHandle {
  const { base, clock, redirectUris } = options
  const random = options.random.fork(platform.id)
  const now = () => clock.now()
  const world = new World(random.fork('world'), now)
  const tokens = new TokenService(platform.tokens, random.fork('tokens'), now)
  const badDays = new BadDays()
  const consent = createConsent({
    platformName: platform.name,
    base,
    world,
    random: random.fork('consent'),
    clock,
  })
  const kit: PlatformKit = {
    id: platform.id,
    base,
    world,
    tokens,
    consent,
    badDays,
    random: random.fork('platform'),
    redirectUris,
    now,
    avatarUrl: ({ id }) => `${base()}/_sandbox/avatar/${encodeURIComponent(id)}`,
    mediaUrl: (id) => `${base()}/_sandbox/media/${encodeURIComponent(id)}`,
  }

  platform.seed(world)
  const { clientId, clientSecret } = platform.app ?? {}
  if (clientId !== undefined) {
    const secrets = clientSecret === undefined ? [] : [clientSecret]
    tokens.registerClient({ id: clientId, name: 'PostMCP', secrets, redirectUris })
  }

  /** Null for what has no bad days. */
  const pathOf = (url: URL) => {
    const path = url.pathname.slice(new URL(base()).pathname.replace(/\/$/, '').length)
    const isSpared = ['/_consent/', '/_sandbox', ...platform.browserPaths].some((one) => path.startsWith(one))
    return isSpared ? null : path
  }
  const routes = new Hono<{ Bindings: Partial<HttpBindings> }>()
  routes.use(async (c, next) => {
    await next()
    c.res.headers.set('date', now().toUTCString())
  })
  routes.use(meetBadDays(badDays, platform.errors(kit), pathOf))
  routes.route('/', consent.routes)
  routes.route('/', createPictures(world))
  routes.route('/', platform.routes(kit))

  return {
    id: platform.id,
    name: platform.name,
    get base() {
      return base()
    },
    get endpoints() {
      return Object.fromEntries(
        Object.entries(platform.endpoints).map(([name, path]) => [name, `${base()}${path}`]),
      )
    },
    app: platform.app,
    platform,
    kit,
    world,
    tokens,
    badDays,
    clock,
    connectFields: (personId) => platform.connectFields(kit, personId ?? world.people()[0]?.id ?? ''),
    routes: routes as unknown as Hono,
  }
}
