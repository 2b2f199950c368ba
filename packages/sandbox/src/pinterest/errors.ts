import type { Context } from 'hono'
import type { PlatformErrors } from '../platform.js'
import { TokenError } from '../token-error.js'

/** A refusal as the API words it: `{code, message}`, where the code is not the HTTP status. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: 400 | 401 | 403 | 404 | 429
  readonly code: number
  readonly detail: string | undefined

  constructor(status: ApiError['status'], code: number, message: string, detail?: string) {
    super(message)
    this.status = status
    this.code = code
    this.detail = detail
  }
}

/** What is said to a client or to a token that is not known. */
export const authenticationFailed = () => new ApiError(401, 2, 'Authentication failed.')

/** What is said where a parameter is not as it should be. */
export const invalidRequest = (message: string) => new ApiError(400, 1, message)

/** Words an error of any route. */
export function answerError(error: Error, c: Context): Response {
  const told = error instanceof TokenError ? wordTokenError(error) : error
  if (!(told instanceof ApiError)) throw error
  const { status, code, message, detail } = told
  return c.json({ code, message, ...(detail !== undefined && { message_detail: detail }) }, status)
}

function wordTokenError(error: TokenError): ApiError {
  if (error.code === 'invalid_client') return authenticationFailed()
  // Told by users of the official SDK: pinterest-python-sdk#114.
  if (error.code === 'invalid_grant') return new ApiError(401, 283, 'The authorization grant is invalid')
  return invalidRequest(`Invalid request: ${error.message}`)
}

/** Passing trouble as the API words it. The names of the headers are not documented. */
export const createErrors = (): PlatformErrors => ({
  rateLimited: (seconds) =>
    Response.json(
      {
        code: 8,
        message:
          'This request exceeded a rate limit. This can happen if the client exceeds one of the published rate limits within a short time window.',
      },
      {
        status: 429,
        headers: {
          'x-ratelimit-limit': '1000',
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset': String(seconds),
        },
      },
    ),
  serverError: () => Response.json({ code: 0, message: 'Something went wrong on our end.' }, { status: 500 }),
  refusal: (message) => ({ status: 400, body: { code: 1, message } }),
})
