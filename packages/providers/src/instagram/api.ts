import type { ProviderContext, PublishInput } from '@postmcp/core'
import { callGraph, type GraphCall } from '../meta/graph.js'
import { graphVersion } from './manifest.js'

/** Calls the Graph API of Instagram. By plain calls: see `callGraph`. */
export const callInstagram = <T>(
  ctx: ProviderContext,
  { path, ...call }: Omit<GraphCall<T>, 'address'> & { path: string },
): Promise<T> => callGraph(ctx, { ...call, address: `${ctx.endpoints.graph}/${graphVersion}/${path}` })

/** What hooks that act for an account are handed. */
export type AccountActor = Pick<PublishInput, 'access' | 'account'>

/** Calls the Graph API of one of the ways to Instagram, as the account. */
export type CallAsAccount = <T>(
  ctx: ProviderContext,
  actor: AccountActor,
  call: Omit<GraphCall<T>, 'address' | 'appSecret' | 'token'> & { path: string },
) => Promise<T>
