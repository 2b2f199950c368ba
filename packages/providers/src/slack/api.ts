import {
  type HttpRequest,
  type HttpResponse,
  MalformedResponseError,
  PlatformError,
  type ProviderContext,
  retryAfter,
  splitScopes,
} from '@postmcp/core'
import { z } from 'zod'

// Plain calls: @slack/web-api repeats requests by itself for half an hour, messages included.

/** One call of a Web API method. */
export interface SlackCall<T> {
  /** Such as `conversations.info`. */
  method: string
  /** Bot token; absent where the client itself asks. */
  token?: string
  query?: Record<string, string>
  /** Given: a POST with this form. */
  form?: Record<string, string>
  /** What the answer must look like; fields it does not name are dropped. */
  answer: z.ZodType<T>
}

/** What Slack answered. */
export interface SlackAnswer<T> {
  data: T
  /** The scopes of the token that asked; null where Slack did not say. */
  tokenScopes: string[] | null
}

/** An error of Slack, with the scopes it names as needed. */
export class SlackError extends PlatformError {
  readonly neededScopes: string[]

  constructor(details: ConstructorParameters<typeof PlatformError>[0], neededScopes: string[]) {
    super(details)
    this.neededScopes = neededScopes
  }
}

const refusal = z.object({
  ok: z.literal(false),
  error: z.string().min(1),
  needed: z.string().optional(),
  response_metadata: z.object({ messages: z.array(z.string()).optional() }).optional(),
})
const success = z.object({ ok: z.literal(true) })

/**
 * Calls one method. Slack answers with status 200 whether it does or refuses what was asked; `ok` says which.
 * @throws SlackError when Slack refused; `platformCode` is its `error`, verbatim
 * @throws MalformedResponseError when the answer is not one of Slack's
 * @see https://docs.slack.dev/apis/web-api/ (2026-11-22)
 */
export async function callSlack<T>(ctx: ProviderContext, call: SlackCall<T>): Promise<SlackAnswer<T>> {
  const response = await ctx.http.request(toRequest(ctx, call))
  if (response.status !== 200 || !success.safeParse(response.json).success) throw toError(ctx, call, response)
  const parsed = call.answer.safeParse(response.json)
  if (!parsed.success)
    throw new MalformedResponseError(`The answer of ${call.method} is not what Slack documents.`)
  const scopes = response.headers.get('x-oauth-scopes')
  return { data: parsed.data, tokenScopes: scopes === null ? null : splitScopes(scopes) }
}

function toRequest(ctx: ProviderContext, { method, token, query, form }: SlackCall<unknown>): HttpRequest {
  const url = new URL(`${ctx.endpoints.web}/api/${method}`)
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value)
  return {
    method: form ? 'POST' : 'GET',
    url,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    ...(form && { body: new URLSearchParams(form).toString() }),
  }
}

function toError(ctx: ProviderContext, call: SlackCall<unknown>, response: HttpResponse): Error {
  const { status, headers, json } = response
  const said = refusal.safeParse(json)
  // A proxy in front of Slack answers in its own words; its status is all there is to read.
  if (!said.success && status !== 429 && status < 500)
    return new MalformedResponseError(
      `Slack answered ${call.method} with status ${status} and something that is none of its answers.`,
    )
  const { error = null, needed = '', response_metadata } = said.data ?? {}
  const words =
    response_metadata?.messages?.join(' ') ??
    (needed === '' ? '' : `The app needs the permission ${needed} for this.`)
  return new SlackError(
    {
      status,
      platformCode: error === null ? null : hide(call, error).slice(0, 100),
      message: hide(call, words),
      requestId: headers.get('x-slack-req-id') ?? undefined,
      retryAfter: status === 429 || status === 503 ? retryAfter(headers, ctx.clock.now()) : undefined,
    },
    splitScopes(needed),
  )
}

/** Errors may repeat what was sent. */
const hide = ({ token, form }: SlackCall<unknown>, text: string): string =>
  [token, form?.client_secret, form?.refresh_token]
    .filter((secret) => secret !== undefined && secret !== '')
    .reduce<string>((shown, secret) => shown.replaceAll(String(secret), '[hidden]'), text)
