import type { HttpClient } from '../http/http-client.js'
import type { Clock, Logger } from '../model/ambient.js'

/** What core hands to every hook of a provider. */
export interface ProviderContext {
  http: HttpClient
  clock: Clock
  /** Aborted when the result is no longer wanted. Already applied to `http`. */
  signal: AbortSignal
  logger: Logger
  /** The manifest's endpoints with the operator's overrides, without a trailing slash. */
  endpoints: Record<string, string>
}
