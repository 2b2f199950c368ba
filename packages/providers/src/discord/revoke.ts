import type { GrantAccess, ProviderContext, TokenSet } from '@postmcp/core'
import { callDiscord, DiscordError } from './api.js'
import { settingsOf } from './grant-settings.js'

/** What Discord says of a server the bot is not in, and of a webhook that is gone. */
const endedCodes = ['10004', '50001', '10015', '50027']

/**
 * Takes the bot out of the server, deletes the webhook, and ends the token of the person, which ends everything this person
 * authorized; nobody publishes with that. Core calls this only when no other account lives on the same server.
 */
export async function revoke(ctx: ProviderContext, access: GrantAccess): Promise<void> {
  const { guildId, webhook } = settingsOf(access)
  const { accessToken } = access.tokens
  if (webhook) {
    await unlessEnded(
      callDiscord(ctx, {
        method: 'DELETE',
        path: `/webhooks/${webhook.id}/${accessToken}`,
        subject: 'webhook',
        as: 'none',
        secrets: [accessToken],
      }),
    )
  } else {
    await endPersonToken(ctx, access.tokens)
  }
  await unlessEnded(
    callDiscord(ctx, { method: 'DELETE', path: `/users/@me/guilds/${guildId}`, subject: 'guild' }),
  )
}

/** Ends the authorization of a person; an unknown token counts as ended. */
export async function endPersonToken(ctx: ProviderContext, tokens: TokenSet): Promise<void> {
  const token = tokens.refreshToken ?? tokens.accessToken
  await callDiscord(ctx, {
    method: 'POST',
    path: '/oauth2/token/revoke',
    subject: 'person',
    as: { clientForm: { token } },
    secrets: [token],
  })
}

async function unlessEnded(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof DiscordError && endedCodes.includes(error.platformCode ?? ''))) throw error
  }
}
