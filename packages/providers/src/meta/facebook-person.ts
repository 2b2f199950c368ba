import {
  type Authorization,
  type CodeExchange,
  type GrantAccess,
  PlatformError,
  type ProviderContext,
} from '@postmcp/core'
import { z } from 'zod'
import { addressOf, appOf, callAsApp, type FacebookApp } from './facebook-app.js'
import { graphId } from './graph.js'
import { askLongLivedToken } from './long-lived.js'

const me = z.object({ id: graphId })
const permissions = z.object({ data: z.array(z.object({ permission: z.string(), status: z.string() })) })

/**
 * Who granted and what. The token of the code lives an hour or two, and so would all tokens of Pages made with it; therefore it is
 * changed first. What was granted is not in any token's answer: people can untick single permissions.
 */
export async function identifyPerson(
  app: FacebookApp,
  ctx: ProviderContext,
  exchange: CodeExchange,
): Promise<Authorization> {
  const { id, secret } = appOf(app, ctx)
  const short = exchange.tokens.accessToken
  const { accessToken: token } = await askLongLivedToken(ctx, {
    address: addressOf(app, ctx, 'oauth/access_token'),
    query: {
      grant_type: 'fb_exchange_token',
      client_id: id,
      client_secret: secret,
      fb_exchange_token: short,
    },
    secrets: [short, secret],
  })
  const person = await callAsApp(app, ctx, { path: 'me', query: { fields: 'id' }, token, answer: me })
  const { data } = await callAsApp(app, ctx, { path: 'me/permissions', token, answer: permissions })
  const grantedScopes = data.filter(({ status }) => status === 'granted').map(({ permission }) => permission)
  // Its end is left out: Pages publish with tokens of their own, so that nothing a user relies on ends with it.
  const tokens = { accessToken: token, grantedScopes }
  return { subject: person.id, tokens, grantedScopes, settings: {}, secrets: {} }
}

/**
 * Takes back everything the person allowed our app, for all their Pages.
 * @see https://developers.facebook.com/docs/graph-api/reference/user/permissions (2026-11-22)
 */
export async function revokePermissions(
  app: FacebookApp,
  ctx: ProviderContext,
  { subject, tokens }: GrantAccess,
): Promise<void> {
  try {
    await callAsApp(app, ctx, {
      path: `${subject}/permissions`,
      method: 'DELETE',
      token: tokens.accessToken,
      answer: z.object({ success: z.literal(true) }),
    })
  } catch (error) {
    if (!(error instanceof PlatformError && isGone(app, error))) throw error
  }
}

/** A token that was revoked has nothing left to take back; one that only ran out leaves the permissions behind. */
function isGone({ classifyError }: FacebookApp, error: PlatformError): boolean {
  const meaning = classifyError(error, 'revoke')
  return meaning.kind === 'grant_lost' && meaning.status === 'revoked'
}
