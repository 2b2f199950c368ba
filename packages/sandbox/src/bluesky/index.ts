import { Hono } from 'hono'
import type { PlatformKit, SandboxPlatform } from '../platform.js'
import { addAccount, CONDITIONS, newAppPassword } from './accounts.js'
import { createDirectory } from './directory.js'
import { createErrors } from './errors.js'
import { createOAuthRoutes } from './oauth/routes.js'
import { createPds, type Pds, takeAwayAccess } from './pds.js'
import { addPublicMethods } from './public-methods.js'
import { addRepoMethods } from './repo-methods.js'
import { addServiceAuth } from './service-auth.js'
import { addSessionMethods } from './session-methods.js'
import type { AccessTokenSlot } from './sessions.js'
import { createVideoService } from './video/routes.js'
import { XrpcServer } from './xrpc.js'

/** The one service that is not the PDS itself. */
const VIDEO_PATH = '/video'

/**
 * Bluesky as one server: the PDS of all accounts, its authorization server, the directory of DIDs, and the public API; below a
 * path of its own the video service. It answers as the reference PDS does: both are asked the same in `tooling/test-servers/pds-facts`.
 */
export function createBluesky(): SandboxPlatform {
  const slot: AccessTokenSlot = { next: null }
  const servers = new WeakMap<PlatformKit, Pds>()
  const pdsOf = (kit: PlatformKit) => {
    const pds = servers.get(kit) ?? createPds(kit, slot)
    servers.set(kit, pds)
    return pds
  }
  const takeNext = () => {
    const { next } = slot
    slot.next = null
    return next
  }
  const connectFields = (kit: PlatformKit, personId: string) => ({
    identifier: kit.world.person(personId)?.handle ?? '',
    appPassword: pdsOf(kit).appPasswords.forClient(personId).password,
  })
  return {
    id: 'bluesky',
    name: 'Bluesky',
    ownOrigin: true,
    endpoints: { resolver: '', plc: '', entryway: '', web: '', video: VIDEO_PATH },
    browserPaths: ['/oauth/authorize', '/profile/'],
    consentPaths: ['/oauth/authorize'],
    app: null,
    // Those of OAuth; sessions with a password have rules of their own.
    tokens: {
      codeLifeSeconds: 60,
      accessLifeSeconds: 3600,
      // Of confidential clients, three months. A session of a public client is over before.
      refreshLifeSeconds: (365.25 / 4) * 86_400,
      rotation: 'rotating',
      replay: 'single_use',
      codeReplayRevokes: true,
      failedExchangeBurnsCode: true,
      pkce: 'required',
      formats: {
        code: (random) => `cod-${random.hex(64)}`,
        accessToken: (random) => takeNext() ?? `tok-${random.hex(64)}`,
        refreshToken: (random) => `ref-${random.hex(64)}`,
      },
    },
    conditions: CONDITIONS,
    connectFields,
    seed(world) {
      addAccount(world, world.random, 'Ada Sandbox', 'ada.test')
      addAccount(world, world.random, 'Ben Sandbox', 'ben.test')
    },
    addAccount(kit) {
      const { world, random } = kit
      const number = world.people().length + 1
      const { id } = addAccount(world, random, `Person ${number}`, `person-${number}.test`)
      const fields = connectFields(kit, id)
      return {
        personId: id,
        targetId: id,
        fields,
        wrongFields: { ...fields, appPassword: newAppPassword(random) },
      }
    },
    revokeAccess: (kit, personId) => takeAwayAccess(pdsOf(kit), personId),
    errors: createErrors,
    routes(kit) {
      const pds = pdsOf(kit)
      const server = new XrpcServer(pds)
      addSessionMethods(server, pds)
      addRepoMethods(server, pds)
      addServiceAuth(server, pds)
      addPublicMethods(server, pds)
      server.refuseOthers()
      const app = new Hono()
      app.route('/', server.routes)
      app.route(VIDEO_PATH, createVideoService(pds))
      app.route('/', createOAuthRoutes(pds))
      app.route('/', createDirectory(pds))
      return app
    },
  }
}
