import type { Authorization, CodeExchange, ProviderContext, Target } from '@postmcp/core'
import { z } from 'zod'
import { graphId } from '../meta/graph.js'
import { askLongLivedToken } from '../meta/long-lived.js'
import { addressOf, appOf, callFacebook } from './api.js'

const me = z.object({ id: graphId })
const permissions = z.object({ data: z.array(z.object({ permission: z.string(), status: z.string() })) })

/**
 * Who granted and what. The token of the code lives an hour or two, and so would all tokens of Pages made with it; therefore it is
 * changed first. What was granted is not in any token's answer: people can untick single permissions.
 */
export async function identify(ctx: ProviderContext, exchange: CodeExchange): Promise<Authorization> {
  const { id, secret } = appOf(ctx)
  const short = exchange.tokens.accessToken
  const { accessToken: token } = await askLongLivedToken(ctx, {
    address: addressOf(ctx, 'oauth/access_token'),
    query: {
      grant_type: 'fb_exchange_token',
      client_id: id,
      client_secret: secret,
      fb_exchange_token: short,
    },
    secrets: [short, secret],
  })
  const person = await callFacebook(ctx, { path: 'me', query: { fields: 'id' }, token, answer: me })
  const { data } = await callFacebook(ctx, { path: 'me/permissions', token, answer: permissions })
  const grantedScopes = data.filter(({ status }) => status === 'granted').map(({ permission }) => permission)
  // Its end is left out: Pages publish with tokens of their own, so that nothing a user relies on ends with it.
  const tokens = { accessToken: token, grantedScopes }
  return { subject: person.id, tokens, grantedScopes, settings: {}, secrets: {} }
}

const picture = z.object({ data: z.object({ url: z.string().nullish() }) })

/** A Page as the Graph API describes it. */
export const pageFields = 'id,name,username,picture.type(large)'

/** What the Graph API says of a Page; what cannot be read is left out. */
export const pageAnswer = z.object({
  id: graphId,
  name: z.string().nullish(),
  username: z.string().nullish(),
  picture: picture.nullish().catch(null),
})

/** How a Page is shown. Addresses of pictures are signed and stop working after a while. */
export const toShown = (
  ctx: ProviderContext,
  { id, name, username, picture }: z.infer<typeof pageAnswer>,
): Omit<Target, 'targetId'> => ({
  handle: username || id,
  displayName: name || null,
  avatarUrl: picture?.data.url || null,
  profileUrl: `${ctx.endpoints.www}/${id}`,
})
