import { PlatformError, type ProviderContext, requireClient, splitScopes } from '@postmcp/core'
import { z } from 'zod'
import { GraphError } from '../meta/graph.js'
import { callThreads } from './api.js'
import { classifyError } from './errors.js'
import { manifest } from './manifest.js'

const answer = z.object({
  data: z.object({
    is_valid: z.boolean(),
    scopes: z
      .union([z.array(z.string()), z.string().transform(splitScopes)])
      .nullish()
      .transform((scopes) => scopes ?? []),
    expires_at: z.number().nullish(),
  }),
})
type Inspected = z.infer<typeof answer>['data']

/**
 * The scopes of a token, which no other answer names; null where the platform does not tell us. The page wants the token of a tester
 * to ask with, which an installation need not have; the app's own is tried, then the one that is asked about.
 * @throws GraphError when the token is no longer good
 * @see https://developers.facebook.com/documentation/threads/troubleshooting/debug-access-token (2026-11-22)
 */
export async function readScopes(ctx: ProviderContext, token: string): Promise<string[] | null> {
  const { id, secrets } = requireClient(ctx, manifest)
  const asked = (await ask(ctx, token, `TH|${id}|${secrets[0] ?? ''}`)) ?? (await ask(ctx, token, token))
  if (asked === null || asked.is_valid) return asked?.scopes ?? null
  return throwEnd(ctx, token, asked)
}

/** Null when it is refused that this one asks. */
async function ask(ctx: ProviderContext, input: string, token: string): Promise<Inspected | null> {
  try {
    const query = { input_token: input }
    const { data } = await callThreads(ctx, {
      path: 'debug_token',
      query,
      token,
      secrets: [input, ...(ctx.client?.secrets ?? [])],
      answer,
    })
    return data
  } catch (error) {
    const isOurOwn = input === token
    if (error instanceof PlatformError && isRefusal(error, isOurOwn)) return null
    throw error
  }
}

/** Of a token that asks about itself a lost grant is the answer. */
function isRefusal(error: PlatformError, isOurOwn: boolean): boolean {
  const meaning = classifyError(error, 'callback')
  if (meaning.kind === 'grant_lost' || meaning.kind === 'account_unusable') {
    return !isOurOwn || ('reason' in meaning && meaning.reason === 'scope_missing')
  }
  return meaning.kind === 'refused' || meaning.kind === 'client_invalid'
}

/** Why a token ended. The inspection does not say, but any call does; one that "does not exist" says nothing more. */
async function throwEnd(ctx: ProviderContext, token: string, { expires_at }: Inspected): Promise<never> {
  const hasExpired = !!expires_at && expires_at * 1000 <= ctx.clock.now().getTime()
  if (hasExpired) throw ended('190/463')
  try {
    await callThreads(ctx, { path: 'me', query: { fields: 'id' }, token, answer: z.unknown() })
  } catch (error) {
    const isSilent = error instanceof PlatformError && classifyError(error, 'callback').kind === 'refused'
    if (!isSilent) throw error
  }
  throw ended('190')
}

const ended = (platformCode: string) =>
  new GraphError({
    status: 200,
    platformCode,
    message: 'The token is no longer valid.',
    isTransient: false,
  })
