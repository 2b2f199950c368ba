import { Hono } from 'hono'
import { createAdmin } from './admin.js'
import { createAdminPages } from './admin-pages.js'
import type { SandboxPlatform } from './platform.js'
import { createPlatformHandle, type PlatformHandle } from './platform-handle.js'
import { platforms as allPlatforms } from './platforms.js'
import { createRandom } from './random.js'
import { LOOPBACK_CALLBACKS } from './redirect-uris.js'
import { createSandboxClock, type SandboxClock } from './sandbox-clock.js'

/** How a sandbox is made. */
export interface SandboxOptions {
  /** Default: all there are. */
  platforms?: readonly SandboxPlatform[]
  /** Same seed, same people and ids, and, where no `secret` is given, the same tokens. Default: `sandbox`. */
  seed?: string
  /** What tokens, codes and pages are made from, where strangers must not guess them; ids stay those of the seed. */
  secret?: string
  /** The time to follow. Default: that of the machine. */
  now?: () => Date
  /** Redirect addresses the operator has registered everywhere, beside PostMCP's callback on this machine. */
  redirectUris?: readonly string[]
  /** The callback address that the operator has configured at a platform; null: none. Default: none anywhere. */
  callbackUrl?: (platformId: string) => string | null
  /** Where on this machine something of the application is, by the address that the world has for it. Default: at that address. */
  reach?: (address: string) => string
}

/** Simulated platforms, not yet listening anywhere. */
export interface Sandbox {
  platforms: readonly PlatformHandle[]
  /** @throws Error when there is no such platform */
  platform(id: string): PlatformHandle
  clock: SandboxClock
  /** The sandbox's pages, its admin API, and every platform without an origin of its own at `/<id>`. */
  app: Hono
  /** Ends what goes on by itself: calls to applications that are still to be tried. */
  close(): void
}

/**
 * Makes the platforms.
 *
 * @param options.baseOf where each platform will be reached, without a trailing slash; asked with each request
 * @throws Error when two platforms have the same id
 */
export function createSandbox(
  options: SandboxOptions & { baseOf(platform: SandboxPlatform): string },
): Sandbox {
  const { platforms = allPlatforms(), seed = 'sandbox', baseOf, callbackUrl, reach = asItIs } = options
  const clock = createSandboxClock(options.now)
  const random = createRandom(seed)
  const secret = createRandom(options.secret ?? seed)
  const redirectUris = [...LOOPBACK_CALLBACKS, ...(options.redirectUris ?? [])]
  const handles = new Map<string, PlatformHandle>()
  for (const platform of platforms) {
    if (handles.has(platform.id)) throw new Error(`There are two platforms with the id ${platform.id}.`)
    const surroundings = {
      base: () => baseOf(platform),
      callbackUrl: () => callbackUrl?.(platform.id) ?? null,
      ...{ random, secret, clock, redirectUris, reach },
    }
    handles.set(platform.id, createPlatformHandle(platform, surroundings))
  }

  const sandbox = {
    platforms: [...handles.values()],
    platform(id: string) {
      const handle = handles.get(id)
      if (!handle) throw new Error(`There is no platform ${id} in this sandbox.`)
      return handle
    },
    clock,
    close() {
      for (const { callbacks } of handles.values()) callbacks?.close()
    },
  }
  const app = new Hono()
  app.route('/', createAdmin(sandbox))
  app.route('/', createAdminPages(sandbox))
  for (const handle of sandbox.platforms)
    if (!handle.platform.ownOrigin) app.route(`/${handle.id}`, handle.routes)
  return { ...sandbox, app }
}

const asItIs = (address: string) => address
