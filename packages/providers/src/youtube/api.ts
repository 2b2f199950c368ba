import {
  type HttpResponse,
  MalformedResponseError,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  retryAfter,
} from '@postmcp/core'
import { z } from 'zod'
import type { manifest } from './manifest.js'
import { nextPacificMidnight } from './quota-day.js'

// No client library of Google: it repeats requests by itself, and its errors print tokens.

/** One call of the Data API that reads. */
export interface ApiCall<T> {
  /** Below the API's base, such as `/youtube/v3/channels`. */
  path: string
  query: Record<string, string>
  /** Bearer token. */
  token: string
  /** What the answer must look like; fields it does not name are dropped. */
  answer: z.ZodType<T>
}

/** The base address of an endpoint, as the operator set it. @throws PostMcpError `config_invalid` */
export function endpoint(ctx: ProviderContext, name: keyof (typeof manifest)['endpoints']): string {
  const url = ctx.endpoints[name]
  if (url === undefined)
    throw new PostMcpError('config_invalid', `Endpoint ${name} of youtube is not configured.`)
  return url
}

/** @see https://developers.google.com/youtube/v3/docs/errors (2026-11-22) */
const errorBody = z.object({
  error: z.object({
    message: z.string().default(''),
    status: z.string().optional(),
    errors: z.array(z.object({ reason: z.string().optional() })).default([]),
    details: z.array(z.object({ reason: z.string().optional() })).default([]),
  }),
})

/**
 * Calls the API and returns its parsed answer.
 * @throws PlatformError when it answered with an error; `platformCode` is its reason, verbatim.
 * @throws MalformedResponseError when it answered something the API never says.
 * @throws TransportError when no whole answer came.
 */
export async function callApi<T>(ctx: ProviderContext, call: ApiCall<T>): Promise<T> {
  const response = await ctx.http.request({
    method: 'GET',
    url: `${endpoint(ctx, 'api')}${call.path}?${new URLSearchParams(call.query)}`,
    headers: { authorization: `Bearer ${call.token}` },
  })
  if (response.status !== 200) throw toError(ctx, call, response)
  const parsed = call.answer.safeParse(response.json)
  if (!parsed.success) throw new MalformedResponseError(`The answer is not that of ${call.path}.`)
  return parsed.data
}

/** Counted by day and project: these end at midnight in California. */
const daily = ['quotaExceeded', 'dailyLimitExceeded']

function toError(
  ctx: ProviderContext,
  { path, token }: ApiCall<unknown>,
  { status, headers, json }: HttpResponse,
): Error {
  const body = errorBody.safeParse(json)
  // What stands before the API answers in its own words; its status is all there is to read.
  const isPlain = status === 429 || status >= 500
  if (status < 400 || !(body.success || isPlain))
    return new MalformedResponseError(`YouTube answered ${path} with status ${status} and no reason.`)
  const told = body.success ? body.data.error : undefined
  const code = told?.errors[0]?.reason ?? told?.details.find(({ reason }) => reason)?.reason ?? told?.status
  const now = ctx.clock.now()
  return new PlatformError({
    status,
    platformCode: code === undefined ? null : code.slice(0, 100),
    message: (told?.message || `YouTube answered ${path} with status ${status}.`).replaceAll(
      token,
      '[hidden]',
    ),
    retryAfter:
      retryAfter(headers, now) ?? (daily.includes(code ?? '') ? nextPacificMidnight(now) : undefined),
  })
}
