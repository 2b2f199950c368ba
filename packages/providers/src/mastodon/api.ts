import {
  type FormPart,
  type GrantAccess,
  type HttpResponse,
  MalformedResponseError,
  multipart,
  PlatformError,
  type ProviderContext,
  retryAfter,
} from '@postmcp/core'
import { z } from 'zod'
import { TokenRefusedError } from './errors.js'
import { hostOf } from './instance.js'

// masto.js was considered: it repeats nothing and knows no guard of addresses; eight plain calls are easier across servers.

/** One call of an instance's API. */
export interface ApiCall<T> {
  method: 'GET' | 'POST' | 'DELETE'
  url: string
  /** Whose token is sent. */
  access?: Pick<GrantAccess, 'tokens'>
  form?: Record<string, string>
  /** A form with files. */
  parts?: readonly FormPart[]
  /** JSON, to the byte as it is sent. */
  json?: string
  /** Names a request, so that a repetition of it does nothing more. */
  idempotencyKey?: string
  /** Default: that of the HTTP client. */
  timeoutMs?: number
  /** What of the form must not be repeated. */
  secrets?: readonly string[]
  /** What the answer must look like; fields it does not name are dropped. */
  answer: z.ZodType<T>
}

const errorBody = z.object({ error: z.string().min(1), error_description: z.string().nullish() })

/**
 * Makes one call and returns its parsed answer.
 * @throws PlatformError when the instance answered with an error; its sentence is the message.
 * @throws MalformedResponseError when it answered what no such server says, such as a web page.
 * @throws TransportError when no whole answer came.
 */
export async function callApi<T>(ctx: ProviderContext, call: ApiCall<T>): Promise<T> {
  return (await callApiWithStatus(ctx, call)).data
}

/** As `callApi`, where one good answer means something else than another. */
export async function callApiWithStatus<T>(
  ctx: ProviderContext,
  call: ApiCall<T>,
): Promise<{ status: number; data: T }> {
  const { method, url, access, idempotencyKey, timeoutMs } = call
  const { body, type } = bodyOf(call)
  const response = await ctx.http.request({
    method,
    url,
    headers: {
      ...(access && { authorization: `Bearer ${access.tokens.accessToken}` }),
      ...(type !== undefined && { 'content-type': type }),
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
    },
    ...(body !== undefined && { body }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  })
  const { status } = response
  if (status < 200 || status > 299) throw toError(ctx, call, response)
  const parsed = call.answer.safeParse(response.json)
  if (!parsed.success) throw malformed(url, 'the answer is not the one that is documented')
  return { status, data: parsed.data }
}

function bodyOf({ form, parts, json }: ApiCall<unknown>) {
  if (parts) {
    const { body, headers } = multipart(parts)
    return { body, type: headers['content-type'] }
  }
  if (json !== undefined) return { body: json, type: 'application/json' }
  if (form) return { body: new URLSearchParams(form).toString(), type: 'application/x-www-form-urlencoded' }
  return {}
}

function toError(ctx: ProviderContext, call: ApiCall<unknown>, response: HttpResponse): Error {
  const { status, headers, json } = response
  const body = errorBody.safeParse(json)
  // A proxy before the instance answers in its own words; of these its status is all there is to read.
  const isPlain = status === 410 || status === 413 || status === 429 || status >= 500
  if (!body.success && !isPlain) {
    return malformed(
      call.url,
      status === 403
        ? 'it, or a service in front of it, refuses requests from here (403)'
        : `it answered ${status} without saying why`,
    )
  }
  const { error, error_description: description } = body.success ? body.data : { error: '' }
  const said = [error, description].filter(Boolean).join(': ')
  const details = {
    status,
    platformCode: null,
    message: hide(call, said || `${hostOf(call.url)} answered with status ${status}.`),
    retryAfter: status === 429 || status === 503 ? retryAfter(headers, ctx.clock.now()) : undefined,
  }
  const isTokenRefused = status === 401 || (status === 403 && error === pleromaRefusal)
  if (!call.access || !isTokenRefused) return new PlatformError(details)
  return new TokenRefusedError(details, call.access.tokens.refreshToken !== undefined)
}

/** What Pleroma says, with 403, to a token that is none (unverified for the versions of today). */
const pleromaRefusal = 'Invalid credentials.'

/** The instance was chosen by the user: it may repeat in its errors what it was sent. */
function hide(call: ApiCall<unknown>, text: string): string {
  const { accessToken = '', refreshToken = '' } = call.access?.tokens ?? {}
  return [accessToken, refreshToken, ...(call.secrets ?? [])]
    .filter((secret) => secret !== '')
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), text)
}

const malformed = (url: string, what: string) =>
  new MalformedResponseError(`${hostOf(url)} does not behave like a Mastodon server: ${what}.`)
