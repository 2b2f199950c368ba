import type { FileClient } from './http/download.js'
import type { HttpClient } from './http/http-client.js'
import type { MediaStorage } from './media/media-storage.js'
import type { Clock, Logger } from './model/ambient.js'
import type { AppClient } from './provider/context.js'
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
  /** How long one call on the way to a post may take, such as a chunk of an upload. */
  step: number
  /** How long one call that makes a post public may take, where its platform declares nothing longer. */
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
  // Prolonged while the holder lives, so this is how long a killed one is waited for.
  postLease: 30,
  postTurn: 60,
  step: 300,
  send: 30,
  reconcileMargin: 5,
  sweep: 5,
  refreshLease: 120,
  refreshRequest: 90,
}

/** What an installation has room for. */
export interface MediaLimits {
  /** Largest file that is taken. */
  maxBytes: number
  /** How many days a file is kept after its last use. */
  keepDays: number
}

export const defaultMediaLimits: MediaLimits = { maxBytes: 4 * 1024 ** 3, keepDays: 90 }

/** What the verbs need. Built once, in the app. */
export interface CoreContext {
  store: Store
  vault: Vault
  providers: ProviderRegistry
  media: MediaStorage
  mediaLimits: MediaLimits
  /** Fetches files from addresses that users give: reaches the public Internet and what the operator allows beyond it. */
  files: FileClient
  clock: Clock
  logger: Logger
  timings: Timings
  /** Names this process in leases. */
  processId: string
  refreshFlights: RefreshFlights
  /** Where platforms are and as whom we go there, by the mode of a workspace; null: no sandbox runs. */
  environments: { live: Environment; sandbox: Environment | null }
  /** How many accounts each plan has room for; null: no limit. */
  plans: Readonly<Record<string, number | null>>
  /** Where the world reaches us, without a trailing slash. */
  publicUrl: string
  /** Where this machine reaches us, without a trailing slash. */
  localUrl: string
  /** Addresses a platform may send people back to; the first is the default. */
  redirectUris: string[]
}

/** The outside world of a workspace: the platforms themselves, or their simulation. */
export interface Environment {
  /** Reaches the public Internet and what the operator allows beyond it. */
  http: HttpClient
  /** The operator's base addresses by platform and endpoint name, over those of the manifests. */
  endpoints: Record<string, Record<string, string>>
  /** The operator's applications by platform. */
  clients: Record<string, AppClient>
  /** The address at which a person's browser finds what a platform calls by another one. Default: the same. */
  browserAddress?(address: string): string
}
