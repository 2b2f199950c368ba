import {
  type Authorization,
  type CodeExchange,
  MalformedResponseError,
  PostMcpError,
  type ProviderContext,
  requireClient,
} from '@postmcp/core'
import { z } from 'zod'
import { callDiscord, DiscordError } from './api.js'
import { classifyError } from './errors.js'
import { type GrantSettings, subjectOf } from './grant-settings.js'
import { readGuild } from './guild.js'
import { manifest } from './manifest.js'
import { endPersonToken } from './revoke.js'

const answerSchema = z.object({
  guild: z.object({ id: z.string().min(1), name: z.string() }).optional(),
  webhook: z
    .object({
      id: z.string().min(1),
      token: z.string().min(1),
      channel_id: z.string().min(1),
      name: z.string().nullish(),
    })
    .optional(),
})

/**
 * The server into which the bot was invited. Only the token answer proves it: the `guild_id` in the address of the callback could
 * have been typed by anyone, and the one bot is in the servers of all workspaces.
 * @throws PostMcpError `authorization_failed` when no server was named, `config_invalid` when the bot is that of another application
 */
export async function identify(ctx: ProviderContext, exchange: CodeExchange): Promise<Authorization> {
  try {
    return await proveGuild(ctx, exchange)
  } catch (error) {
    await endPersonToken(ctx, exchange.tokens).catch(() => {
      ctx.logger.warn({ platform: 'discord' }, 'token not revoked')
    })
    throw error
  }
}

async function proveGuild(ctx: ProviderContext, exchange: CodeExchange): Promise<Authorization> {
  const { tokens, requestedScopes } = exchange
  const parsed = answerSchema.safeParse(exchange.answer)
  if (!parsed.success) throw new MalformedResponseError('The token answer does not describe an invitation.')
  const { guild, webhook } = parsed.data
  if (!guild)
    throw new PostMcpError(
      'authorization_failed',
      'Discord did not say into which server the bot was invited.',
      {
        platform: 'discord',
        nextAction: 'Connect again and choose a server on the page of Discord.',
      },
    )
  const bot = await callDiscord(ctx, {
    method: 'GET',
    path: '/users/@me',
    subject: 'bot',
    answer: z.object({ id: z.string().min(1) }),
  })
  await requireBotIn(ctx, guild.id)
  const settings = {
    guildId: guild.id,
    guildName: guild.name,
    botUserId: bot.id,
    ...(webhook && {
      webhook: { id: webhook.id, channelId: webhook.channel_id, name: webhook.name ?? 'Webhook' },
    }),
  } satisfies GrantSettings
  return {
    subject: subjectOf(guild.id, requireClient(ctx, manifest).id),
    // A webhook publishes with its own token; that of the person is then of no more use and runs out.
    tokens: webhook ? { accessToken: webhook.token } : tokens,
    grantedScopes: tokens.grantedScopes ?? requestedScopes,
    settings,
    secrets: {},
  }
}

/** The bot whose token is configured has to be the one that was just invited. */
async function requireBotIn(ctx: ProviderContext, guildId: string): Promise<void> {
  try {
    await readGuild(ctx, guildId)
  } catch (error) {
    const isOut =
      error instanceof DiscordError && classifyError(error, 'callback').kind === 'account_unusable'
    if (!isOut) throw error
    throw new PostMcpError(
      'config_invalid',
      'The bot is not in the server it was just invited into: the bot token belongs to another application than the client ID.',
      { platform: 'discord', platformCode: error.platformCode ?? undefined },
    )
  }
}
