import type { PlatformKit } from '../platform.js'

/** What the routes of Slack share. */
export interface SlackState {
  kit: PlatformKit
  tokenRotation: boolean
  /** Public channels the bot has joined by itself, by their ids: the `ts` of the message that says so. */
  joined: Map<string, string>
  /** The `ts` of the next message, after all before it. */
  nextTs(): string
}

/** A Slack in which nothing has happened. */
export function createSlackState(kit: PlatformKit, tokenRotation: boolean): SlackState {
  let messages = 0
  return {
    kit,
    tokenRotation,
    joined: new Map(),
    nextTs() {
      messages += 1
      return `${Math.floor(kit.now().getTime() / 1000)}.${String(messages).padStart(6, '0')}`
    },
  }
}
