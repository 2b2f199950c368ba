import type { Context } from 'hono'
import type { PlatformErrors, PlatformKit } from '../platform.js'
import { TokenError } from '../token-error.js'

/** A refusal as Graph APIs word it: `{"error": {...}}`. @see https://developers.facebook.com/docs/graph-api/guides/error-handling */
export class GraphApiError extends Error {
  override readonly name = 'GraphApiError'
  readonly code: number
  readonly subcode: number | undefined
  readonly status: 400 | 401 | 403 | 500

  constructor(
    code: number,
    message: string,
    options: { subcode?: number; status?: 400 | 401 | 403 | 500 } = {},
  ) {
    super(message)
    this.code = code
    this.subcode = options.subcode
    this.status = options.status ?? 400
  }
}

/** The body of a refusal. */
const describeError = (
  trace: string,
  code: number,
  message: string,
  options: { subcode?: number | undefined; isTransient?: boolean } = {},
) => ({
  error: {
    message,
    type: code === 100 ? 'GraphMethodException' : 'OAuthException',
    ...(options.isTransient && { is_transient: true }),
    code,
    ...(options.subcode !== undefined && { error_subcode: options.subcode }),
    fbtrace_id: trace,
  },
})

/** Id of a request, for Meta's support. */
const traceOf = ({ random }: PlatformKit): string => `A${random.text(22)}`

/** Words an error of any route but those of the older token endpoints. */
export const answerGraphError =
  (kit: PlatformKit) =>
  (error: Error, c: Context): Response => {
    if (error instanceof TokenError) return c.json(describeError(traceOf(kit), ...wordTokenError(error)), 400)
    if (!(error instanceof GraphApiError)) throw error
    const { code, message, subcode, status } = error
    return c.json(describeError(traceOf(kit), code, message, { subcode }), status)
  }

/** As Facebook words refusals of its token endpoint. Of the subcodes only 36008 and 36009 are seen in public reports. */
function wordTokenError({
  reason,
  message,
}: TokenError): [code: number, message: string, options: { subcode?: number }] {
  switch (reason) {
    case 'client_unknown':
      return [101, 'Error validating application. Cannot get application info due to a system error.', {}]
    case 'secret_missing':
      return [1, 'Missing client_secret parameter.', {}]
    case 'secret_wrong':
      return [1, 'Error validating client secret.', {}]
    case 'code_used':
      return [100, 'This authorization code has been used.', { subcode: 36009 }]
    case 'code_expired':
      return [100, 'This authorization code has expired.', { subcode: 36007 }]
    case 'redirect_uri_mismatch':
      return [
        100,
        'Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request',
        { subcode: 36008 },
      ]
    case 'code_unknown':
      return [100, 'Invalid verification code format.', {}]
    default:
      return [190, message, {}]
  }
}

/** Passing trouble: a business use case limit names the minutes to wait in a header; there is no `Retry-After`. */
export const createGraphErrors =
  (limit: { code: number; message: string; type: string }) =>
  (kit: PlatformKit): PlatformErrors => ({
    rateLimited: (seconds) =>
      Response.json(describeError(traceOf(kit), limit.code, limit.message), {
        status: 400,
        headers: {
          'x-business-use-case-usage': JSON.stringify({
            '112000000000000000': [
              {
                type: limit.type,
                call_count: 100,
                total_cputime: 25,
                total_time: 25,
                estimated_time_to_regain_access: Math.ceil(seconds / 60),
              },
            ],
          }),
        },
      }),
    serverError: () =>
      Response.json(
        describeError(traceOf(kit), 2, 'An unexpected error has occurred. Please retry your request later.', {
          isTransient: true,
        }),
        { status: 500 },
      ),
    refusal: (message) => ({ status: 400, body: describeError(traceOf(kit), 100, message) }),
  })
