import type { Context } from 'hono'
import type { PlatformErrors } from '../platform.js'
import { TokenError, type TokenErrorReason } from '../token-error.js'

/** A refusal of the Data API, by its reason. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: 400 | 401 | 403 | 404 | 429 | 503
  readonly reason: string
  readonly domain: string
  readonly details: readonly Record<string, unknown>[]

  constructor(
    status: ApiError['status'],
    reason: string,
    message: string,
    more: { domain?: string; details?: readonly Record<string, unknown>[] } = {},
  ) {
    super(message)
    this.status = status
    this.reason = reason
    this.domain = more.domain ?? 'youtube.common'
    this.details = more.details ?? []
  }
}

const STATUS_NAMES: Record<ApiError['status'], string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
}

/** @see https://developers.google.com/youtube/v3/docs/errors */
const describeError = ({ status, reason, domain, message, details }: ApiError) => ({
  error: {
    code: status,
    message,
    errors: [{ message, domain, reason }],
    status: STATUS_NAMES[status],
    ...(details.length > 0 && { details }),
  },
})

/** Google's own words where they are known; the others are said in general. */
const TOKEN_WORDS: Partial<
  Record<TokenErrorReason, { status: 400 | 401; error: string; description: string }>
> = {
  client_unknown: { status: 401, error: 'invalid_client', description: 'The OAuth client was not found.' },
  secret_missing: { status: 400, error: 'invalid_request', description: 'client_secret is missing.' },
  secret_wrong: { status: 401, error: 'invalid_client', description: 'Unauthorized' },
  redirect_uri_mismatch: { status: 400, error: 'redirect_uri_mismatch', description: 'Bad Request' },
  verifier_missing: { status: 400, error: 'invalid_grant', description: 'Missing code verifier.' },
  verifier_wrong: { status: 400, error: 'invalid_grant', description: 'Invalid code verifier.' },
  grant_revoked: {
    status: 400,
    error: 'invalid_grant',
    description: 'Token has been expired or revoked.',
  },
  refresh_expired: {
    status: 400,
    error: 'invalid_grant',
    description: 'Token has been expired or revoked.',
  },
}

/** Words an error of any route. */
export function answerError(error: Error, c: Context): Response {
  if (error instanceof ApiError) {
    if (error.status === 401)
      c.header('www-authenticate', 'Bearer realm="https://accounts.google.com/", error="invalid_token"')
    return c.json(describeError(error), error.status)
  }
  if (error instanceof TokenError) {
    const words = TOKEN_WORDS[error.reason] ?? {
      status: 400,
      error: error.code,
      description: 'Bad Request',
    }
    return c.json({ error: words.error, error_description: words.description }, words.status)
  }
  throw error
}

/** Passing trouble as the API words it. That 429 carries `Retry-After` is not documented. */
export const createErrors = (): PlatformErrors => ({
  rateLimited: (seconds) =>
    Response.json(
      describeError(new ApiError(429, 'rateLimitExceeded', 'Too many requests.', { domain: 'usageLimits' })),
      { status: 429, headers: { 'retry-after': String(seconds) } },
    ),
  serverError: () =>
    Response.json(
      describeError(
        new ApiError(503, 'backendError', 'The service is currently unavailable.', { domain: 'global' }),
      ),
      { status: 503 },
    ),
  refusal: (message) => ({
    status: 400,
    body: describeError(new ApiError(400, 'badRequest', message, { domain: 'global' })),
  }),
})
