import { connectAccount } from '../connect/connect-account.js'
import { defaultPlans } from '../connect/plans.js'
import {
  type CoreContext,
  defaultMediaLimits,
  type Environment,
  type MediaLimits,
  type Timings,
} from '../core-context.js'
import { createHttpClient, type HttpClient } from '../http/http-client.js'
import type { MediaStorage } from '../media/media-storage.js'
import type { Account } from '../model/account.js'
import { type Logger, silentLogger } from '../model/ambient.js'
import type { WorkspaceId } from '../model/ids.js'
import type { Scope } from '../model/scope.js'
import type { Provider } from '../provider/provider.js'
import { createRegistry } from '../provider/registry.js'
import { RefreshFlights } from '../refresh/refresh-flights.js'
import type { Store } from '../store/store.js'
import { localKeyProvider, newKeyRing } from '../vault/local-key-ring.js'
import { openVault, registerKeyRing } from '../vault/vault.js'
import { createWorkspace } from '../workspace/workspaces.js'
import type { FakeClock } from './fake-clock.js'
import { memoryMediaStorage } from './memory-media-storage.js'
import type { MemoryPlatform } from './memory-platform.js'
import type { TestDatabase } from './test-database.js'

/** One key ring for all databases of a test run: every process of a test can open what another one sealed. */
const keyProvider = localKeyProvider(newKeyRing())

/** Short enough for tests to see them end. */
const testTimings: Timings = {
  postLease: 0.3,
  postTurn: 60,
  step: 300,
  send: 30,
  reconcileMargin: 5,
  sweep: 0.05,
  refreshLease: 0.4,
  refreshRequest: 30,
}

export interface TestCoreOptions {
  platforms: readonly { provider: Provider }[]
  /** Addresses that may be called although they are on loopback. */
  allowedOrigins?: string[]
  endpoints?: Environment['endpoints']
  clients?: Environment['clients']
  /** Takes the place of the network. */
  http?: HttpClient
  clock: FakeClock
  timings?: Partial<Timings>
  logger?: Logger
  /** Default: in memory. */
  media?: MediaStorage
  mediaLimits?: Partial<MediaLimits>
  publicUrl?: string
  /** Stands between core and the store, to make it fail. */
  wrapStore?: (store: Store) => Store
}

let processes = 0

/**
 * A core as one process has it. Two of them on one database are two processes: they share connections, but nothing of what
 * core itself remembers.
 */
export async function createTestCore(database: TestDatabase, options: TestCoreOptions): Promise<CoreContext> {
  const opened = await database.sharedStore()
  const store = options.wrapStore?.(opened) ?? opened
  const { clock, logger = silentLogger } = options
  await registerKeyRing(opened.keys, keyProvider)
  const network = createHttpClient({
    userAgent: 'postmcp-test',
    logger,
    allowedOrigins: options.allowedOrigins ?? [],
  })
  const environment = {
    http: options.http ?? network,
    endpoints: options.endpoints ?? {},
    clients: options.clients ?? {},
  }
  return {
    store,
    vault: openVault({ keys: store.keys, provider: keyProvider, clock }),
    providers: createRegistry(options.platforms.map(({ provider }) => provider)),
    media: options.media ?? memoryMediaStorage(),
    files: network,
    mediaLimits: { ...defaultMediaLimits, ...options.mediaLimits },
    clock,
    logger,
    timings: { ...testTimings, ...options.timings },
    processId: `process-${++processes}`,
    refreshFlights: new RefreshFlights(),
    environments: { live: environment, sandbox: environment },
    plans: defaultPlans,
    publicUrl: options.publicUrl ?? 'http://127.0.0.1:4477',
    localUrl: 'http://127.0.0.1:4477',
    redirectUris: ['http://127.0.0.1:4477/accounts/oauth/callback'],
  }
}

/** A workspace of its own, so that tests of one file do not meet. */
export async function createScope(
  core: CoreContext,
  workspace: { maxAccounts?: number | null } = {},
): Promise<Scope & { workspaceId: WorkspaceId }> {
  const { id } = await createWorkspace(core, {
    name: 'Test',
    mode: 'live',
    maxAccounts: workspace.maxAccounts ?? null,
  })
  return { workspaceId: id, actor: 'local' }
}

/** The accounts that come of connecting a user of a memory platform. */
export async function connectUser(
  core: CoreContext,
  scope: Scope,
  platform: MemoryPlatform,
  name: string,
): Promise<Account> {
  platform.addUser(name)
  const step = await connectAccount(core, scope, {
    platform: platform.provider.manifest.id,
    fields: { identifier: name, password: platform.user(name).password },
  })
  const account = step.type === 'connected' ? step.accounts[0] : undefined
  if (!account) throw new Error(`connecting led to ${step.type}`)
  return account
}
