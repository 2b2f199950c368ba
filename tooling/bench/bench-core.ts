import { benchClient, benchProvider } from './bench-provider.js'
import {
  type Clock,
  type CoreContext,
  createHttpClient,
  createRegistry,
  defaultTimings,
  localKeyProvider,
  openPostgresStore,
  openVault,
  type Provider,
  RefreshFlights,
  registerKeyRing,
  silentLogger,
  systemClock,
} from './core.js'
import type { CoreConfig } from './messages.js'

const noMedia: CoreContext['media'] = {
  put: async () => {},
  open: async () => null,
  delete: async () => {},
  free: async () => null,
  sweep: async () => {},
}

/** The core of one process, as an app would build it: own pool of four connections, own HTTP client, own vault. */
export interface BenchCore {
  core: CoreContext
  close(): Promise<void>
}

/**
 * @param clock for a process that lives at another time
 * @param providers the platforms there are; each has one endpoint, `server`, which is the token server
 */
export async function openBenchCore(
  config: CoreConfig,
  clock: Clock = systemClock,
  providers: readonly Provider[] = [benchProvider(config.replay)],
): Promise<BenchCore> {
  const { databaseUrl, keyRing, tokenServerUrl, timings, processId } = config
  const store = await openPostgresStore({ connectionString: databaseUrl, logger: silentLogger })
  const keyProvider = localKeyProvider(keyRing)
  await registerKeyRing(store.keys, keyProvider)
  const http = createHttpClient({
    userAgent: 'postmcp-bench',
    logger: silentLogger,
    allowedOrigins: [tokenServerUrl],
  })
  const environment = {
    http,
    endpoints: Object.fromEntries(providers.map(({ manifest }) => [manifest.id, { server: tokenServerUrl }])),
    clients: { bench: benchClient },
  }
  const core: CoreContext = {
    store,
    vault: openVault({ keys: store.keys, provider: keyProvider, clock }),
    providers: createRegistry(providers),
    media: noMedia,
    mediaLimits: { maxBytes: 0, keepDays: 0 },
    files: http,
    clock,
    logger: silentLogger,
    timings: { ...defaultTimings, ...timings },
    processId,
    refreshFlights: new RefreshFlights(),
    environments: { live: environment, sandbox: null },
    plans: { pro: null },
    publicUrl: 'http://127.0.0.1:4477',
    localUrl: 'http://127.0.0.1:4477',
    redirectUris: ['http://127.0.0.1:4477/accounts/oauth/callback'],
  }
  return {
    core,
    async close() {
      await core.refreshFlights.settled()
      await http.close()
      await store.close()
    },
  }
}
