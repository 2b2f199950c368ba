import {
  type HttpResponse,
  MalformedResponseError,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  retryAfter,
} from '@postmcp/core'
import { z } from 'zod'
import { dailyCaps } from './errors.js'
import type { manifest } from './manifest.js'

// There is no client library of TikTok for this API.

/** One call of the API. */
export interface ApiCall<T> {
  method: 'GET' | 'POST'
  /** Below the API's base, such as `/v2/user/info/`; the last slash belongs to it. */
  path: string
  query?: Record<string, string>
  /** JSON. Default: none. */
  body?: string
  /** Bearer token. */
  token: string
  /** What else an error must not repeat, such as addresses of our files. Default: nothing. */
  hidden?: readonly string[]
  /** What `data` of the answer must look like; fields it does not name are dropped. */
  data: z.ZodType<T>
}

/** The base address of an endpoint, as the operator set it. @throws PostMcpError `config_invalid` */
export function endpoint(ctx: ProviderContext, name: keyof (typeof manifest)['endpoints']): string {
  const url = ctx.endpoints[name]
  if (url === undefined)
    throw new PostMcpError('config_invalid', `Endpoint ${name} of tiktok is not configured.`)
  return url
}

/** Every answer says in `error` whether it is one; `logid` is how some pages spell it. */
const envelope = z.object({
  data: z.unknown(),
  error: z.object({
    code: z.string().min(1),
    message: z.string().default(''),
    log_id: z.string().optional(),
    logid: z.string().optional(),
  }),
})

/**
 * Calls the API and returns the data of its answer. Whether it succeeded stands in the answer, not in the HTTP status: refusals
 * come with status 200 as well.
 * @throws PlatformError when it answered with an error; `platformCode` is its code, verbatim.
 * @throws MalformedResponseError when it answered something the API never says.
 * @throws TransportError when no whole answer came.
 * @see https://developers.tiktok.com/doc/tiktok-api-v2-error-handling (2026-11-22)
 */
export async function callApi<T>(ctx: ProviderContext, call: ApiCall<T>): Promise<T> {
  const { method, path, query, token } = call
  const search = query ? `?${new URLSearchParams(query)}` : ''
  const response = await ctx.http.request({
    method,
    url: `${endpoint(ctx, 'open')}${path}${search}`,
    headers: {
      authorization: `Bearer ${token}`,
      ...(method === 'POST' && { 'content-type': 'application/json; charset=UTF-8' }),
    },
    ...(call.body !== undefined && { body: call.body }),
  })
  const body = envelope.safeParse(response.json)
  if (!body.success || body.data.error.code !== 'ok') throw toError(ctx, call, response)
  const parsed = call.data.safeParse(body.data.data)
  if (!parsed.success) throw new MalformedResponseError(`The answer is not that of ${path}.`)
  return parsed.data
}

/** Calls per minute are counted in a window that slides. */
const windowMs = 60_000

/** A day's cap lasts until enough posts are 24 hours old, which is not told; asked once an hour, it is waited for through a day. */
const dailyCapMs = 60 * 60 * 1000

function toError(
  ctx: ProviderContext,
  { path, token, hidden = [] }: ApiCall<unknown>,
  { status, headers, json }: HttpResponse,
): Error {
  const told = envelope.safeParse(json).data?.error
  // What stands before the API answers in its own words; its status is all there is to read.
  if (!told && status !== 429 && status < 500)
    return new MalformedResponseError(`TikTok answered ${path} with status ${status} and no code.`)
  const message = told?.message || `TikTok answered ${path} with status ${status}.`
  return new PlatformError({
    status,
    platformCode: told?.code.slice(0, 100) ?? null,
    message: [token, ...hidden].reduce((text, secret) => text.replaceAll(secret, '[hidden]'), message),
    requestId: told?.log_id ?? told?.logid,
    retryAfter: comeBack(ctx, status, headers, told?.code),
  })
}

function comeBack(ctx: ProviderContext, status: number, headers: Headers, code = ''): Date | undefined {
  const now = ctx.clock.now()
  const isCap = dailyCaps.includes(code)
  if (!isCap && status !== 429 && code !== 'rate_limit_exceeded') return undefined
  return retryAfter(headers, now) ?? new Date(now.getTime() + (isCap ? dailyCapMs : windowMs))
}

/** An error in the form of the API at an address of OAuth, which has a form of its own. Null for any other answer. */
export function readTokenError({ json }: { json: unknown }) {
  const told = envelope.partial({ data: true }).safeParse(json).data?.error
  return told && told.code !== 'ok' ? { platformCode: told.code, message: told.message } : null
}
