import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { PlatformErrors, PlatformKit } from '../platform.js'

/** A refusal of an XRPC method: `{"error": code, "message": text}`. @see https://atproto.com/specs/xrpc */
export class XrpcError extends Error {
  override readonly name = 'XrpcError'
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** 400, with a code of its own where there is one. */
export const invalidRequest = (message: string, code = 'InvalidRequest'): XrpcError =>
  new XrpcError(400, code, message)

/** 401, as of a missing or foreign authorization. */
export const authRequired = (
  message = 'Authentication Required',
  code = 'AuthenticationRequired',
): XrpcError => new XrpcError(401, code, message)

/** Words a refusal of an XRPC method; anything else is thrown on. */
export function answerXrpcError(error: Error, c: Context): Response {
  if (!(error instanceof XrpcError)) throw error
  for (const [name, value] of Object.entries(error.headers)) c.header(name, value)
  return c.json({ error: error.code, message: error.message }, error.status as ContentfulStatusCode)
}

/** Passing trouble as a PDS words it; the time to come back is in `RateLimit-Reset` and in `Retry-After`. */
export const createErrors = (kit: PlatformKit): PlatformErrors => ({
  rateLimited: (seconds) =>
    Response.json(
      { error: 'RateLimitExceeded', message: 'Rate Limit Exceeded' },
      {
        status: 429,
        headers: {
          'ratelimit-limit': '3000',
          'ratelimit-remaining': '0',
          'ratelimit-reset': String(Math.ceil(kit.now().getTime() / 1000) + seconds),
          'ratelimit-policy': '3000;w=300',
          'retry-after': String(seconds),
        },
      },
    ),
  serverError: () =>
    Response.json({ error: 'InternalServerError', message: 'Internal Server Error' }, { status: 500 }),
  refusal: (message) => ({ status: 400, body: { error: 'InvalidRequest', message } }),
})
