import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import { BadDays, meetBadDays } from './bad-days.js'
import { Callbacks, type OutgoingCall } from './callbacks.js'
import { createConsent } from './consent.js'
import { createPictures } from './pictures.js'
import type { PlatformKit, SandboxPlatform } from './platform.js'
import type { Random } from './random.js'
import type { SandboxClock } from './sandbox-clock.js'
import { type Client, TokenService } from './token-service.js'
import { type Person, World } from './world.js'

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
  /** The same for further ways, by their ids. */
  furtherApps: Record<string, Record<string, string>>
  platform: SandboxPlatform
  kit: PlatformKit
  world: World
  tokens: TokenService
  badDays: BadDays
  clock: SandboxClock
  /** What it told applications by calling them; null where it calls nobody. */
  callbacks: Callbacks | null
  /** The person takes away our access, as on the platform's own pages; applications are told where the platform does that. */
  removeAccess(personId: string): void
  /** The person wants everything deleted; applications are told where the platform does that. */
  wantDeletion(personId: string): void
  /** What this person types to connect; default: the first person. */
  connectFields(personId?: string): Record<string, string>
  /** The platform's own paths, consent pages and pictures included; to be mounted at the path of its base. */
  routes: Hono
}

/** What a platform is brought to life with. */
interface Surroundings {
  base(): string
  /** Where people and what they own come from. */
  random: Random
  /** Where tokens, codes and pages come from. */
  secret: Random
  clock: SandboxClock
  redirectUris: readonly string[]
  /** The callback address that our application has configured there; null: none. */
  callbackUrl(): string | null
  reach(address: string): string
}

/** Brings a platform to life. */
export function createPlatformHandle(platform: SandboxPlatform, options: Surroundings): PlatformHandle {
  const { base, clock, redirectUris, reach } = options
  const secret = options.secret.fork(platform.id)
  const now = () => clock.now()
  const world = new World(options.random.fork(platform.id).fork('world'), now)
  const tokens = new TokenService(platform.tokens, secret.fork('tokens'), now)
  const badDays = new BadDays()
  const consent = createConsent({
    platformName: platform.name,
    base,
    world,
    random: secret.fork('consent'),
    clock,
  })
  const kit: PlatformKit = {
    id: platform.id,
    base,
    world,
    tokens,
    consent,
    badDays,
    random: secret.fork('platform'),
    redirectUris,
    reach,
    now,
    avatarUrl: ({ id }) => `${base()}/_sandbox/avatar/${encodeURIComponent(id)}`,
    mediaUrl: (id) => `${base()}/_sandbox/media/${encodeURIComponent(id)}`,
  }

  platform.seed(world)
  const furtherApps = platform.furtherApps ?? {}
  /** What stands behind our callback address for the application of a way, by its client id. */
  const ours = new Map<string, string>()
  for (const [way, app] of [['', platform.app ?? {}] as const, ...Object.entries(furtherApps)]) {
    const { clientId, clientSecret } = app
    if (clientId === undefined) continue
    const secrets = clientSecret === undefined ? [] : [clientSecret]
    tokens.registerClient({ id: clientId, name: 'PostMCP', secrets, redirectUris })
    ours.set(clientId, way === '' ? '' : `.${way}`)
  }

  const callbacks = platform.callbacks ? new Callbacks(platform.callbacks, clock, reach) : null
  const callbackUrlOf = (client: Client) => {
    const url = options.callbackUrl()
    const way = ours.get(client.id)
    return way === undefined ? textOrNull(client.facts.callbackUrl) : url === null ? null : `${url}${way}`
  }
  const tell = (personId: string, clients: readonly Client[], callsFor: CallsFor) => {
    const person = world.person(personId)
    if (!callbacks || !person) return
    for (const client of clients)
      for (const call of callsFor({ person, client, now: clock.unmoved() }) ?? [])
        callbacks.send(client, callbackUrlOf(client), call)
  }
  world.onCondition(({ id, condition }) =>
    tell(id, clientsOf(tokens, id), (about) =>
      platform.callbacks?.onAccessRemoved({ ...about, why: condition }),
    ),
  )

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
    furtherApps,
    platform,
    kit,
    world,
    tokens,
    badDays,
    clock,
    callbacks,
    removeAccess(personId) {
      const clients = clientsOf(tokens, personId)
      if (platform.revokeAccess) platform.revokeAccess(kit, personId)
      else tokens.revokePerson(personId)
      tell(personId, clients, (about) => platform.callbacks?.onAccessRemoved({ ...about, why: 'person' }))
    },
    wantDeletion(personId) {
      tell(personId, clientsOf(tokens, personId, { withEnded: true }), (about) =>
        platform.callbacks?.onDeletionWanted?.(about),
      )
    },
    connectFields: (personId) => platform.connectFields(kit, personId ?? world.people()[0]?.id ?? ''),
    routes: routes as unknown as Hono,
  }
}

type CallsFor = (about: { person: Person; client: Client; now: Date }) => OutgoingCall[] | undefined

/** Applications that a person has given access to, each once. */
function clientsOf(tokens: TokenService, personId: string, { withEnded = false } = {}): Client[] {
  const given = tokens.grants({ personId }).filter(({ revokedAt }) => withEnded || revokedAt === null)
  return [...new Set(given.map(({ clientId }) => clientId))].flatMap((id) => tokens.client(id) ?? [])
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null)
