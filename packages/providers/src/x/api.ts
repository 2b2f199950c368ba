import {
  type FormPart,
  type HttpResponse,
  MalformedResponseError,
  multipart,
  PlatformError,
  type ProviderContext,
  retryAfter,
  type TokenSet,
} from '@postmcp/core'
import { z } from 'zod'

// X's own client for TypeScript is younger than 1.0, so these are plain calls.

/** One call as a person. */
export interface ApiCall<T> {
  /** Default: GET. */
  method?: 'GET' | 'POST' | 'DELETE'
  path: string
  query?: Record<string, string>
  /** JSON, to the byte as it is sent. */
  json?: string
  form?: FormPart[]
  /** What the answer must look like; fields it does not name are dropped. */
  answer: z.ZodType<T>
}

/** RFC 7807, with the older form in it: `errors` with a number each. */
const problem = z.object({
  type: z.string().optional(),
  title: z.string().optional(),
  detail: z.string().optional(),
  errors: z.array(z.object({ code: z.number().optional(), message: z.string().optional() })).optional(),
})

/**
 * Calls the API and returns the parsed answer.
 * @throws PlatformError with the last part of the problem's `type` as its code, or the number of an older error
 * @throws MalformedResponseError when the answer is not the documented one
 * @throws TransportError when no whole answer came
 */
export async function callApi<T>(ctx: ProviderContext, tokens: TokenSet, call: ApiCall<T>): Promise<T> {
  const { method = 'GET', path, query = {}, json, form } = call
  const url = new URL(`${baseOf(ctx, 'api')}${path}`)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  const { accessToken } = tokens
  const { headers, body } = form ? multipart(form) : { headers: json && jsonHeaders, body: json }
  const response = await ctx.http.request({
    method,
    url,
    headers: { ...headers, authorization: `Bearer ${accessToken}` },
    ...(body !== undefined && { body }),
  })
  if (response.status >= 400) throw toError(ctx, path, response, [accessToken])
  const parsed = call.answer.safeParse(response.json)
  if ((response.status === 200 || response.status === 201) && parsed.success) return parsed.data
  throw new MalformedResponseError(
    `X answered ${path} with status ${response.status} and something that is not documented.`,
  )
}

const jsonHeaders = { 'content-type': 'application/json' }

function toError(ctx: ProviderContext, path: string, response: HttpResponse, secrets: string[]): Error {
  const { status, headers } = response
  const body = problem.safeParse(response.json)
  const { type = '', title, detail, errors } = body.success ? body.data : {}
  const told = detail ?? errors?.find(({ message }) => message !== undefined)?.message ?? title
  return new PlatformError({
    status,
    platformCode: codeOf(type) ?? errors?.find(({ code }) => code !== undefined)?.code?.toString() ?? null,
    message: hide(told ?? `X answered ${path} with status ${status}.`, secrets),
    requestId: headers.get('x-transaction-id') ?? undefined,
    retryAfter: comeBack(ctx, response),
  })
}

/** The host of a type is the new or the old one, so only its last part counts. */
const codeOf = (type: string): string | null => /\/problems\/([\w-]{1,100})$/.exec(type)?.[1] ?? null

/** When to come back: X says so in a header of its own, in epoch seconds. */
export const comeBack = (ctx: ProviderContext, { status, headers }: HttpResponse): Date | undefined =>
  status === 429 || status === 503 ? retryAfter(headers, ctx.clock.now(), 'x-rate-limit-reset') : undefined

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
