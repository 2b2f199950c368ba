import type { PlatformKit } from '../platform.js'

/** The application of the operator, with its one bot. The bot's user has the id of the application. */
export const APPLICATION = {
  id: '1120000000000000001',
  name: 'PostMCP',
  secret: 'simulated-discord-client-secret',
  botToken: 'MTEyMDAwMDAwMDAwMDAwMDAwMQ.Simula.simulated-discord-bot-token',
} as const

/** A webhook in a channel. */
export interface Webhook {
  id: string
  token: string
  name: string
  guildId: string
  channelId: string
}

/** What the routes of Discord share. */
export interface DiscordState {
  kit: PlatformKit
  webhooks: Map<string, Webhook>
}

/** A Discord in which nothing has happened. */
export const createDiscordState = (kit: PlatformKit): DiscordState => ({ kit, webhooks: new Map() })
