import type { Context } from 'hono'
import type { PlatformErrors, PlatformKit } from '../platform.js'
import { TokenError } from '../token-error.js'
import { rateLimitHeaders } from './rate-limits.js'

/** A refusal as the API words it: a number and a sentence. */
export class DiscordRefusal extends Error {
  override readonly name = 'DiscordRefusal'
  readonly status: 400 | 401 | 403 | 404 | 405 | 413
  readonly code: number
  /** What is wrong with which field of a form. */
  readonly errors: Record<string, unknown> | undefined

  constructor(
    status: DiscordRefusal['status'],
    code: number,
    message: string,
    errors?: Record<string, unknown>,
  ) {
    super(message)
    this.status = status
    this.code = code
    this.errors = errors
  }
}

export const notFound = () => new DiscordRefusal(404, 0, '404: Not Found')
export const unauthorized = () => new DiscordRefusal(401, 0, '401: Unauthorized')
export const missingAccess = () => new DiscordRefusal(403, 50001, 'Missing Access')
export const unknownGuild = () => new DiscordRefusal(404, 10004, 'Unknown Guild')
export const unknownChannel = () => new DiscordRefusal(404, 10003, 'Unknown Channel')
export const unknownMember = () => new DiscordRefusal(404, 10007, 'Unknown Member')

/** A field that is not as it must be. */
export const invalidForm = (field: string, code: string, message: string) =>
  new DiscordRefusal(400, 50035, 'Invalid Form Body', { [field]: { _errors: [{ code, message }] } })

/** Words an error of any route. */
export function answerError(error: Error, c: Context): Response {
  if (error instanceof DiscordRefusal)
    return c.json(
      { message: error.message, code: error.code, ...(error.errors && { errors: error.errors }) },
      error.status,
    )
  if (error instanceof TokenError) return answerTokenError(error, c)
  throw error
}

function answerTokenError({ code, reason }: TokenError, c: Context): Response {
  if (code === 'invalid_client') return c.json({ error: code }, 401)
  if (reason === 'redirect_uri_mismatch')
    return c.json({ error: code, error_description: 'Invalid "redirect_uri" in request.' }, 400)
  if (reason.startsWith('code_'))
    return c.json({ error: code, error_description: 'Invalid "code" in request.' }, 400)
  if (reason.startsWith('verifier_'))
    return c.json({ error: code, error_description: 'Invalid "code_verifier" in request.' }, 400)
  return c.json({ error: code }, 400)
}

/** Passing trouble as Discord words it. */
export const createErrors = (kit: PlatformKit): PlatformErrors => ({
  rateLimited: (seconds) =>
    Response.json(
      { message: 'You are being rate limited.', retry_after: seconds, global: false },
      {
        status: 429,
        headers: {
          ...rateLimitHeaders(kit, { remaining: 0, resetAfterSeconds: seconds }),
          'retry-after': String(Math.ceil(seconds)),
          'x-ratelimit-scope': 'user',
          via: '1.1 sandbox',
        },
      },
    ),
  serverError: () => Response.json({ message: '500: Internal Server Error', code: 0 }, { status: 500 }),
  refusal: (message) => ({
    status: 400,
    body: { code: 50035, message: `Invalid Form Body: ${message}`, errors: {} },
  }),
})
