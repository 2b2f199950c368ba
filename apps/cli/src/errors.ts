import { type ErrorCode, PostMcpApiError } from '@postmcp/sdk'

/**
 * Exit status by error code, the same as core's table has (a test compares them): 1 unexpected, 2 input, 3 key, 4 not found,
 * 5 an account needs a person, 6 try later, 7 an outcome needs a look, 8 set-up.
 */
export const exitCodes: Record<ErrorCode, number> = {
  invalid_request: 2,
  validation_failed: 2,
  unknown_platform: 2,
  not_found: 4,
  conflict: 2,
  payload_too_large: 2,
  media_type_unsupported: 2,
  media_invalid: 2,
  address_not_allowed: 2,
  media_fetch_failed: 2,
  link_expired: 4,
  idempotency_key_reused: 2,
  idempotency_in_progress: 6,
  unauthorized: 3,
  plan_limit_reached: 5,
  credentials_rejected: 5,
  credentials_unsuitable: 2,
  identity_not_found: 2,
  identity_mismatch: 5,
  connection_not_open: 2,
  connection_expired: 2,
  state_invalid: 2,
  issuer_mismatch: 2,
  authorization_denied: 5,
  authorization_failed: 5,
  exchange_interrupted: 6,
  redirect_uri_not_allowed: 2,
  public_url_required: 8,
  client_not_configured: 8,
  account_not_publishable: 5,
  missing_permission: 5,
  refused_by_platform: 2,
  outcome_unknown: 7,
  schedule_missed: 6,
  post_cancelled: 2,
  rate_limited: 6,
  platform_unavailable: 6,
  platform_response_invalid: 6,
  config_invalid: 8,
  keyring_missing: 8,
  keyring_wrong: 8,
  sealed_value_corrupt: 8,
  database_unavailable: 8,
  storage_full: 8,
  storage_unavailable: 8,
  unsupported_machine: 8,
  server_already_running: 8,
  server_unreachable: 6,
  request_timeout: 6,
  internal_error: 1,
}

/** Exit status of a code that a server may have sent which is newer than we are. */
export const exitCodeOf = (code: string): number => exitCodes[code as ErrorCode] ?? 1

/** An error of the CLI's own, in the shape of the API's. */
export const cliError = (
  code: ErrorCode,
  detail: string,
  nextAction: string,
  cause?: unknown,
): PostMcpApiError => new PostMcpApiError({ code, detail, nextAction }, { cause })

/** Somebody pressed Ctrl-C, or the process was told to end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  /** 128 and the signal's number, as shells have it. */
  readonly exitCode: number

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super('Interrupted.')
    this.exitCode = signal === 'SIGINT' ? 130 : 143
  }
}

/** oclif's words about arguments that do not fit, as an error of the closed list. */
function fromArguments(error: Error, commandId: string): PostMcpApiError {
  const words = error.message
    .replace(/\nSee more help with --help$/, '')
    .replace(/^The following errors? occurred:/, '')
    // A value may be a password that somebody put behind a misspelt flag.
    .replaceAll(/(--[\w-]+)=\S+/g, '$1=…')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const detail = words.join(' ').replace(/[.]?$/, '.')
  return cliError(
    'invalid_request',
    detail,
    `Run \`postmcp ${commandId.replaceAll(':', ' ')} --help\`.`,
    error,
  )
}

const isAboutArguments = (error: Error): boolean => 'parse' in error || 'oclif' in error

/** What anything thrown is to the user. */
export function toApiError(thrown: unknown, commandId: string): PostMcpApiError {
  if (thrown instanceof PostMcpApiError) return thrown
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  if (isAboutArguments(error)) return fromArguments(error, commandId)
  return cliError(
    'internal_error',
    `Something went wrong that nobody foresaw: ${error.message}`,
    'Try again; if it happens again report it with what you ran, without passwords.',
    error,
  )
}
