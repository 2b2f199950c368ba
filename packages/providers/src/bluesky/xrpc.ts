import {
  type HttpRequest,
  type HttpResponse,
  MalformedResponseError,
  PlatformError,
  type ProviderContext,
  retryAfter,
  type StreamBody,
} from '@postmcp/core'
import { z } from 'zod'
import { type BoundToken, requestWithProof } from './proof.js'

/** One call of a lexicon method. */
export interface XrpcCall<T> {
  /** Address of the server, without a trailing slash. */
  service: string
  /** Name of the method, such as `com.atproto.server.getSession`. */
  method: string
  /** Given: a query by GET; absent: a procedure by POST. */
  query?: Record<string, string>
  json?: Record<string, unknown>
  /** Of a procedure that takes some in its address, too. */
  parameters?: Record<string, string>
  /** A body that is not ours to build; without one, and without `json`, nothing is sent and no content type named. */
  body?: { type: string; content: Uint8Array<ArrayBuffer> | string | StreamBody }
  /** A bearer token, or one that is bound to a key. */
  token?: string | BoundToken
  timeoutMs?: number
  /** Statuses that carry an answer. Default: 200. */
  accepted?: readonly number[]
  /** What the answer must look like; fields it does not name are dropped. */
  answer: z.ZodType<T>
}

/** A file in a repository. */
export const blobForm = z.object({
  $type: z.literal('blob'),
  ref: z.object({ $link: z.string() }),
  mimeType: z.string(),
  size: z.number(),
})

/** The answer of a procedure that has nothing to say: an object we do not read, or no body at all. */
export const nothing = z.looseObject({}).nullable()

const errorBody = z.object({ error: z.string().min(1), message: z.string().optional() })

/**
 * Calls one method and returns its parsed answer.
 * @throws PlatformError when the server answered with an error; `platformCode` is its `error`, verbatim.
 * @throws MalformedResponseError when it answered something no XRPC server says.
 * @throws TransportError when no whole answer came.
 * @see https://atproto.com/specs/xrpc (2026-11-22)
 */
export async function xrpc<T>(ctx: ProviderContext, call: XrpcCall<T>): Promise<T> {
  const request = toRequest(call)
  const response =
    typeof call.token === 'object'
      ? await requestWithProof(ctx, request, call.token)
      : await ctx.http.request(request)
  if (!(call.accepted ?? [200]).includes(response.status)) throw toError(ctx, call, response)
  const parsed = call.answer.safeParse(response.text === '' ? null : response.json)
  if (!parsed.success) throw malformed(call, `its answer is not that of ${call.method}`)
  return parsed.data
}

function toRequest(call: XrpcCall<unknown>): HttpRequest {
  const url = new URL(`${call.service.replace(/\/$/, '')}/xrpc/${call.method}`)
  const parameters = { ...call.query, ...call.parameters }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return {
    method: call.query ? 'GET' : 'POST',
    url,
    headers: {
      ...(typeof call.token === 'string' && { authorization: `Bearer ${call.token}` }),
      ...(call.body && { 'content-type': call.body.type }),
    },
    ...(call.json && { json: call.json }),
    ...(call.body && { body: call.body.content }),
    ...(call.timeoutMs !== undefined && { timeoutMs: call.timeoutMs }),
  }
}

function toError(ctx: ProviderContext, call: XrpcCall<unknown>, response: HttpResponse): Error {
  const { status, headers } = response
  const body = errorBody.safeParse(response.json)
  // A proxy before the server answers in its own words; its status is all there is to read.
  const isPlain = status === 413 || status === 429 || status >= 500
  if (status < 400 || !(body.success || isPlain)) return malformed(call, `it answered ${status}`)
  const { error, message } = body.success ? body.data : { error: null, message: undefined }
  return new PlatformError({
    status,
    platformCode: error === null ? null : hide(call, error).slice(0, 100),
    message: hide(call, message ?? `${hostOf(call)} answered ${call.method} with status ${status}.`),
    retryAfter: status === 429 || status === 503 ? retryAfter(headers, ctx.clock.now()) : undefined,
  })
}

/** The server was chosen by the user: it may repeat in its errors what it was sent. */
function hide(call: XrpcCall<unknown>, text: string): string {
  const token = typeof call.token === 'object' ? call.token.token : call.token
  const secrets = [token, call.json?.password].filter((value) => typeof value === 'string' && value !== '')
  return secrets.reduce<string>((shown, secret) => shown.replaceAll(String(secret), '[hidden]'), text)
}

const malformed = (call: XrpcCall<unknown>, what: string) =>
  new MalformedResponseError(`${hostOf(call)} does not behave like a server of the AT Protocol: ${what}.`)

const hostOf = (call: XrpcCall<unknown>) => new URL(call.service).host
