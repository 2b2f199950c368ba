import type { PlatformKit } from '../platform.js'

/** What the routes of Slack share. */
export interface SlackState {
  kit: PlatformKit
  tokenRotation: boolean
  /** Ids of public channels the bot has joined by itself. */
  joined: Set<string>
}

/** A Slack in which nothing has happened. */
export const createSlackState = (kit: PlatformKit, tokenRotation: boolean): SlackState => ({
  kit,
  tokenRotation,
  joined: new Set(),
})
