import {
  type GrantAccess,
  type HttpRequest,
  type HttpResponse,
  MalformedResponseError,
  PlatformError,
  type ProviderContext,
  retryAfter,
} from '@postmcp/core'
import type { z } from 'zod'
import { errorBody } from './errors.js'

/** One call of the API. */
export interface ApiCall<T> extends Pick<HttpRequest, 'method' | 'headers' | 'body'> {
  path: string
  access: Pick<GrantAccess, 'tokens'>
  /** What the answer must look like; fields it does not name are dropped. */
  answer: z.ZodType<T>
}

/**
 * @throws PlatformError for an error that Example answered; MalformedResponseError for an answer that is none;
 *   TransportError when no whole answer came
 */
export async function callApi<T>(ctx: ProviderContext, call: ApiCall<T>): Promise<T> {
  const { path, access, answer, headers, ...request } = call
  const token = access.tokens.accessToken
  const response = await ctx.http.request({
    ...request,
    url: `${ctx.endpoints.api}/v1${path}`,
    headers: { ...headers, authorization: `Bearer ${token}` },
  })
  const parsed = answer.safeParse(response.json)
  if (response.status === 200 && parsed.success) return parsed.data
  throw readError(ctx, response, token)
}

function readError(ctx: ProviderContext, { status, headers, json }: HttpResponse, token: string): Error {
  const { success, data } = errorBody.safeParse(json)
  // A proxy in front of the API answers in its own words; its status is all there is to read.
  if (status < 400 || !(success || status === 429 || status >= 500)) {
    return new MalformedResponseError(`The answer with status ${status} is not one that is documented.`)
  }
  return new PlatformError({
    status,
    platformCode: data?.error.code ?? null,
    // Some servers repeat in an error what they were asked.
    message: (data?.error.message ?? '').replaceAll(token, '[hidden]'),
    retryAfter: status === 429 ? retryAfter(headers, ctx.clock.now()) : undefined,
  })
}
