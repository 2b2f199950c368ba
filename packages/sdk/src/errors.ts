import type { ErrorCode, Issue, Problem } from './types.js'

/** What the server said, or what is said in its place when it said nothing: then there is neither status nor request id. */
type Told = Pick<Problem, 'code' | 'detail' | 'nextAction'> & Partial<Problem>

/** Any failure of a call. `message` says what happened, `nextAction` what to do about it; neither holds a secret. */
export class PostMcpApiError extends Error {
  override readonly name = 'PostMcpApiError'
  readonly code: ErrorCode
  /** HTTP status; null when there was no answer. */
  readonly status: number | null
  /** What to do next, in words. */
  readonly nextAction: string
  /** Everything that is wrong, where more than one thing can be. */
  readonly issues: Issue[]
  /** Not before this instant. */
  readonly retryAfter: Date | undefined
  /** Names the request in the server's log. */
  readonly requestId: string | undefined
  readonly platform: string | undefined
  /** The platform's own error code, verbatim. */
  readonly platformCode: string | undefined
  readonly accountId: string | undefined
  /** Page that helps. */
  readonly helpUrl: string | undefined
  readonly #told: Told

  constructor(told: Told, options?: ErrorOptions) {
    super(told.detail, options)
    this.code = told.code
    this.status = told.status ?? null
    this.nextAction = told.nextAction
    this.issues = told.issues ?? []
    this.retryAfter = told.retryAfter === undefined ? undefined : new Date(told.retryAfter)
    this.requestId = told.requestId
    this.platform = told.platform
    this.platformCode = told.platformCode
    this.accountId = told.accountId
    this.helpUrl = told.helpUrl
    this.#told = told
  }

  /** The problem document: the server's own, or one made here when it sent none. */
  toJSON(): Told {
    const words = this.code.replaceAll('_', ' ')
    const title = words.charAt(0).toUpperCase() + words.slice(1)
    return { type: `urn:postmcp:error:${this.code}`, title, ...this.#told }
  }
}

/** A setting of the client that cannot work, found before anything is sent. */
export const configInvalid = (detail: string, nextAction: string): PostMcpApiError =>
  new PostMcpApiError({ code: 'config_invalid', detail, nextAction })

/** Nobody answers there, or somebody who is not PostMCP. */
export const serverUnreachable = (
  detail: string,
  options: ErrorOptions & { status?: number } = {},
): PostMcpApiError =>
  new PostMcpApiError(
    {
      code: 'server_unreachable',
      detail,
      nextAction: 'Start the server with `postmcp serve`, or correct the address (baseUrl, POSTMCP_API_URL).',
      ...(options.status !== undefined && { status: options.status }),
    },
    options,
  )

/** @param isKeyed whether the request carried an Idempotency-Key */
export const requestTimeout = (timeoutMs: number, isKeyed: boolean): PostMcpApiError =>
  new PostMcpApiError({
    code: 'request_timeout',
    detail: `The server did not answer within ${timeoutMs / 1000} seconds.`,
    nextAction: isKeyed
      ? 'Try again with the same idempotencyKey; nothing is done twice.'
      : 'Look whether it was done, then try again.',
  })

/** Reads the answer of a call that failed. @param text the answer's body */
export function errorFromAnswer(response: Response, text: string): PostMcpApiError {
  const problem = readProblem(text)
  if (problem === undefined) {
    return serverUnreachable(`What answered (${response.status}) is not PostMCP, or something before it.`, {
      status: response.status,
    })
  }
  const retryAfter = problem.retryAfter ?? readRetryAfter(response.headers.get('retry-after'))
  return new PostMcpApiError({
    ...problem,
    status: response.status,
    ...(retryAfter !== undefined && { retryAfter }),
  })
}

function readProblem(text: string): Problem | undefined {
  try {
    const problem = JSON.parse(text) as Partial<Problem> | null
    const isProblem = [problem?.code, problem?.detail, problem?.nextAction].every(
      (part) => typeof part === 'string',
    )
    return isProblem ? (problem as Problem) : undefined
  } catch {
    return undefined
  }
}

/** @param header seconds, or a date */
function readRetryAfter(header: string | null): string | undefined {
  if (header === null) return undefined
  const time = /^\d+$/.test(header) ? Date.now() + Number(header) * 1000 : Date.parse(header)
  return Number.isNaN(time) ? undefined : new Date(time).toISOString()
}
