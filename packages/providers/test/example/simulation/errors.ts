import type { PlatformErrors } from '@postmcp/sandbox'

/** A refusal as the API words it. */
export class ApiError extends Error {
  readonly status: 400 | 401 | 403 | 404
  readonly code: string

  constructor(status: ApiError['status'], code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

const worded = (status: number, code: string, message: string, headers: Record<string, string> = {}) =>
  Response.json({ error: { code, message } }, { status, headers })

/** Passing trouble, and any refusal. */
export const createErrors = (): PlatformErrors => ({
  rateLimited: (seconds) =>
    worded(429, 'too_many_requests', 'Slow down.', { 'retry-after': String(seconds) }),
  serverError: () => worded(500, 'internal', 'Something went wrong on our end.'),
  refusal: (message) => ({ status: 400, body: { error: { code: 'invalid', message } } }),
})
