import type { PlatformErrors, PlatformKit } from '../platform.js'

/** A refusal as the Bot API words it. */
export class BotApiError extends Error {
  override readonly name = 'BotApiError'
  readonly status: number
  readonly parameters: Record<string, number> | undefined

  constructor(status: number, description: string, parameters?: Record<string, number>) {
    super(description)
    this.status = status
    this.parameters = parameters
  }
}

/** The server's answer to a request it refuses. @see https://core.telegram.org/bots/api#making-requests */
export const answerError = ({ status, message, parameters }: BotApiError): Response =>
  Response.json(
    { ok: false, error_code: status, description: message, ...(parameters && { parameters }) },
    {
      status,
      ...(parameters?.retry_after !== undefined && {
        headers: { 'retry-after': String(parameters.retry_after) },
      }),
    },
  )

/** Passing trouble as the server words it. */
export const createErrors = (_kit: PlatformKit): PlatformErrors => ({
  rateLimited: (seconds) =>
    answerError(new BotApiError(429, `Too Many Requests: retry after ${seconds}`, { retry_after: seconds })),
  serverError: () => answerError(new BotApiError(500, 'Internal Server Error')),
  refusal: (message) => ({
    status: 400,
    body: { ok: false, error_code: 400, description: `Bad Request: ${message}` },
  }),
})
