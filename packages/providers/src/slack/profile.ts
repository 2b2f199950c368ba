import type { GrantAccess, ProviderContext, Target } from '@postmcp/core'
import { z } from 'zod'
import { callSlack } from './api.js'
import type { Installation } from './installation.js'

/** A channel, as far as we look at it. */
export type Channel = z.infer<typeof channelAnswer>

/** @see https://docs.slack.dev/reference/objects/conversation-object (2026-11-22) */
export const channelAnswer = z.object({
  id: z.string().min(1),
  name: z.string(),
  is_private: z.boolean().optional(),
  is_archived: z.boolean().optional(),
  is_member: z.boolean().optional(),
})

/** The channel as people see it. Its identity is its id: names change. */
export function toTarget(
  ctx: ProviderContext,
  { teamId, teamName }: Installation,
  { id, name, is_private }: Channel,
  icon: string | null,
): Target {
  return {
    targetId: id,
    handle: name,
    displayName: `#${name} (${teamName})`,
    avatarUrl: icon,
    profileUrl: `${ctx.endpoints.web}/app_redirect?${new URLSearchParams({ team: teamId, channel: id })}`,
    kind: is_private ? 'private_channel' : 'channel',
    settings: { teamId },
  }
}

const teamAnswer = z.object({ team: z.object({ icon: z.object({ image_132: z.url() }) }) })

/** The picture of the workspace; null where the app may not ask, or there is none: display data must never fail anything. */
export async function readIcon(ctx: ProviderContext, access: GrantAccess): Promise<string | null> {
  if (!access.grantedScopes.includes('team:read')) return null
  try {
    const { accessToken: token } = access.tokens
    const { data } = await callSlack(ctx, { method: 'team.info', token, answer: teamAnswer })
    return data.team.icon.image_132
  } catch {
    return null
  }
}
