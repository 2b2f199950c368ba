import {
  type AppClient,
  type Classification,
  type Manifest,
  type Occasion,
  type PlatformError,
  type ProviderContext,
  requireClient,
} from '@postmcp/core'
import { callGraph, type GraphCall } from './graph.js'

/** What is connected by Facebook Login, as far as it differs. */
export interface FacebookApp {
  manifest: Manifest
  /** Name of the endpoint of the Graph API of facebook.com. */
  endpoint: string
  /** Of the Graph API, such as `v26.0`. */
  version: string
  classifyError(error: PlatformError, occasion: Occasion): Classification
}

/** Address of a node or edge of the Graph API, such as `me/accounts`. */
export const addressOf = ({ endpoint, version }: FacebookApp, ctx: ProviderContext, path: string): string =>
  `${ctx.endpoints[endpoint]}/${version}/${path}`

/** Our app with the secret that is in force: a new one at Meta makes everything signed with an older one worthless at once. */
export function appOf({ manifest }: FacebookApp, ctx: ProviderContext): AppClient & { secret: string } {
  const client = requireClient(ctx, manifest)
  return { ...client, secret: client.secrets[0] ?? '' }
}

/** One call of the Graph API of facebook.com. */
export type FacebookCall<T> = Omit<GraphCall<T>, 'address' | 'appSecret'> & { path: string }

/** Calls the Graph API with a token and the proof that it is our app that shows it. By plain calls: see `callGraph`. */
export const callAsApp = <T>(
  app: FacebookApp,
  ctx: ProviderContext,
  { path, ...call }: FacebookCall<T>,
): Promise<T> =>
  callGraph(ctx, { ...call, address: addressOf(app, ctx, path), appSecret: appOf(app, ctx).secret })
