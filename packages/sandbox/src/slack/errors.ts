import type { Context } from 'hono'
import type { PlatformErrors, PlatformKit } from '../platform.js'
import { TokenError, type TokenErrorReason } from '../token-error.js'

/** A refusal as Slack words it: status 200 and `ok: false`. */
export class SlackRefusal extends Error {
  override readonly name = 'SlackRefusal'
  readonly details: Record<string, unknown>

  constructor(code: string, details: Record<string, unknown> = {}) {
    super(code)
    this.details = details
  }
}

/** What the token endpoint says to each mistake. */
const tokenErrors: Partial<Record<TokenErrorReason, string>> = {
  client_unknown: 'invalid_client_id',
  secret_missing: 'bad_client_secret',
  secret_wrong: 'bad_client_secret',
  code_unknown: 'invalid_code',
  code_used: 'invalid_code',
  code_expired: 'invalid_code',
  code_of_other_client: 'invalid_code',
  redirect_uri_mismatch: 'bad_redirect_uri',
  verifier_missing: 'invalid_code_verifier',
  verifier_wrong: 'invalid_code_verifier',
  refresh_unsupported: 'invalid_grant_type',
}

/** Words an error of any method. */
export function answerError(error: Error, c: Context): Response {
  if (error instanceof SlackRefusal) return c.json({ ok: false, error: error.message, ...error.details })
  if (error instanceof TokenError)
    return c.json({ ok: false, error: tokenErrors[error.reason] ?? 'invalid_refresh_token' })
  throw error
}

/** Passing trouble as Slack words it; of all errors, only this does not come with status 200. */
export const createErrors = (_kit: PlatformKit): PlatformErrors => ({
  rateLimited: (seconds) =>
    Response.json(
      { ok: false, error: 'ratelimited' },
      { status: 429, headers: { 'retry-after': String(seconds) } },
    ),
  serverError: () => Response.json({ ok: false, error: 'internal_error' }, { status: 500 }),
  refusal: (message) => ({
    status: 200,
    body: {
      ok: false,
      error: 'invalid_arguments',
      response_metadata: { messages: [`[ERROR] ${message}`] },
    },
  }),
})
