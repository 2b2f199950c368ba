import {
  type GrantAccess,
  type HttpRequest,
  type HttpResponse,
  MalformedResponseError,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  retryAfter,
} from '@postmcp/core'
import { z } from 'zod'
import { errorBody } from './errors.js'

// There is no well-kept client of Pinterest's own for Node; plain calls go through our guarded HTTP client.

/** One call of the API, version 5. */
export interface ApiCall<T> {
  /** Default: GET. */
  method?: 'GET' | 'POST' | 'DELETE'
  /** Below `/v5`. */
  path: string
  query?: Record<string, string>
  /** JSON. Default: none. */
  body?: NonNullable<HttpRequest['body']>
  access: Pick<GrantAccess, 'tokens'>
  /** What the answer must look like; fields it does not name are dropped. An empty answer is undefined. */
  answer: z.ZodType<T>
}

/** For calls that are answered with nothing. */
export const nothing = z.undefined()

/**
 * Calls the API and returns the parsed answer.
 * @throws PlatformError when Pinterest answered with an error; `platformCode` is its number, which is not the HTTP status.
 * @throws MalformedResponseError when it answered what is documented nowhere.
 * @throws TransportError when no whole answer came.
 * @see https://developers.pinterest.com/docs/api/v5/introduction (2026-11-22)
 */
export async function callApi<T>(ctx: ProviderContext, call: ApiCall<T>): Promise<T> {
  const url = new URL(`${endpoint(ctx, 'api')}/v5${call.path}`)
  for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value)
  const { method = 'GET', body } = call
  const response = await ctx.http.request({
    method,
    url,
    headers: {
      authorization: `Bearer ${call.access.tokens.accessToken}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body }),
  })
  if (![200, 201, 204].includes(response.status)) throw toError(ctx, call, response)
  const parsed = call.answer.safeParse(response.text === '' ? undefined : (response.json ?? null))
  if (parsed.success) return parsed.data
  throw new MalformedResponseError(`The answer to ${call.path} is not the one that is documented.`)
}

function toError(ctx: ProviderContext, call: ApiCall<unknown>, response: HttpResponse): Error {
  const { status, headers, json } = response
  const body = errorBody.safeParse(json)
  // A proxy in front answers in its own words; its status is all there is to read.
  const isPlain = status === 429 || status >= 500
  if (status < 400 || !(body.success || isPlain)) {
    return new MalformedResponseError(`${call.path} was answered ${status} without an error of the API.`)
  }
  const { code, message, message_detail: detail } = body.success ? body.data : { code: null, message: '' }
  return new PlatformError({
    status,
    platformCode: code,
    message: hide(
      call,
      [message, detail].filter(Boolean).join(' ') || `Pinterest answered with status ${status}.`,
    ),
    requestId: headers.get('x-pinterest-rid') ?? undefined,
    retryAfter: status === 429 || status === 503 ? retryAfter(headers, ctx.clock.now()) : undefined,
  })
}

const hide = (call: ApiCall<unknown>, text: string): string =>
  text.replaceAll(call.access.tokens.accessToken, '[hidden]')

/** The address of a declared endpoint. */
export function endpoint(ctx: ProviderContext, name: 'www' | 'api'): string {
  const url = ctx.endpoints[name]
  if (url !== undefined) return url
  throw new PostMcpError('config_invalid', `Endpoint ${name} of pinterest is not configured.`)
}
