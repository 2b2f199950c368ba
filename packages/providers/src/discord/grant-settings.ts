import { type GrantAccess, PostMcpError } from '@postmcp/core'
import { z } from 'zod'

const settingsSchema = z.object({
  guildId: z.string(),
  guildName: z.string(),
  botUserId: z.string(),
  /** Only where the person picked a channel for a webhook; then the token of the grant is that of the webhook. */
  webhook: z.object({ id: z.string(), channelId: z.string(), name: z.string() }).optional(),
})

/** What a grant remembers: the server that was proven, and the bot in it. */
export type GrantSettings = z.infer<typeof settingsSchema>

/** What a grant remembers. */
export function settingsOf({ settings }: Pick<GrantAccess, 'settings'>): GrantSettings {
  const parsed = settingsSchema.safeParse(settings)
  if (!parsed.success) throw new PostMcpError('internal_error', 'The grant does not name a Discord server.')
  return parsed.data
}

/** Who granted: the server, to this application. Several people may have invited the one bot. */
export const subjectOf = (guildId: string, clientId: string): string => `${guildId}/${clientId}`
