import {
  type Authorization,
  type CodeExchange,
  PostMcpError,
  type ProviderContext,
  requireClient,
} from '@postmcp/core'
import { subjectOf } from './id-token.js'
import { manifest, revokeAccessUrl } from './manifest.js'

/**
 * Who granted. Not the channel: a revocation ends all that one Google identity granted us, so that is what is counted by.
 * A brand channel is an identity of its own, with its own `sub`; two channels are two grants.
 * @throws PostMcpError `authorization_failed` when there is no refresh token
 */
export async function identify(ctx: ProviderContext, exchange: CodeExchange): Promise<Authorization> {
  const { tokens, answer, requestedScopes } = exchange
  const subject = subjectOf(answer, requireClient(ctx, manifest).id)
  // Without one the access would end within the hour, and a stored one must not be replaced by nothing.
  if (tokens.refreshToken === undefined) {
    throw new PostMcpError('authorization_failed', 'Google gave no lasting access.', {
      platform: manifest.id,
      nextAction: 'Remove this application under the given link, then connect again.',
      helpUrl: revokeAccessUrl,
    })
  }
  const grantedScopes = tokens.grantedScopes ?? requestedScopes
  return { subject, tokens, grantedScopes, settings: {}, secrets: {} }
}
