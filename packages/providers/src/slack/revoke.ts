import { type GrantAccess, PlatformError, type ProviderContext, requireClient } from '@postmcp/core'
import { z } from 'zod'
import { callSlack } from './api.js'
import { manifest } from './manifest.js'

/** What Slack says of a token that has ended already. */
const endedCodes = ['token_revoked', 'invalid_auth', 'account_inactive', 'not_authed']

/**
 * Ends the bot token of the workspace: the bot is deactivated and leaves its channels, for everyone who connected the workspace.
 * An access token that ran out cannot end itself; a new one is fetched for that.
 */
export async function revoke(ctx: ProviderContext, { tokens }: GrantAccess): Promise<void> {
  try {
    await revokeToken(ctx, tokens.accessToken)
  } catch (error) {
    const isExpired = error instanceof PlatformError && error.platformCode === 'token_expired'
    if (!isExpired || tokens.refreshToken === undefined) throw error
    const fresh = await renew(ctx, tokens.refreshToken)
    if (fresh !== null) await revokeToken(ctx, fresh)
  }
}

/** Ends one token; one that has ended already counts as ended. */
export async function revokeToken(ctx: ProviderContext, token: string): Promise<void> {
  try {
    await callSlack(ctx, { method: 'auth.revoke', token, answer: z.object({ revoked: z.boolean() }) })
  } catch (error) {
    const isOver = error instanceof PlatformError && endedCodes.includes(error.platformCode ?? '')
    if (!isOver) throw error
  }
}

/** A new access token; null when the refresh token has ended as well. */
async function renew(ctx: ProviderContext, refreshToken: string): Promise<string | null> {
  const client = requireClient(ctx, manifest)
  try {
    const { data } = await callSlack(ctx, {
      method: 'oauth.v2.access',
      form: {
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        client_id: client.id,
        client_secret: client.secrets[0] ?? '',
      },
      answer: z.object({ access_token: z.string().min(1) }),
    })
    return data.access_token
  } catch (error) {
    if (error instanceof PlatformError && error.platformCode === 'invalid_refresh_token') return null
    throw error
  }
}
