import {
  type HttpResponse,
  MalformedResponseError,
  PlatformError,
  type ProviderContext,
  retryAfter,
  type TokenSet,
} from '@postmcp/core'
import { z } from 'zod'
import { UnrenewableError } from './errors.js'
import { apiVersion } from './manifest.js'

// LinkedIn's own client for JavaScript rests since 2023, so these are plain calls.

/** One call. */
export interface ApiCall<T> {
  /** Default: GET. */
  method?: 'GET' | 'POST' | 'DELETE'
  /** Of Rest.li, where the method of HTTP does not say it: `FINDER`, `DELETE`. */
  restliMethod?: string
  /** JSON, to the byte as it is sent. */
  json?: string
  /** Below `/rest/` it is versioned, below `/v2/` it is not. */
  path: string
  /** As it stands in the address: lists of Rest.li, `List(1,2)`, keep their parentheses. */
  query?: string
  /** What the answer must look like; fields it does not name are dropped. */
  answer: z.ZodType<T>
}

/** Both forms of error bodies; the newer one has `code`. */
const errorBody = z.object({
  message: z.string().optional(),
  code: z.string().optional(),
  serviceErrorCode: z.union([z.number(), z.string()]).optional(),
})

/**
 * Calls the API as a member and returns the parsed answer.
 * @throws PlatformError with LinkedIn's `code`, else its `serviceErrorCode`; `UnrenewableError` where there is no refresh token
 * @throws MalformedResponseError when the answer is not the documented one
 * @throws TransportError when no whole answer came
 */
export async function callApi<T>(ctx: ProviderContext, tokens: TokenSet, call: ApiCall<T>): Promise<T> {
  const response = await sendCall(ctx, tokens, call)
  const parsed = call.answer.safeParse(response.json)
  if (response.status === 200 && parsed.success) return parsed.data
  throw undocumented(call.path, response)
}

/** As `callApi`, where the answer has no body, or what counts stands in its headers. */
export async function sendCall(
  ctx: ProviderContext,
  tokens: TokenSet,
  { method = 'GET', path, query, json, restliMethod }: Omit<ApiCall<unknown>, 'answer'>,
): Promise<HttpResponse> {
  const response = await ctx.http.request({
    method,
    url: new URL(`${baseOf(ctx, 'api')}${path}${query === undefined ? '' : `?${query}`}`),
    headers: {
      authorization: `Bearer ${tokens.accessToken}`,
      ...(path.startsWith('/rest/') && {
        'linkedin-version': apiVersion,
        'x-restli-protocol-version': '2.0.0',
      }),
      ...(restliMethod !== undefined && { 'x-restli-method': restliMethod }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
    },
    ...(json !== undefined && { body: json }),
  })
  if (response.status >= 400) throw toError(ctx, tokens, path, response)
  return response
}

/** An answer with a status that is good and a content nobody knows. */
export const undocumented = (path: string, { status }: HttpResponse): MalformedResponseError =>
  new MalformedResponseError(
    `LinkedIn answered ${path} with status ${status} and something that is not documented.`,
  )

/** The error that a refusal is; `path` names the call to people. */
export function toError(ctx: ProviderContext, tokens: TokenSet, path: string, response: HttpResponse): Error {
  const { status, headers } = response
  const body = errorBody.safeParse(response.json)
  const { code, serviceErrorCode, message } = body.success ? body.data : {}
  // Some answers repeat the status in its place, which says nothing.
  const subcode = String(serviceErrorCode ?? '') === String(status) ? undefined : serviceErrorCode
  const details = {
    status,
    platformCode: (code ?? subcode?.toString())?.slice(0, 100) ?? null,
    message: hide(message ?? `LinkedIn answered ${path} with status ${status}.`, [tokens.accessToken]),
    requestId: headers.get('x-li-uuid') ?? headers.get('x-li-request-id') ?? undefined,
    retryAfter: comeBack(ctx, response),
  }
  return tokens.refreshToken === undefined ? new UnrenewableError(details) : new PlatformError(details)
}

/** When to come back. LinkedIn names no time: its quotas are per day and start anew at midnight UTC. */
export function comeBack(ctx: ProviderContext, { status, headers }: HttpResponse): Date | undefined {
  if (status !== 429 && status !== 503) return undefined
  const now = ctx.clock.now()
  const told = retryAfter(headers, now)
  if (told !== undefined || status !== 429) return told
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1))
}

/** A base address of the manifest. */
export function baseOf(ctx: ProviderContext, name: 'www' | 'api'): string {
  const base = ctx.endpoints[name]
  if (base === undefined) throw new TypeError(`There is no endpoint ${name}.`)
  return base
}

/** An error may repeat what was sent. */
export const hide = (text: string, secrets: readonly string[]): string =>
  secrets
    .filter((secret) => secret.length >= 6)
    .reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), text)
