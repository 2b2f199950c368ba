import type { Context } from 'hono'
import type { PlatformErrors, PlatformKit } from '../platform.js'
import { TokenError } from '../token-error.js'

const PROBLEMS = 'https://api.x.com/2/problems'

/** A refusal as the API words it: RFC 7807. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly status: 400 | 401 | 402 | 403 | 404 | 429 | 503
  readonly title: string
  readonly type: string
  readonly details: Record<string, unknown>

  /** @param type the last part of the problem's type; without one it is `about:blank` */
  constructor(
    status: ProblemError['status'],
    title: string,
    detail: string,
    options: { type?: string; details?: Record<string, unknown> } = {},
  ) {
    super(detail)
    this.status = status
    this.title = title
    this.type = options.type === undefined ? 'about:blank' : `${PROBLEMS}/${options.type}`
    this.details = options.details ?? {}
  }
}

const toResponse = (
  { status, title, type, message: detail, details }: ProblemError,
  headers: Record<string, string> = {},
) =>
  new Response(JSON.stringify({ title, detail, type, status, ...details }), {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  })

/** Words an error of any route. */
export function answerError(error: Error, c: Context): Response {
  if (error instanceof ProblemError) return toResponse(error)
  if (error instanceof TokenError) {
    const isClient = error.code === 'invalid_client'
    return c.json({ error: codeOf(error), error_description: describe(error) }, isClient ? 401 : 400)
  }
  throw error
}

/** The token endpoint has words of its own: a dead code or token is an invalid request, a wrong secret an unauthorized client. */
function codeOf({ code }: TokenError): string {
  if (code === 'invalid_client') return 'unauthorized_client'
  return code === 'invalid_grant' ? 'invalid_request' : code
}

function describe({ code, reason, message }: TokenError): string {
  if (code === 'invalid_client') return 'Missing valid authorization header'
  if (/^(refresh_(unknown|used|expired)|grant_revoked)$/.test(reason))
    return 'Value passed for the token was invalid.'
  if (/^code_/.test(reason)) return 'Value passed for the authorization code was invalid.'
  return message
}

/** What every answer tells about the limit of its window. */
export const limitHeaders = (limit: number, remaining: number, reset: Date): Record<string, string> => ({
  'x-rate-limit-limit': String(limit),
  'x-rate-limit-remaining': String(remaining),
  'x-rate-limit-reset': String(Math.ceil(reset.getTime() / 1000)),
})

/** The refusal of one request too many; there is no `Retry-After`. */
export const tooMany = (limit: number, reset: Date): Response =>
  toResponse(new ProblemError(429, 'Too Many Requests', 'Too Many Requests'), limitHeaders(limit, 0, reset))

/** Passing trouble as X words it. */
export const createErrors = (kit: PlatformKit): PlatformErrors => ({
  rateLimited: (seconds) => tooMany(75, new Date(kit.now().getTime() + seconds * 1000)),
  serverError: () => toResponse(new ProblemError(503, 'Service Unavailable', 'Service Unavailable')),
  refusal: (message) => ({
    status: 400,
    body: {
      title: 'Invalid Request',
      detail: message,
      type: `${PROBLEMS}/invalid-request`,
      errors: [{ message, parameters: {} }],
    },
  }),
})
