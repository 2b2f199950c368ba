import type { CoreConfig } from '../messages.js'

/** What the platform has seen. */
export interface PlatformFigures {
  requests: number
  /** Answers that were broken off after a post had been made. */
  lost: number
  /** `<account> <text>` of every post there is. */
  visible: string[]
  /** Of those that are there more than once. */
  duplicates: string[]
}

export type ToPlatform = { type: 'lose'; percent: number } | { type: 'figures' }
export type FromPlatform = { type: 'ready'; url: string } | { type: 'figures'; figures: PlatformFigures }

export type ToPublisher = { type: 'begin'; config: CoreConfig } | { type: 'stop' }
export type FromPublisher = { type: 'ready' } | { type: 'stopped' }

export interface BareConfig {
  databaseUrl: string
  platformUrl: string
  posts: number
  atOnce: number
}
export type FromBare = { type: 'done'; seconds: number }
