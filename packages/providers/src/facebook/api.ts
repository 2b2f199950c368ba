import { type AppClient, type ProviderContext, requireClient } from '@postmcp/core'
import { callGraph, type GraphCall } from '../meta/graph.js'
import { graphVersion, manifest } from './manifest.js'

/** Address of a node or edge of the Graph API, such as `me/accounts`. */
export const addressOf = (ctx: ProviderContext, path: string): string =>
  `${ctx.endpoints.graph}/${graphVersion}/${path}`

/** Our app with the secret that is in force: a new one at Meta makes everything signed with an older one worthless at once. */
export function appOf(ctx: ProviderContext): AppClient & { secret: string } {
  const client = requireClient(ctx, manifest)
  return { ...client, secret: client.secrets[0] ?? '' }
}

/** Calls the Graph API with a token and the proof that it is our app that shows it. By plain calls: see `callGraph`. */
export const callFacebook = <T>(
  ctx: ProviderContext,
  { path, ...call }: Omit<GraphCall<T>, 'address' | 'appSecret'> & { path: string },
): Promise<T> => callGraph(ctx, { ...call, address: addressOf(ctx, path), appSecret: appOf(ctx).secret })
