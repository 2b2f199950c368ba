import {
  type Authorization,
  type CodeExchange,
  MalformedResponseError,
  PostMcpError,
  type ProviderContext,
} from '@postmcp/core'
import { z } from 'zod'
import { type Installation, subjectOf } from './installation.js'
import { revokeToken } from './revoke.js'

const answerSchema = z.object({
  app_id: z.string().min(1),
  bot_user_id: z.string().min(1),
  token_type: z.literal('bot'),
  team: z.object({ id: z.string().min(1), name: z.string() }).nullish(),
  is_enterprise_install: z.boolean().optional(),
})

/**
 * The installation that the token answer describes.
 * @throws PostMcpError `authorization_failed` for an installation in a whole organisation, which is ended again
 */
export async function identify(ctx: ProviderContext, exchange: CodeExchange): Promise<Authorization> {
  const { tokens, requestedScopes } = exchange
  const parsed = answerSchema.safeParse(exchange.answer)
  if (!parsed.success)
    throw new MalformedResponseError('The token answer does not describe the installation of a bot.')
  const { app_id: appId, bot_user_id: botUserId, team, is_enterprise_install } = parsed.data
  if (is_enterprise_install || !team) {
    await revokeToken(ctx, tokens.accessToken).catch((error: unknown) => {
      ctx.logger.warn(
        { platform: 'slack', error: error instanceof Error ? error.name : 'unknown' },
        'token not revoked',
      )
    })
    throw new PostMcpError(
      'authorization_failed',
      'The app was installed for a whole Slack organisation. Only installations in single workspaces can be connected so far; this one was ended again.',
      { platform: 'slack', nextAction: 'Connect again and choose one workspace of the organisation.' },
    )
  }
  const installation: Installation = { teamId: team.id, teamName: team.name, appId, botUserId }
  return {
    subject: subjectOf(team.id, appId),
    tokens,
    grantedScopes: tokens.grantedScopes ?? requestedScopes,
    settings: { ...installation },
    secrets: {},
  }
}
