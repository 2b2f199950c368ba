import { PostMcpError, type ProviderContext, type PublishInput } from '@postmcp/core'
import type { FacebookCall } from '../meta/facebook-app.js'
import { callFacebook } from './api.js'

/** What hooks that act for a Page are handed. */
export type Actor = Pick<PublishInput, 'account'>

/** The Page's own token, which outlives that of the person. @throws PostMcpError `account_not_publishable` */
export function tokenOf({ account }: Actor): string {
  const { pageToken } = account.secrets
  if (pageToken !== undefined) return pageToken
  throw new PostMcpError('account_not_publishable', 'There is no token for this Page.', {
    platform: 'facebook',
  })
}

/** Calls the Graph API as the Page. */
export const callAsPage = <T>(
  ctx: ProviderContext,
  actor: Actor,
  call: Omit<FacebookCall<T>, 'token'>,
): Promise<T> => callFacebook(ctx, { ...call, token: tokenOf(actor) })

/** Where something of the Page is shown; addresses come whole or from the root. */
export const linkTo = (ctx: ProviderContext, path: string): string =>
  new URL(path, `${ctx.endpoints.www}/`).href
