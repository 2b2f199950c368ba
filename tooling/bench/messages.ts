import type { GrantId, KeyRing, Timings, WorkspaceId } from './core.js'

/** What the platform does with a refresh token that was used already: the same answer for so many seconds, or an end. */
export type Replay = 'single_use' | { graceSeconds: number }

/** One grant, as all processes know it. */
export interface GrantName {
  workspaceId: WorkspaceId
  grantId: GrantId
}

/** What a process needs to be one of an installation. */
export interface CoreConfig {
  databaseUrl: string
  keyRing: KeyRing
  tokenServerUrl: string
  replay: Replay
  timings: Partial<Timings>
  /** Stands in the leases it takes. */
  processId: string
}

export interface TokenServerConfig {
  replay: Replay
  accessTokenSeconds: number
}

/** What the token server has seen. */
export interface ServerFigures {
  /** Refreshes that were asked for, repetitions included. */
  requests: number
  /** Refresh tokens that were used for the first time; each made a new pair. */
  rotations: number
  /** Repetitions that were answered within the grace. */
  repeated: number
  /** Repetitions that ended the session. */
  reuses: number
  revocations: number
  /** Sessions of which an answer was broken off, by subject. */
  brokenOff: string[]
}

export type ToTokenServer = { type: 'lose'; percent: number } | { type: 'figures' }
export type FromTokenServer = { type: 'ready'; url: string } | { type: 'figures'; figures: ServerFigures }

/** `once`: every grant one time. `on and on`: until told to stop. */
export type Work = 'once' | 'on and on'

/** What came of calls of `useGrant`. */
export interface Tally {
  uses: number
  /** How many failed, by the error's code. */
  failures: Record<string, number>
}

export type ToWorker =
  | { type: 'begin'; config: CoreConfig; grants: GrantName[]; atOnce: number }
  | { type: 'go'; work: Work }
  | { type: 'stop' }
/** A tally holds what was not told before. */
export type FromWorker =
  | { type: 'ready' }
  | { type: 'tally'; tally: Tally }
  | { type: 'done'; tally: Tally; seconds: number }

export interface BareConfig {
  databaseUrl: string
  tokenServerUrl: string
  grants: number
  atOnce: number
}
export type FromBare = { type: 'done'; seconds: number }
