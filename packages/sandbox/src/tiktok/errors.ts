import type { Context } from 'hono'
import type { PlatformErrors, PlatformKit } from '../platform.js'
import { TokenError } from '../token-error.js'

/** A refusal of the API, by its code. Some come with status 200 on purpose. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: 200 | 400 | 401 | 403 | 404 | 429 | 500
  readonly code: string

  constructor(status: ApiError['status'], code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** An id of a request, as TikTok makes them: the time, then digits. */
const logId = ({ random, now }: PlatformKit): string =>
  `${now().toISOString().replace(/\D/g, '').slice(0, 14)}${random.hex(18).toUpperCase()}`

/** @see https://developers.tiktok.com/doc/tiktok-api-v2-error-handling */
const describeError = (kit: PlatformKit, { code, message }: Pick<ApiError, 'code' | 'message'>) => ({
  data: {},
  error: { code, message, log_id: logId(kit) },
})

/** The data of an answer in the envelope that all of them come in. */
export const describeData = (kit: PlatformKit, data: unknown) => ({
  data,
  error: { code: 'ok', message: '', log_id: logId(kit) },
})

/**
 * An error of the addresses of OAuth. That its HTTP status is 200 is reported and not documented; whoever reads the answer first
 * and the status later is right either way.
 * @see https://developers.tiktok.com/doc/oauth-error-handling
 */
export const describeTokenError = (kit: PlatformKit, error: string, description: string) => ({
  error,
  error_description: description,
  log_id: logId(kit),
})

/** The same with a 64-bit number in it, which JavaScript cannot hold: it is given as the text `#` and its digits. */
export const answerWithNumbers = (kit: PlatformKit, data: unknown): Response =>
  new Response(JSON.stringify(describeData(kit, data)).replaceAll(/"#(\d+)"/g, '$1'), {
    headers: { 'content-type': 'application/json; charset=utf-8' },
  })

/** Words an error of any route. */
export const createErrorHandler =
  (kit: PlatformKit) =>
  (error: Error, c: Context): Response => {
    if (error instanceof ApiError) return c.json(describeError(kit, error), error.status)
    if (error instanceof TokenError) return c.json(describeTokenError(kit, error.code, error.message), 200)
    throw error
  }

/** Passing trouble as TikTok words it. That 429 carries `Retry-After` is not documented. */
export const createErrors = (kit: PlatformKit): PlatformErrors => ({
  rateLimited: (seconds) =>
    Response.json(
      describeError(kit, { code: 'rate_limit_exceeded', message: 'The API rate limit was exceeded.' }),
      { status: 429, headers: { 'retry-after': String(seconds) } },
    ),
  serverError: () =>
    Response.json(describeError(kit, { code: 'internal_error', message: 'Something is wrong.' }), {
      status: 500,
    }),
  refusal: (message) => ({ status: 400, body: describeError(kit, { code: 'invalid_params', message }) }),
})
