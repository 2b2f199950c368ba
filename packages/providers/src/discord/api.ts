import {
  type FormPart,
  type HttpRequest,
  type HttpResponse,
  MalformedResponseError,
  multipart,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  requireClient,
  retryAfter,
  variableOf,
} from '@postmcp/core'
import { z } from 'zod'
import { manifest } from './manifest.js'

// Plain calls: @discordjs/rest repeats requests by itself, waits out rate limits, and forgets its token after any 401.

/** What was asked for, for errors that mean something else of each. */
export type Subject = 'guild' | 'channel' | 'message' | 'webhook' | 'bot' | 'person'

/** One call of the API. */
export interface DiscordCall<T> {
  method: 'GET' | 'POST' | 'DELETE'
  /** Below the API's base, such as `/users/@me`. May hold the token of a webhook. */
  path: string
  subject: Subject
  /** Absent: the bot asks. `none`: the path itself is the proof. `client`: our application asks, with this form. */
  as?: 'none' | { clientForm: Record<string, string> }
  /** Sent as it is. */
  json?: string
  /** The same with files. */
  form?: FormPart[]
  /** Default: that of the HTTP client. */
  timeoutMs?: number
  /** What in path or form must not be repeated. */
  secrets?: readonly string[]
  /** What the answer must look like; fields it does not name are dropped. Absent: there is nothing to read. */
  answer?: z.ZodType<T>
}

/** An error of Discord, with what was asked for. */
export class DiscordError extends PlatformError {
  readonly subject: Subject

  constructor(details: ConstructorParameters<typeof PlatformError>[0], subject: Subject) {
    super(details)
    this.subject = subject
  }
}

const errorBody = z.object({ code: z.number().optional(), message: z.string() })
const limitBody = z.object({ retry_after: z.number().nonnegative() })

/** The part of an answer that a call without `answer` has. */
const nothing = z.unknown()

/**
 * Calls the API once. Nothing is repeated: ten thousand refusals in ten minutes lock our address out, so the first one ends a hook.
 * @throws DiscordError when Discord answered with an error; `platformCode` is its number, verbatim
 * @throws MalformedResponseError when the answer is not Discord's, such as a page of the proxy in front of it
 * @see https://docs.discord.com/developers/reference (2026-11-22)
 */
export async function callDiscord<T>(ctx: ProviderContext, call: DiscordCall<T>): Promise<T> {
  const { method, path, as, answer = nothing as z.ZodType<T> } = call
  const form = typeof as === 'object' ? as.clientForm : undefined
  const authorization = as === 'none' ? undefined : form ? basicOf(ctx) : `Bot ${botTokenOf(ctx)}`
  const content = contentOf(call)
  const response = await ctx.http.request({
    method,
    url: `${ctx.endpoints.web}/api/v10${path}`,
    headers: {
      // Other names are turned away by the proxy in front of the API.
      'user-agent': `DiscordBot (${ctx.publicUrl}, 1.0)`,
      ...(authorization !== undefined && { authorization }),
      ...content.headers,
    },
    ...(content.body !== undefined && { body: content.body }),
    ...(call.timeoutMs !== undefined && { timeoutMs: call.timeoutMs }),
  })
  const secrets = [...(call.secrets ?? []), authorization?.split(' ')[1] ?? '']
  if (response.status < 200 || response.status > 299) throw toError(ctx, call.subject, response, secrets)
  // Whatever is deleted is answered with nothing; a page of a proxy is not that.
  if (method === 'DELETE' && response.status !== 204)
    throw new MalformedResponseError(`Discord answered a deletion with status ${response.status}.`)
  const parsed = answer.safeParse(response.json)
  if (!parsed.success)
    throw new MalformedResponseError(`What Discord says of a ${call.subject} is not what it documents.`)
  return parsed.data
}

function contentOf({ as, json, form }: DiscordCall<unknown>): Pick<HttpRequest, 'headers' | 'body'> {
  if (typeof as === 'object') {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return { headers, body: new URLSearchParams(as.clientForm).toString() }
  }
  if (form) return multipart(form)
  return json === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: json }
}

/** The token of the one bot; it belongs to the operator and is never kept with a grant. */
function botTokenOf(ctx: ProviderContext): string {
  const { botToken } = requireClient(ctx, manifest).values
  if (botToken !== undefined && botToken !== '') return botToken
  throw new PostMcpError('client_not_configured', 'There is no bot token for Discord.', {
    platform: 'discord',
    nextAction: `Set ${variableOf('discord', 'botToken')}.`,
  })
}

function basicOf(ctx: ProviderContext): string {
  const { id, secrets } = requireClient(ctx, manifest)
  return `Basic ${Buffer.from(`${id}:${secrets[0] ?? ''}`).toString('base64')}`
}

function toError(
  ctx: ProviderContext,
  subject: Subject,
  { status, headers, json }: HttpResponse,
  secrets: readonly string[],
): Error {
  const said = errorBody.safeParse(json)
  // 413: the proxy lets nothing so large through.
  if (!said.success && status !== 413 && status !== 429 && status < 500)
    return new MalformedResponseError(`Discord answered with status ${status} and something of its proxy.`)
  return new DiscordError(
    {
      status,
      platformCode: said.data?.code === undefined ? null : String(said.data.code),
      message: secrets
        .filter((secret) => secret !== '')
        .reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), said.data?.message ?? ''),
      retryAfter: status === 429 || status === 503 ? waitUntil(ctx, headers, json) : undefined,
    },
    subject,
  )
}

/** The body says it to the millisecond; a 429 of the proxy has only the header. */
function waitUntil(ctx: ProviderContext, headers: Headers, json: unknown): Date | undefined {
  const now = ctx.clock.now()
  const limit = limitBody.safeParse(json)
  if (!limit.success) return retryAfter(headers, now)
  return new Date(now.getTime() + Math.ceil(limit.data.retry_after * 1000))
}
