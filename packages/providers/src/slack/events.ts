import {
  type InboundCallback,
  type InboundNotice,
  PostMcpError,
  type ProviderContext,
  requireClient,
  variableOf,
} from '@postmcp/core'
import { z } from 'zod'
import { subjectOf } from './installation.js'
import { manifest } from './manifest.js'
import { isSigned } from './signature.js'

const challenge = z.object({ type: z.literal('url_verification'), challenge: z.string() })
const eventCallback = z.object({
  type: z.literal('event_callback'),
  team_id: z.string().min(1),
  api_app_id: z.string().min(1),
  event_id: z.string().min(1),
  event: z.discriminatedUnion('type', [
    z.object({ type: z.literal('app_uninstalled') }),
    z.object({
      type: z.literal('tokens_revoked'),
      tokens: z.object({ bot: z.array(z.string()).optional() }),
    }),
  ]),
})

/**
 * Reads a request of the Events API: the app was removed from a workspace, or its bot token was revoked there. Both may come,
 * in either order. What else is sent says nothing about access.
 * @throws PostMcpError `unauthorized` without a valid signature; `client_not_configured` without a signing secret
 * @see https://docs.slack.dev/reference/events/app_uninstalled, tokens_revoked there (2026-11-22)
 */
export function receive(ctx: ProviderContext, callback: InboundCallback): InboundNotice[] {
  const { signingSecret, signingSecretPrevious } = requireClient(ctx, manifest).values
  const secrets = [signingSecret, signingSecretPrevious].filter((one) => one !== undefined && one !== '')
  if (secrets.length === 0)
    throw new PostMcpError(
      'client_not_configured',
      'Events of Slack cannot be checked without the signing secret of the app.',
      { platform: 'slack', nextAction: `Set ${variableOf('slack', 'signingSecret')}.` },
    )
  if (!isSigned(callback, secrets as string[], ctx.clock.now()))
    throw new PostMcpError('unauthorized', 'This request does not bear a valid signature of Slack.', {
      platform: 'slack',
    })
  return readNotices(parseBody(callback.body))
}

function parseBody(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    throw new PostMcpError('invalid_request', 'The body of this event is no JSON.', { platform: 'slack' })
  }
}

function readNotices(body: unknown): InboundNotice[] {
  const asked = challenge.safeParse(body)
  if (asked.success) return [{ type: 'answer', body: asked.data.challenge, contentType: 'text/plain' }]
  const told = eventCallback.safeParse(body)
  if (!told.success) return []
  const { team_id, api_app_id, event_id: eventId, event } = told.data
  // Tokens of single people may be revoked too; we have none of those.
  if (event.type === 'tokens_revoked' && (event.tokens.bot ?? []).length === 0) return []
  const subject = subjectOf(team_id, api_app_id)
  return [{ type: 'revoked', eventId, subject, platformCode: event.type }]
}
