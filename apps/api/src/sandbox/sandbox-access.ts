import { connect } from 'node:net'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Environment, Logger, SandboxPlace, Store } from '@postmcp/core'
import type { RunningSandbox } from '@postmcp/sandbox'
import { isLoopback } from './loopback.js'
import { type CalledApi, runSandbox } from './run-sandbox.js'
import { type SandboxView, viewSandbox } from './sandbox-view.js'

/** How long the place of the sandbox is held without a sign of life. */
const holdSeconds = 15
/** How often it is held on to, or looked for. */
const lookSeconds = 5

/** The one sandbox of this installation, wherever on this machine it runs. */
export interface SandboxAccess {
  /** Null while none can be reached from here. */
  environment(): Environment | null
  /** Where its pages are, for who sits at this machine; null while there is none. */
  origin(): string | null
  /** @see SandboxView.pageAt */
  pageAt(platform: string, method: string, path: string): string | null
  /** Says where this process's API listens, for the platforms to call. */
  hearAt(heardAt: string, publicUrl: string): void
  /** Leaves the place to another process. */
  close(): Promise<void>
}

/** Where `POSTMCP_SANDBOX` is off. */
export const noSandbox: SandboxAccess = {
  environment: () => null,
  origin: () => null,
  pageAt: () => null,
  hearAt: () => {},
  close: async () => {},
}

interface Options {
  store: Pick<Store, 'sandboxPlace'>
  /** Names this process. */
  processId: string
  settings: { sandboxPort: number; redirectUris: readonly string[]; publicUrl: string }
  clients: Environment['clients']
  optionalScopes: Readonly<Record<string, readonly string[]>>
  logger: Logger
  /** Whether it may run here; else one that runs in another process is used. */
  mayRun: boolean
}

/**
 * Runs the sandbox in this process, or finds the one that runs already: what it holds is in the memory of one process, so that
 * two would contradict each other. When its process is gone, another one that may takes the place, with an empty one.
 */
export async function joinSandbox(options: Options): Promise<SandboxAccess> {
  const membership = new Membership(options)
  try {
    await membership.look()
  } catch (error) {
    await membership.close()
    throw error
  }
  return membership
}

class Membership implements SandboxAccess {
  readonly #options: Options
  readonly #stopping = new AbortController()
  readonly #looking: Promise<void>
  #api: CalledApi
  #own: RunningSandbox | null = null
  #seen: { place: SandboxPlace; view: SandboxView; until: number } | null = null
  #passedOver: string | null = null

  constructor(options: Options) {
    this.#options = options
    this.#api = { publicUrl: options.settings.publicUrl, heardAt: null }
    this.#looking = this.#keepLooking()
  }

  environment = (): Environment | null => this.#present()?.view.environment ?? null
  origin = (): string | null => this.#present()?.place.origin ?? null
  pageAt = (...asked: Parameters<SandboxView['pageAt']>): string | null =>
    this.#present()?.view.pageAt(...asked) ?? null

  hearAt(heardAt: string, publicUrl: string): void {
    this.#api = { publicUrl, heardAt }
  }

  async close(): Promise<void> {
    this.#stopping.abort()
    await this.#looking
    if (this.#own) {
      const { store, processId } = this.#options
      // Else it is free when its time is over.
      await store.sandboxPlace.leave(processId).catch(() => {})
      await this.#own.close()
    }
    await this.#seen?.view.close()
  }

  /** @throws PostMcpError `database_unavailable` */
  async look(): Promise<void> {
    // Measured before the question, and by a clock that nobody sets: a process that was stopped must not go on by an old answer.
    const until = performance.now() + holdSeconds * 1000
    const place = this.#options.mayRun ? await this.#runOrFind() : await this.#find()
    await this.#see(place, until)
  }

  #present() {
    return this.#seen && performance.now() < this.#seen.until ? this.#seen : null
  }

  async #keepLooking(): Promise<void> {
    const { signal } = this.#stopping
    for (;;) {
      await sleep(lookSeconds * 1000, undefined, { signal, ref: false }).catch(() => {})
      if (signal.aborted) return
      await this.look().catch((error: unknown) => {
        const { logger } = this.#options
        logger.warn({ error: error instanceof Error ? error.message : 'unknown' }, 'sandbox not found')
      })
    }
  }

  async #runOrFind(): Promise<SandboxPlace | null> {
    const { settings, store, logger } = this.#options
    let gone: SandboxPlace | undefined
    if (!this.#own) {
      gone = await store.sandboxPlace.find()
      // One on another machine has the place as well. One that was killed here need not be waited for.
      if (gone && !(isHere(gone) && (await isDeserted(gone.origin)))) return this.#find()
      this.#own = await runSandbox(settings, () => this.#api)
    }
    const place = this.#placeOf(this.#own)
    if (await store.sandboxPlace.claim(place, holdSeconds, gone?.processId)) return place
    logger.info({}, 'another process runs the sandbox')
    const { close } = this.#own
    this.#own = null
    await close()
    return this.#find()
  }

  async #find(): Promise<SandboxPlace | null> {
    const place = await this.#options.store.sandboxPlace.find()
    if (!place) return null
    if (isHere(place)) return place
    if (this.#passedOver !== place.processId) {
      this.#passedOver = place.processId
      this.#options.logger.warn({ host: place.host }, 'the sandbox runs on another machine, out of reach')
    }
    return null
  }

  #placeOf({ origin, platforms }: RunningSandbox): SandboxPlace {
    const bases = Object.fromEntries(platforms.map(({ id, base }) => [id, base]))
    return { processId: this.#options.processId, host: hostname(), origin, bases }
  }

  async #see(place: SandboxPlace | null, until: number): Promise<void> {
    const before = this.#seen
    if (
      before &&
      place &&
      before.place.processId === place.processId &&
      before.place.origin === place.origin
    ) {
      before.until = until
      return
    }
    const { settings, clients, optionalScopes, logger } = this.#options
    const { publicUrl } = settings
    const view = place && (await viewSandbox(place, { publicUrl, clients, optionalScopes, logger }))
    this.#seen = place && view && { place, view, until }
    // It waits for what is under way, which nobody has to wait for here.
    void before?.view.close().catch(() => {})
  }
}

/** Whatever the database says, only this machine's own addresses are opened. */
const isHere = ({ host, origin, bases }: SandboxPlace): boolean =>
  host === hostname() && [origin, ...Object.values(bases)].every(isLoopback)

/** Whether certainly nobody listens there. */
const isDeserted = (origin: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname: host, port } = new URL(origin)
    const socket = connect({ host, port: Number(port), timeout: 1000 })
    const settle = (isSo: boolean) => {
      socket.destroy()
      resolve(isSo)
    }
    socket.once('connect', () => settle(false))
    socket.once('timeout', () => settle(false))
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code === 'ECONNREFUSED'))
  })
