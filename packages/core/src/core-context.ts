import type { HttpClient } from './http/http-client.js'
import type { MediaStorage } from './media/media-storage.js'
import type { Clock, Logger } from './model/ambient.js'
import type { ProviderContext } from './provider/context.js'
import type { Provider } from './provider/provider.js'
import type { ProviderRegistry } from './provider/registry.js'
import type { RefreshFlights } from './refresh/refresh-flights.js'
import type { Store } from './store/store.js'
import type { Vault } from './vault/vault.js'

/** Times a deployment may want to change; the defaults are those of `defaultTimings`. All in seconds. */
export interface Timings {
  /** How long a worker holds a post without a sign of life. */
  postLease: number
  /** How long one turn of a post may take; then it is put back at its step. */
  postTurn: number
  /** How long one call that makes a post public may take. */
  send: number
  /** How long after a send's deadline somebody looks whether it happened. */
  reconcileMargin: number
  /** How often the sweeper looks for posts and grants that are due. */
  sweep: number
  /** How long a refresh is in one process's hands without a sign of life. */
  refreshLease: number
  /** How long one refresh request may take. */
  refreshRequest: number
}

export const defaultTimings: Timings = {
  postLease: 90,
  postTurn: 60,
  send: 30,
  reconcileMargin: 5,
  sweep: 5,
  refreshLease: 120,
  refreshRequest: 90,
}

/** What the verbs need. Built once, in the app. */
export interface CoreContext {
  store: Store
  vault: Vault
  providers: ProviderRegistry
  http: HttpClient
  media: MediaStorage
  clock: Clock
  logger: Logger
  timings: Timings
  /** Names this process in leases. */
  processId: string
  refreshFlights: RefreshFlights
  /** The operator's base addresses by platform and endpoint name, over those of the manifests. */
  endpointOverrides: Record<string, Record<string, string>>
}

/** What a hook of this provider is handed. */
export function providerContext(
  core: CoreContext,
  provider: Provider,
  limits: { signal?: AbortSignal | undefined; deadline?: Date | undefined } = {},
): ProviderContext {
  const { id, endpoints } = provider.manifest
  const overrides = core.endpointOverrides[id] ?? {}
  return {
    http: core.http.within(limits),
    clock: core.clock,
    signal: limits.signal ?? new AbortController().signal,
    logger: core.logger,
    endpoints: Object.fromEntries(
      Object.entries(endpoints).map(([name, { url }]) => [
        name,
        (overrides[name] ?? url).replace(/\/+$/, ''),
      ]),
    ),
  }
}
