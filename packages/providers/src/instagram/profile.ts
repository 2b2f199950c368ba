import {
  type Authorization,
  type CodeExchange,
  type GrantAccess,
  MalformedResponseError,
  type ProviderContext,
  requireClient,
  type Target,
} from '@postmcp/core'
import { z } from 'zod'
import { graphId } from '../meta/graph.js'
import { askLongLivedToken } from '../meta/long-lived.js'
import { callInstagram } from './api.js'
import { manifest } from './manifest.js'
import { readExchange } from './token-answer.js'

/**
 * Who granted and what. The token of the code lives an hour and is changed for one of 60 days. Who granted is named as the token
 * endpoint names them; that callbacks use the same id is a guess.
 */
export async function identify(ctx: ProviderContext, exchange: CodeExchange): Promise<Authorization> {
  const { accessToken, userId, permissions = exchange.requestedScopes } = readExchange(exchange.answer)
  const secret = requireClient(ctx, manifest).secrets[0] ?? ''
  const long = await askLongLivedToken(ctx, {
    address: `${ctx.endpoints.graph}/access_token`,
    query: { grant_type: 'ig_exchange_token', client_secret: secret },
    token: accessToken,
    secrets: [secret],
  })
  const tokens = { ...long, grantedScopes: permissions }
  return { subject: userId, tokens, grantedScopes: permissions, settings: {}, secrets: {} }
}

const profile = z.object({
  user_id: graphId,
  username: z.string().min(1),
  name: z.string().nullish(),
  account_type: z.string().nullish(),
  profile_picture_url: z.string().nullish(),
})

/** The account of a token. `user_id` is the professional account, `id` the same person for this app only. */
export const readProfile = (ctx: ProviderContext, token: string) =>
  callInstagram(ctx, {
    path: 'me',
    query: { fields: 'user_id,username,name,account_type,profile_picture_url' },
    token,
    answer: profile,
  })

/** How an account is shown. Addresses of pictures are signed and stop working after a while. */
export const toShown = (
  ctx: ProviderContext,
  { username, name, profile_picture_url }: z.infer<typeof profile>,
): Omit<Target, 'targetId'> => ({
  handle: username,
  displayName: name || null,
  avatarUrl: profile_picture_url || null,
  profileUrl: `${ctx.endpoints.www}/${username}/`,
})

/** The one account of a grant. */
export async function listTargets(ctx: ProviderContext, { tokens }: GrantAccess): Promise<Target[]> {
  const found = await readProfile(ctx, tokens.accessToken)
  return [{ targetId: found.user_id, ...toShown(ctx, found), kind: 'account' }]
}

/** @throws MalformedResponseError when a token answers for another account than it was given for */
export function assertSame(found: string, targetId: string): void {
  if (found !== targetId) throw new MalformedResponseError('Instagram answered for another account.')
}
