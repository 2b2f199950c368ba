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
import { callThreads } from './api.js'
import { manifest } from './manifest.js'
import { readScopes } from './token-inspection.js'

/** Who granted and what. The token of the code lives an hour and is changed for one of 60 days, or nothing is kept. */
export async function identify(ctx: ProviderContext, exchange: CodeExchange): Promise<Authorization> {
  const secret = requireClient(ctx, manifest).secrets[0] ?? ''
  const long = await askLongLivedToken(ctx, {
    address: `${ctx.endpoints.graph}/access_token`,
    query: { grant_type: 'th_exchange_token', client_secret: secret },
    token: exchange.tokens.accessToken,
    secrets: [secret],
  })
  const grantedScopes = (await readScopes(ctx, long.accessToken)) ?? exchange.requestedScopes
  // The answer to the code names the person by a number above 2^53; here it is text.
  const { id } = await callThreads(ctx, {
    path: 'me',
    query: { fields: 'id' },
    token: long.accessToken,
    answer: z.object({ id: graphId }),
  })
  const tokens = { ...long, grantedScopes }
  return { subject: id, tokens, grantedScopes, settings: {}, secrets: {} }
}

const profile = z.object({
  id: graphId,
  username: z.string().min(1),
  name: z.string().nullish(),
  threads_profile_picture_url: z.string().nullish(),
})

/** The profile of a token. */
export const readProfile = (ctx: ProviderContext, token: string) =>
  callThreads(ctx, {
    path: 'me',
    query: { fields: 'id,username,name,threads_profile_picture_url' },
    token,
    answer: profile,
  })

/** How a profile is shown. Addresses of pictures are signed and stop working after a while. */
export const toShown = (
  ctx: ProviderContext,
  { username, name, threads_profile_picture_url }: z.infer<typeof profile>,
): Omit<Target, 'targetId'> => ({
  handle: username,
  displayName: name || null,
  avatarUrl: threads_profile_picture_url || null,
  profileUrl: `${ctx.endpoints.www}/@${username}`,
})

/** The one profile of a grant. */
export async function listTargets(ctx: ProviderContext, { tokens }: GrantAccess): Promise<Target[]> {
  const found = await readProfile(ctx, tokens.accessToken)
  return [{ targetId: found.id, ...toShown(ctx, found), kind: 'profile' }]
}

/** @throws MalformedResponseError when a token answers for another profile than it was given for */
export function assertSame(found: string, targetId: string): void {
  if (found !== targetId) throw new MalformedResponseError('Threads answered for another profile.')
}
