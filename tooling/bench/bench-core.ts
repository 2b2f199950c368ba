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
  RefreshFlights,
  registerKeyRing,
  silentLogger,
  systemClock,
} from './core.js'
import type { CoreConfig } from './messages.js'

/** The core of one process, as an app would build it: own pool of four connections, own HTTP client, own vault. */
export interface BenchCore {
  core: CoreContext
  close(): Promise<void>
}

/** @param clock for a process that lives at another time */
export async function openBenchCore(config: CoreConfig, clock: Clock = systemClock): Promise<BenchCore> {
  const { databaseUrl, keyRing, tokenServerUrl, replay, timings, processId } = config
  const store = await openPostgresStore({ connectionString: databaseUrl, logger: silentLogger })
  const provider = localKeyProvider(keyRing)
  await registerKeyRing(store.keys, provider)
  const http = createHttpClient({
    userAgent: 'postmcp-bench',
    logger: silentLogger,
    allowedOrigins: [tokenServerUrl],
  })
  const environment = {
    http,
    endpoints: { bench: { server: tokenServerUrl } },
    clients: { bench: benchClient },
  }
  const core: CoreContext = {
    store,
    vault: openVault({ keys: store.keys, provider, clock }),
    providers: createRegistry([benchProvider(replay)]),
    media: { put: async () => {}, get: async () => null },
    clock,
    logger: silentLogger,
    timings: { ...defaultTimings, ...timings },
    processId,
    refreshFlights: new RefreshFlights(),
    environments: { live: environment, sandbox: null },
    plans: { pro: null },
    publicUrl: 'http://127.0.0.1:4477',
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
