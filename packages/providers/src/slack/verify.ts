import {
  type GrantAccess,
  missingScopes,
  type ProviderContext,
  type TargetAccess,
  type Verification,
} from '@postmcp/core'
import { z } from 'zod'
import { callSlack } from './api.js'
import { installationOf } from './installation.js'
import { manifest } from './manifest.js'
import { channelAnswer, readIcon, toTarget } from './profile.js'

/**
 * How the installation is, then the channel. A public channel needs no membership to be written to; a private one from which
 * the bot was removed is answered with `channel_not_found`.
 */
export async function verify(
  ctx: ProviderContext,
  access: GrantAccess,
  { targetId }: TargetAccess,
): Promise<Verification> {
  const { accessToken: token } = access.tokens
  const self = await callSlack(ctx, {
    method: 'auth.test',
    token,
    answer: z.object({ team: z.string(), team_id: z.string() }),
  })
  const missing =
    self.tokenScopes === null ? [] : missingScopes(manifest, self.tokenScopes, access.authMethod)
  if (missing.length > 0) {
    return {
      status: 'missing_permission',
      reason: 'scope_missing',
      platformCode: 'missing_scope',
      missingScopes: missing,
    }
  }
  const { data } = await callSlack(ctx, {
    method: 'conversations.info',
    token,
    query: { channel: targetId },
    answer: z.object({ channel: channelAnswer }),
  })
  const installation = { ...installationOf(access), teamName: self.data.team }
  const icon = await readIcon(ctx, access)
  const { targetId: _, avatarUrl, ...shown } = toTarget(ctx, installation, data.channel, icon)
  const target = { ...shown, ...(avatarUrl !== null && { avatarUrl }) }
  if (data.channel.is_archived) {
    return {
      target,
      status: 'verification_failed',
      reason: 'account_deactivated',
      platformCode: 'is_archived',
    }
  }
  if (data.channel.is_private && data.channel.is_member === false) {
    return {
      target,
      status: 'missing_permission',
      reason: 'target_not_granted',
      platformCode: 'not_in_channel',
    }
  }
  return { target, status: 'active', reason: null, platformCode: null }
}
