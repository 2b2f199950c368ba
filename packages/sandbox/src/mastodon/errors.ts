import type { Context } from 'hono'
import type { PlatformErrors, PlatformKit } from '../platform.js'
import { TokenError } from '../token-error.js'

/** A refusal as the API words it: `{"error": text}`. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: 400 | 401 | 403 | 404 | 422
  readonly details: Record<string, unknown>

  constructor(status: ApiError['status'], message: string, details: Record<string, unknown> = {}) {
    super(message)
    this.status = status
    this.details = details
  }
}

/** 404 for what is not there or is someone else's. */
export const recordNotFound = () => new ApiError(404, 'Record not found')

/** Words an error of any route. */
export function answerError(error: Error, c: Context): Response {
  if (error instanceof ApiError) return c.json({ error: error.message, ...error.details }, error.status)
  if (error instanceof TokenError)
    return c.json(
      { error: error.code, error_description: error.message },
      error.code === 'invalid_client' ? 401 : 400,
    )
  throw error
}

/** Passing trouble as an instance words it: the time to come back is in `X-RateLimit-Reset`, there is no `Retry-After`. */
export const createErrors = (kit: PlatformKit): PlatformErrors => ({
  rateLimited: (seconds) =>
    Response.json(
      { error: 'Too many requests' },
      {
        status: 429,
        headers: {
          'x-ratelimit-limit': '300',
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset': new Date(kit.now().getTime() + seconds * 1000).toISOString(),
        },
      },
    ),
  serverError: () =>
    Response.json(
      { error: 'There was a temporary problem serving your request, please try again' },
      { status: 503 },
    ),
  refusal: (message) => ({ status: 422, body: { error: message } }),
})
