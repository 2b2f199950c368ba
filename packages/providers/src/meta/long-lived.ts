import { type GrantAccess, inSeconds, type ProviderContext, type TokenSet } from '@postmcp/core'
import { z } from 'zod'
import { callGraph } from './graph.js'

const answer = z.object({
  access_token: z.string().min(1),
  expires_in: z.number().nullish(),
})

/** A long-lived token as an exchange or an extension gives it. */
export type LongLivedToken = Pick<TokenSet, 'accessToken' | 'accessTokenExpiresAt'>

/** Changes a token for one that lives longer. The answer names its life in seconds, or no life for a token without an end. */
export async function askLongLivedToken(
  ctx: ProviderContext,
  request: { address: string; query: Record<string, string>; token?: string; secrets?: readonly string[] },
): Promise<LongLivedToken> {
  const { access_token, expires_in } = await callGraph(ctx, { ...request, answer })
  const accessTokenExpiresAt = inSeconds(ctx.clock.now(), expires_in)
  return { accessToken: access_token, ...(accessTokenExpiresAt && { accessTokenExpiresAt }) }
}

const daySeconds = 24 * 60 * 60
/** Life of a long-lived token of Instagram and Threads, from which the age of one is told. */
const lifeSeconds = 60 * daySeconds
/** A day, and an hour more because lives are rounded: tokens say a minute less than 60 days. */
const leastAgeSeconds = daySeconds + 60 * 60

/** Whether a token is known to be younger than a day: Instagram and Threads refuse to extend it then. */
export function isTooYoung({ accessTokenExpiresAt }: TokenSet, now: Date): boolean {
  if (accessTokenExpiresAt === undefined) return false
  const ageSeconds = lifeSeconds - (accessTokenExpiresAt.getTime() - now.getTime()) / 1000
  return ageSeconds < leastAgeSeconds
}

/**
 * Extends an access token. One that is too young for that is not sent; it is asked whether it still stands, and stays.
 * @param way.prove any call that fails when the token does not stand
 */
export async function extendToken(
  ctx: ProviderContext,
  { tokens }: GrantAccess,
  way: { address: string; grantType: string; prove(): Promise<unknown> },
): Promise<TokenSet> {
  if (isTooYoung(tokens, ctx.clock.now())) {
    await way.prove()
    return tokens
  }
  const { address, grantType } = way
  const query = { grant_type: grantType }
  return askLongLivedToken(ctx, { address, token: tokens.accessToken, query })
}
