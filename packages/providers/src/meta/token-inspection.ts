import type { ProviderContext } from '@postmcp/core'
import { z } from 'zod'
import { appOf, callAsApp, type FacebookApp } from './facebook-app.js'
import { GraphError, graphId } from './graph.js'

const answer = z.object({
  data: z.object({
    is_valid: z.boolean(),
    scopes: z.array(z.string()).catch([]),
    granular_scopes: z
      .array(z.object({ scope: z.string(), target_ids: z.array(graphId).optional() }))
      .catch([]),
    expires_at: z.number().nullish(),
    error: z.object({ code: z.int(), subcode: z.int().nullish(), message: z.string().catch('') }).nullish(),
  }),
})

/** What a living token is good for. */
export interface TokenInspection {
  scopes: string[]
  /** Whether a scope holds for a Page, or what is linked to it; a scope without a list of targets holds for all. */
  covers(scope: string, targetId: string): boolean
}

/**
 * Asks what a token is worth. Costs the person nothing of their quota, as it is asked by the app.
 * @throws GraphError in the words of the platform when the token is no longer good
 * @see https://developers.facebook.com/docs/graph-api/reference/debug_token (2026-11-22)
 */
export async function inspectToken(
  app: FacebookApp,
  ctx: ProviderContext,
  token: string,
): Promise<TokenInspection> {
  const { id, secret } = appOf(app, ctx)
  const { data } = await callAsApp(app, ctx, {
    path: 'debug_token',
    query: { input_token: token },
    token: `${id}|${secret}`,
    secrets: [token],
    answer,
  })
  if (!data.is_valid) throw toError(data, ctx.clock.now())
  const narrowed = new Map(data.granular_scopes.map(({ scope, target_ids }) => [scope, target_ids]))
  return {
    scopes: data.scopes,
    covers: (scope, targetId) => narrowed.get(scope)?.includes(targetId) ?? true,
  }
}

function toError({ error, expires_at }: z.infer<typeof answer>['data'], now: Date): GraphError {
  const hasExpired = !!expires_at && expires_at * 1000 <= now.getTime()
  const subcode = error?.subcode ?? (hasExpired ? 463 : null)
  const code = error?.code ?? 190
  return new GraphError({
    status: 200,
    platformCode: subcode ? `${code}/${subcode}` : String(code),
    message: error?.message || 'The token is no longer valid.',
    isTransient: false,
  })
}
