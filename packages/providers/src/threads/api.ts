import type { ProviderContext } from '@postmcp/core'
import { callGraph, type GraphCall } from '../meta/graph.js'

/** The only version of the API; those of the Graph API do not apply. */
const version = 'v1.0'

/** Calls the API of Threads. By plain calls: see `callGraph`. */
export const callThreads = <T>(
  ctx: ProviderContext,
  { path, ...call }: Omit<GraphCall<T>, 'address'> & { path: string },
): Promise<T> => callGraph(ctx, { ...call, address: `${ctx.endpoints.graph}/${version}/${path}` })
