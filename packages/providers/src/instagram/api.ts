import type { ProviderContext } from '@postmcp/core'
import { callGraph, type GraphCall } from '../meta/graph.js'
import { graphVersion } from './manifest.js'

/** Calls the Graph API of Instagram. By plain calls: see `callGraph`. */
export const callInstagram = <T>(
  ctx: ProviderContext,
  { path, ...call }: Omit<GraphCall<T>, 'address'> & { path: string },
): Promise<T> => callGraph(ctx, { ...call, address: `${ctx.endpoints.graph}/${graphVersion}/${path}` })
