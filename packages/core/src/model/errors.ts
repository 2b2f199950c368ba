/** What a person or program can do about an error, as one stable word; the words to show are in `nextAction`. */
interface ErrorKind {
  /** HTTP status of the problem document. */
  status: number
  /** Exit status of the CLI: 1 unexpected, 2 input, 3 key, 4 not found, 5 an account needs a person, 6 try later, 7 outcome needs a look, 8 set-up. */
  exitCode: number
  /** What to do next, in words; an error may carry a more precise one. */
  nextAction: string
}

const kind = (status: number, exitCode: number, nextAction: string): ErrorKind => ({
  status,
  exitCode,
  nextAction,
})

/**
 * The closed list of error codes: HTTP status, exit code and next action of each.
 * Every surface (problem documents, CLI, SDK, MCP) reads this one table.
 */
export const errorKinds = {
  // What was asked is wrong
  invalid_request: kind(400, 2, 'Correct the request as the issues say and send it again.'),
  validation_failed: kind(422, 2, 'Correct the content as the issues say; nothing was sent.'),
  unknown_platform: kind(400, 2, 'Run `postmcp platforms list` for the platforms there are.'),
  not_found: kind(404, 4, 'Check the id; ids of other workspaces are not found either.'),
  conflict: kind(409, 2, 'Look at its present state, then decide.'),
  payload_too_large: kind(413, 2, 'Send less data.'),
  media_type_unsupported: kind(415, 2, 'Use one of the types the message lists.'),
  media_invalid: kind(422, 2, 'Upload an intact file.'),
  address_not_allowed: kind(
    422,
    2,
    'Use a public https address; an operator can allow an exact origin with POSTMCP_ALLOW_ORIGINS.',
  ),
  media_fetch_failed: kind(
    422,
    2,
    'Check that the address leads anybody to the file itself, without a page in between, or upload the file.',
  ),
  link_expired: kind(410, 4, 'Ask for a new address of the file.'),
  idempotency_key_reused: kind(
    422,
    2,
    'Use a new Idempotency-Key for a different request, or send the first one unchanged.',
  ),
  idempotency_in_progress: kind(409, 6, 'Wait for the first request with this key, then send it again.'),

  // Who is asking
  unauthorized: kind(401, 3, 'Send a valid API key as `Authorization: Bearer …`.'),
  plan_limit_reached: kind(403, 5, 'Disconnect an account or move to a larger plan.'),

  // Connecting
  credentials_rejected: kind(422, 5, 'Check the credentials and connect again.'),
  credentials_unsuitable: kind(422, 2, 'Create the kind of credential the message names and connect again.'),
  identity_not_found: kind(422, 2, 'Check the spelling of the account name.'),
  identity_mismatch: kind(
    409,
    5,
    'Reconnect with the credentials of the same account, or connect this one as a new account.',
  ),
  connection_not_open: kind(409, 2, 'Start a new connection.'),
  connection_expired: kind(410, 2, 'Start a new connection.'),
  state_invalid: kind(400, 2, 'Start a new connection.'),
  issuer_mismatch: kind(400, 2, 'Start a new connection; if it happens again, do not trust that server.'),
  authorization_denied: kind(422, 5, 'Connect again and consent, if that is what you want.'),
  authorization_failed: kind(422, 5, 'Connect again; what the platform said is in the message.'),
  exchange_interrupted: kind(409, 6, 'Start a new connection.'),
  redirect_uri_not_allowed: kind(400, 2, 'Use one of the addresses the message lists.'),
  public_url_required: kind(
    409,
    8,
    'Set POSTMCP_PUBLIC_URL to an https address that leads here (a tunnel will do), or connect with --paste.',
  ),
  client_not_configured: kind(409, 8, 'Register an application at the platform and configure it.'),

  // Publishing
  account_not_publishable: kind(409, 5, 'Reconnect the account, then retry the post.'),
  missing_permission: kind(409, 5, 'Reconnect the account and grant the permissions it lacks.'),
  refused_by_platform: kind(422, 2, 'Change the content as the platform asks and create the post again.'),
  outcome_unknown: kind(
    409,
    7,
    'Look at the platform, then run `postmcp post resolve --post … --as published|failed`.',
  ),
  schedule_missed: kind(409, 6, 'Retry the post if it should still go out, or schedule it anew.'),
  post_cancelled: kind(409, 2, 'Create the post again if it is still wanted.'),

  // The platform
  rate_limited: kind(429, 6, 'Try again after the time given.'),
  platform_unavailable: kind(503, 6, 'Try again later; nothing is wrong with the account.'),
  platform_response_invalid: kind(
    502,
    6,
    'Try again later; check that the address really is a server of this platform.',
  ),

  // The installation
  config_invalid: kind(500, 8, 'Correct the setting the message names and start again.'),
  keyring_missing: kind(
    500,
    8,
    'Restore the key ring from your back-up, or set POSTMCP_KEYRING; without it sealed credentials cannot be opened.',
  ),
  keyring_wrong: kind(500, 8, 'Restore the key ring that belongs to this database.'),
  sealed_value_corrupt: kind(
    500,
    8,
    'Reconnect the account: its stored credential can no longer be opened. Then check the database for damage.',
  ),
  database_unavailable: kind(503, 8, 'Start the database or correct DATABASE_URL, then try again.'),
  storage_full: kind(
    507,
    8,
    'Make room where media are kept (see POSTMCP_DATA_DIR and POSTMCP_MEDIA_DAYS), or use a smaller file.',
  ),
  storage_unavailable: kind(503, 8, 'Check the storage of media (POSTMCP_MEDIA_S3_…), then try again.'),
  unsupported_machine: kind(500, 8, 'Set DATABASE_URL to a PostgreSQL server.'),
  server_already_running: kind(409, 8, 'Use the running server, or stop it first.'),
  server_unreachable: kind(503, 6, 'Start the server with `postmcp serve`, or correct POSTMCP_API_URL.'),
  request_timeout: kind(504, 6, 'Try again; requests with an Idempotency-Key are safe to repeat.'),
  internal_error: kind(500, 1, 'Try again; if it happens again report it with the request id.'),
} as const satisfies Record<string, ErrorKind>

/** One of the closed list of codes. */
export type ErrorCode = keyof typeof errorKinds

/** Whether a text is one of our codes, such as the `code` of a problem document that came over the wire. */
export const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(errorKinds, code)

/** One thing that is wrong with a draft or a request. */
export interface Issue {
  /** Stable word for the kind of problem, such as `text_too_long`. */
  code: string
  /** `error` stops publication, `warning` does not. */
  severity: 'error' | 'warning'
  /** What happened and what would be allowed, in words. */
  message: string
  /** Path of the offending field, such as `content.text`. */
  field?: string
  /** The account the issue concerns; absent when it concerns all. */
  accountId?: string
  /** The limit, in the unit the message names. */
  allowed?: number | string
  /** What was found, in the same unit. */
  found?: number | string
}

/** What a caller needs to act on an error. */
export interface ErrorDetails {
  /** Id of the platform that answered. */
  platform?: string | undefined
  accountId?: string | undefined
  /** The platform's own error code, verbatim. */
  platformCode?: string | undefined
  /** The platform's id of the failed request. */
  requestId?: string | undefined
  /** Not before this instant. */
  retryAfter?: Date | undefined
  issues?: Issue[] | undefined
  /** Overrides the general next action of the code. */
  nextAction?: string | undefined
  /** Page that helps. */
  helpUrl?: string | undefined
  cause?: unknown
}

/** The one error PostMCP throws on purpose. `message` says what happened, `nextAction` what to do; neither holds a secret. */
export class PostMcpError extends Error {
  override readonly name = 'PostMcpError'
  readonly code: ErrorCode
  readonly nextAction: string
  readonly platform: string | undefined
  readonly accountId: string | undefined
  readonly platformCode: string | undefined
  readonly requestId: string | undefined
  readonly retryAfter: Date | undefined
  readonly issues: Issue[]
  readonly helpUrl: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.nextAction = details.nextAction ?? errorKinds[code].nextAction
    this.platform = details.platform
    this.accountId = details.accountId
    this.platformCode = details.platformCode
    this.requestId = details.requestId
    this.retryAfter = details.retryAfter
    this.issues = details.issues ?? []
    this.helpUrl = details.helpUrl
  }

  /** HTTP status of this error's problem document. */
  get status(): number {
    return errorKinds[this.code].status
  }

  /** Exit status of the CLI for this error. */
  get exitCode(): number {
    return errorKinds[this.code].exitCode
  }

  /** The fields that may be shown to anyone who may see the error; never the cause. */
  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      message: this.message,
      nextAction: this.nextAction,
      ...(this.platform !== undefined && { platform: this.platform }),
      ...(this.accountId !== undefined && { accountId: this.accountId }),
      ...(this.platformCode !== undefined && { platformCode: this.platformCode }),
      ...(this.requestId !== undefined && { platformRequestId: this.requestId }),
      ...(this.retryAfter !== undefined && { retryAfter: this.retryAfter.toISOString() }),
      ...(this.issues.length > 0 && { issues: this.issues }),
      ...(this.helpUrl !== undefined && { helpUrl: this.helpUrl }),
    }
  }
}

/** Whether an error is ours, with one of the given codes if any are named. */
export const isPostMcpError = (error: unknown, ...codes: ErrorCode[]): error is PostMcpError =>
  error instanceof PostMcpError && (codes.length === 0 || codes.includes(error.code))
