import type { Context } from 'hono'
import type { PlatformErrors } from '../platform.js'
import { TokenError } from '../token-error.js'

/** A refusal as the API words it. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: 400 | 401 | 403 | 404 | 422 | 426
  readonly code: string | undefined
  readonly serviceErrorCode: number | undefined

  constructor(
    status: ApiError['status'],
    message: string,
    details: { code?: string; serviceErrorCode?: number } = {},
  ) {
    super(message)
    this.status = status
    this.code = details.code
    this.serviceErrorCode = details.serviceErrorCode
  }
}

/** Words an error of any route. */
export function answerError(error: Error, c: Context): Response {
  if (error instanceof ApiError) {
    const { status, serviceErrorCode, code, message } = error
    return c.json({ status, serviceErrorCode, code, message }, status)
  }
  if (error instanceof TokenError) {
    const status = error.code === 'invalid_client' ? 401 : 400
    return c.json({ error: codeOf(error), error_description: error.message }, status)
  }
  throw error
}

/** The token endpoint knows no `invalid_grant`. */
function codeOf({ code, reason }: TokenError): string {
  if (reason === 'redirect_uri_mismatch' || reason === 'code_expired') return 'invalid_redirect_uri'
  return code === 'invalid_grant' ? 'invalid_request' : code
}

/** Passing trouble: a quota per day that is used up names no time to come back. */
export const createErrors = (): PlatformErrors => ({
  rateLimited: () =>
    Response.json(
      {
        status: 429,
        code: 'TOO_MANY_REQUESTS',
        message: 'Resource level throttle for calls to this resource is reached.',
      },
      { status: 429 },
    ),
  serverError: () => Response.json({ status: 500, message: 'Internal Server Error' }, { status: 500 }),
  refusal: (message) => ({ status: 400, body: { status: 400, code: 'ILLEGAL_ARGUMENT', message } }),
})
