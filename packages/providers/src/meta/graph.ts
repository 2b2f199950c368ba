import { createHmac } from 'node:crypto'
import {
  type HttpRequest,
  type HttpResponse,
  MalformedResponseError,
  PlatformError,
  type ProviderContext,
  retryAfter,
} from '@postmcp/core'
import { z } from 'zod'

/** An id that some answers write as a number; one above 2^53 arrives as text already. */
export const graphId = z.union([z.string().min(1), z.int().positive()]).transform(String)

const errorBody = z.object({
  error: z.object({
    message: z.string().nullish(),
    code: z.int(),
    error_subcode: z.int().nullish(),
    is_transient: z.boolean().nullish(),
    error_user_msg: z.string().nullish(),
    fbtrace_id: z.string().nullish(),
  }),
})

/** The error object that all Graph APIs share. `platformCode` is code, or code/subcode. */
export interface GraphErrorBody {
  platformCode: string
  message: string
  isTransient: boolean
  requestId: string | undefined
}

/** An error of a Graph API, which also says whether it will pass. */
export class GraphError extends PlatformError {
  readonly isTransient: boolean

  constructor(details: ConstructorParameters<typeof PlatformError>[0] & { isTransient: boolean }) {
    super(details)
    this.isTransient = details.isTransient
  }
}

/**
 * Reads `{error: {message, code, error_subcode, ...}}`; null when the answer is none. The status says little: 400, 401, 403 and 500
 * all occur with the same code. `error_user_msg` is preferred, because public tables contradict each other on what codes mean.
 * @see https://developers.facebook.com/docs/graph-api/guides/error-handling (2026-11-22)
 */
export function readGraphError(json: unknown): GraphErrorBody | null {
  const parsed = errorBody.safeParse(json)
  if (!parsed.success) return readUploadError(json)
  const { code, error_subcode, message, error_user_msg, is_transient, fbtrace_id } = parsed.data.error
  return {
    platformCode: error_subcode ? `${code}/${error_subcode}` : String(code),
    message: error_user_msg || message || '',
    isTransient: is_transient ?? false,
    requestId: fbtrace_id ?? undefined,
  }
}

const uploadError = z.object({
  debug_info: z.object({
    type: z.string().min(1),
    message: z.string().nullish(),
    retriable: z.boolean().nullish(),
  }),
})

/** The servers that take files word errors in their own way; seen in connectors, not documented. */
function readUploadError(json: unknown): GraphErrorBody | null {
  const parsed = uploadError.safeParse(json)
  if (!parsed.success) return null
  const { type, message, retriable } = parsed.data.debug_info
  return {
    platformCode: type,
    message: message ?? '',
    isTransient: retriable ?? false,
    requestId: undefined,
  }
}

/** Proof that a call with a token comes from the app itself. @see https://developers.facebook.com/docs/graph-api/securing-requests (2026-11-22) */
const appSecretProof = (accessToken: string, appSecret: string): string =>
  createHmac('sha256', appSecret).update(accessToken).digest('hex')

/** One call of a Graph API. */
export interface GraphCall<T> {
  /** Absolute, without a query. */
  address: string
  /** Default: GET. */
  method?: 'GET' | 'POST' | 'DELETE'
  query?: Record<string, string>
  /** What is posted, as a form. */
  form?: Record<string, string>
  /** What is posted, where it holds files. */
  content?: Pick<HttpRequest, 'body'> & { headers: Record<string, string> }
  /** Until the answer is read whole; for large content. Default: that of the client. */
  timeoutMs?: number
  /** Access token; travels in the query, the only place documented on all three hosts. Our client logs no queries. */
  token?: string
  /** With it the call carries `appsecret_proof`. */
  appSecret?: string | undefined
  /** What else was sent that must not be repeated to anyone. */
  secrets?: readonly string[]
  /** What the answer must look like; fields it does not name are dropped. */
  answer: z.ZodType<T>
}

const formHeaders = { 'content-type': 'application/x-www-form-urlencoded' }

/**
 * Calls a Graph API and returns the parsed answer. Plain calls, because Meta's own SDK is made for advertising.
 * @throws GraphError when the platform says what is wrong, PlatformError when only its status does
 * @throws MalformedResponseError when it answered something else; TransportError when no whole answer came
 */
export async function callGraph<T>(ctx: ProviderContext, call: GraphCall<T>): Promise<T> {
  const url = new URL(call.address)
  const { method = 'GET', token, appSecret } = call
  const proof = token === undefined || appSecret === undefined ? undefined : appSecretProof(token, appSecret)
  const parameters = { ...call.query, access_token: token, appsecret_proof: proof }
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value)
  }
  const response = await ctx.http.request({
    method,
    url,
    ...(call.form && { headers: formHeaders, body: String(new URLSearchParams(call.form)) }),
    ...call.content,
    ...(call.timeoutMs !== undefined && { timeoutMs: call.timeoutMs }),
  })
  const hide = hider([token, proof, appSecret, ...(call.secrets ?? [])])
  // An error comes before success: some answers with an error have status 200.
  const error = toError(response, url.host, ctx.clock.now(), hide)
  if (error) throw error
  const parsed = call.answer.safeParse(response.json)
  if (!parsed.success)
    throw new MalformedResponseError(`${url.host} answered in a form that is not documented.`)
  return parsed.data
}

function toError(
  { status, headers, json }: HttpResponse,
  host: string,
  now: Date,
  hide: (text: string) => string,
): Error | null {
  const told = readGraphError(json)
  const comeBack = retryAfter(headers, now) ?? regainsAccessAt(headers, now)
  if (told) {
    return new GraphError({
      status,
      platformCode: told.platformCode,
      message: hide(told.message),
      requestId: told.requestId && hide(told.requestId).slice(0, 100),
      retryAfter: comeBack,
      isTransient: told.isTransient,
    })
  }
  if (status === 429 || status >= 500) {
    const message = `${host} answered with status ${status}.`
    return new PlatformError({ status, platformCode: null, message, retryAfter: comeBack })
  }
  return status >= 200 && status < 300 ? null : new MalformedResponseError(`${host} answered ${status}.`)
}

const usage = z.record(
  z.string(),
  z.array(z.object({ estimated_time_to_regain_access: z.number().nullish() })),
)

/**
 * When a limited caller may come back, from `X-Business-Use-Case-Usage`: minutes, one entry for each business object and kind of
 * use. There is no Retry-After. @see https://developers.facebook.com/docs/graph-api/overview/rate-limiting (2026-11-22)
 */
function regainsAccessAt(headers: Headers, now: Date): Date | undefined {
  const parsed = usage.safeParse(parseJson(headers.get('x-business-use-case-usage')))
  if (!parsed.success) return undefined
  const minutes = Object.values(parsed.data)
    .flat()
    .map((entry) => entry.estimated_time_to_regain_access ?? 0)
  const longest = Math.max(0, ...minutes)
  return longest > 0 && longest <= 31 * 24 * 60 ? new Date(now.getTime() + longest * 60_000) : undefined
}

function parseJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}

/** Errors may repeat what was sent, as it is or as it stands in an address. */
const hider =
  (secrets: readonly (string | undefined)[]) =>
  (text: string): string =>
    secrets
      .filter((secret) => secret !== undefined && secret.length >= 6)
      .flatMap((secret) => [String(secret), encodeURIComponent(String(secret))])
      .reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), text)
