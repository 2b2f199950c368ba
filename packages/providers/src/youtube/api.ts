import {
  type HttpRequest,
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

/** One call of the Data API. */
export interface ApiCall<T> {
  /** Default: GET. */
  method?: 'GET' | 'POST' | 'DELETE'
  /** Below the API's base, such as `/youtube/v3/channels`. */
  path: string
  query: Record<string, string>
  /** Bearer token. */
  token: string
  /** Default: none. */
  body?: { type: string; content: NonNullable<HttpRequest['body']> }
  /** What the answer must look like; fields it does not name are dropped. An empty answer is undefined. */
  answer: z.ZodType<T>
}

/** For calls that are answered with nothing. */
export const nothing = z.undefined()

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
  const { method = 'GET', path, query, token, body } = call
  const response = await ctx.http.request({
    method,
    url: `${endpoint(ctx, 'api')}${path}?${new URLSearchParams(query)}`,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': body.type }) },
    ...(body && { body: body.content }),
  })
  if (response.status !== 200 && response.status !== 204) {
    throw toError(ctx, { path, hidden: [token] }, response)
  }
  const parsed = call.answer.safeParse(response.text === '' ? undefined : (response.json ?? null))
  if (!parsed.success) throw new MalformedResponseError(`The answer is not that of ${call.path}.`)
  return parsed.data
}

/** Counted by day and project: these end at midnight in California. */
const daily = ['quotaExceeded', 'dailyLimitExceeded']

/** How long the channel's own limit lasts is not told; asked once an hour, it is waited for through a day. */
const channelLimitMs = 60 * 60 * 1000

/**
 * The error that an answer is.
 * @param call.hidden what must not be repeated: the token, the address of an upload
 * @param call.isPlain whether any refusal may come without the API's own words. Default: only passing trouble may
 */
export function toError(
  ctx: ProviderContext,
  { path, hidden, isPlain = false }: { path: string; hidden: readonly string[]; isPlain?: boolean },
  { status, headers, json }: HttpResponse,
): Error {
  const body = errorBody.safeParse(json)
  // What stands before the API answers in its own words; its status is all there is to read.
  const isReadable = body.success || isPlain || status === 429 || status >= 500
  if (status < 400 || !isReadable)
    return new MalformedResponseError(`YouTube answered ${path} with status ${status} and no reason.`)
  const told = body.success ? body.data.error : undefined
  const code = told?.errors[0]?.reason ?? told?.details.find(({ reason }) => reason)?.reason ?? told?.status
  const message = told?.message || `YouTube answered ${path} with status ${status}.`
  return new PlatformError({
    status,
    platformCode: code === undefined ? null : code.slice(0, 100),
    message: hidden.reduce((text, secret) => text.replaceAll(secret, '[hidden]'), message),
    retryAfter: retryAfter(headers, ctx.clock.now()) ?? endOfLimit(ctx, code, message),
  })
}

function endOfLimit(ctx: ProviderContext, code = '', message: string): Date | undefined {
  const now = ctx.clock.now()
  if (code === 'uploadLimitExceeded') return new Date(now.getTime() + channelLimitMs)
  // The bucket of uploads has the code of a short burst; only the words tell it apart:
  // github.com/googleapis/google-api-python-client/issues/2753 (2026-05-27).
  const isBucket = code === 'rateLimitExceeded' && /\bper day\b/.test(message)
  return isBucket || daily.includes(code) ? nextPacificMidnight(now) : undefined
}
