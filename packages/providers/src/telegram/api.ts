import {
  type FormPart,
  type HttpRequest,
  type HttpResponse,
  MalformedResponseError,
  multipart,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  retryAfter,
} from '@postmcp/core'
import { z } from 'zod'
import { hideToken } from './bot-token.js'

type Details = ConstructorParameters<typeof PlatformError>[0]

/** One call of the Bot API. */
export interface BotCall<T> {
  token: string
  /** Such as `getChat`. */
  method: string
  parameters?: Record<string, unknown>
  /** The parameters as JSON text, to be sent to the byte. */
  body?: string
  /** The parameters as a form, where files go along. */
  form?: FormPart[]
  /** Default: that of the HTTP client. */
  timeoutMs?: number
  /** What `result` must look like; fields it does not name are dropped. */
  result: z.ZodType<T>
}

/** The group was upgraded to a supergroup and is reached under another id from now on. */
export class ChatMigratedError extends PlatformError {
  readonly newChatId: string

  constructor(details: Details, newChatId: string) {
    super(details)
    this.newChatId = newChatId
  }
}

/** An id as we keep it. */
export const idForm = z.union([z.int(), z.string()]).transform(String)

const answerForm = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({
    ok: z.literal(false),
    error_code: z.int(),
    description: z.string(),
    parameters: z
      .object({ retry_after: z.number().optional(), migrate_to_chat_id: idForm.optional() })
      .optional(),
  }),
])
type Refusal = Extract<z.infer<typeof answerForm>, { ok: false }>

/**
 * Calls one method and returns its parsed result. By plain requests, not by a client library: the token stands in the address,
 * which only our own client keeps out of errors and logs.
 * @throws PlatformError; its message is Telegram's description, which is all there is to tell errors apart
 * @throws ChatMigratedError, MalformedResponseError, TransportError
 * @see https://core.telegram.org/bots/api#making-requests (2026-11-22)
 */
export async function callBot<T>(ctx: ProviderContext, call: BotCall<T>): Promise<T> {
  const response = await ctx.http.request({
    method: 'POST',
    url: `${endpoint(ctx, 'api')}/bot${call.token}/${call.method}`,
    ...contentOf(call),
    ...(call.timeoutMs !== undefined && { timeoutMs: call.timeoutMs }),
  })
  const answer = answerForm.safeParse(response.json)
  if (answer.success && answer.data.ok) {
    const result = call.result.safeParse(answer.data.result)
    if (result.success) return result.data
    throw new MalformedResponseError(`Its answer is not that of ${call.method}.`)
  }
  throw toError(ctx, call, response, answer.success && !answer.data.ok ? answer.data : null)
}

function contentOf({
  parameters = {},
  body,
  form,
}: BotCall<unknown>): Pick<HttpRequest, 'json' | 'body' | 'headers'> {
  if (form) return multipart(form)
  return body === undefined ? { json: parameters } : { body, headers: { 'content-type': 'application/json' } }
}

function toError(
  ctx: ProviderContext,
  { token, method }: BotCall<unknown>,
  { status, headers }: HttpResponse,
  refusal: Refusal | null,
): Error {
  // A proxy before the server answers in its own words; its status is all there is to read. 413: it let nothing through.
  if (!refusal && status !== 413 && status !== 429 && status < 500) {
    return new MalformedResponseError(
      `It answered ${method} with status ${status} and no word of the Bot API.`,
    )
  }
  const code = refusal?.error_code ?? status
  const description = hideToken(refusal?.description ?? `It answered with status ${status}.`, token)
  const now = ctx.clock.now()
  const seconds = refusal?.parameters?.retry_after
  const details: Details = {
    status: code,
    platformCode: /\b[A-Z]+(_[A-Z0-9]+)+\b/.exec(description)?.[0] ?? null,
    message: description,
    retryAfter:
      seconds !== undefined
        ? new Date(now.getTime() + seconds * 1000)
        : code === 429 || code === 503
          ? retryAfter(headers, now)
          : undefined,
  }
  const newChatId = refusal?.parameters?.migrate_to_chat_id
  return newChatId === undefined ? new PlatformError(details) : new ChatMigratedError(details, newChatId)
}

/** The address of a declared endpoint. */
export function endpoint(ctx: ProviderContext, name: 'api' | 'web'): string {
  const url = ctx.endpoints[name]
  if (url === undefined) {
    throw new PostMcpError('config_invalid', `Endpoint ${name} of telegram is not configured.`)
  }
  return url
}
