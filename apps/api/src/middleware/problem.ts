import { type ErrorCode, isPostMcpError, type Logger, PostMcpError } from '@postmcp/core'
import type { ErrorHandler, NotFoundHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { AppEnv } from '../app-env.js'

/** The title of a code: its words. */
const titleOf = (code: ErrorCode): string => {
  const words = code.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** An error as a problem document; the one map from codes to HTTP. */
function problemOf(error: PostMcpError, requestId: string): Record<string, unknown> {
  const { message, ...fields } = error.toJSON()
  return {
    type: `urn:postmcp:error:${error.code}`,
    title: titleOf(error.code),
    status: error.status,
    detail: message,
    requestId,
    ...fields,
  }
}

/** What anything thrown is to the caller; what nobody foresaw is told without its words, for they may hold anything. */
export function asPostMcpError(error: unknown): PostMcpError {
  if (isPostMcpError(error)) return error
  if (error instanceof HTTPException) {
    if (error.status === 415) {
      return new PostMcpError(
        'media_type_unsupported',
        'The body is not of the type this route takes: application/json.',
        {
          nextAction: 'Send JSON, with the header `Content-Type: application/json`.',
        },
      )
    }
    const code = ({ 400: 'invalid_request', 404: 'not_found', 413: 'payload_too_large' } as const)[
      error.status as number
    ]
    if (code) return new PostMcpError(code, error.message || titleOf(code))
  }
  return new PostMcpError('internal_error', 'Something went wrong that nobody foresaw.', { cause: error })
}

/** What an operator has to look at is logged; what a caller did wrong is his to know. */
export function logFailure(
  logger: Logger,
  { status, code, message, cause }: PostMcpError,
  requestId: string,
): void {
  if (status < 500) return
  logger.error(
    { requestId, code, error: message, ...(cause instanceof Error && { cause: cause.stack }) },
    'request failed',
  )
}

export const problemHandler =
  (logger: Logger): ErrorHandler<AppEnv> =>
  (thrown, c) => {
    const error = asPostMcpError(thrown)
    const requestId = c.get('requestId')
    logFailure(logger, error, requestId)
    if (error.retryAfter) {
      c.header(
        'retry-after',
        String(Math.max(0, Math.ceil((error.retryAfter.getTime() - Date.now()) / 1000))),
      )
    }
    if (error.code === 'unauthorized') c.header('www-authenticate', 'Bearer')
    return c.body(JSON.stringify(problemOf(error, requestId)), error.status as ContentfulStatusCode, {
      'content-type': 'application/problem+json',
    })
  }

export const notFoundHandler: NotFoundHandler<AppEnv> = (c) => {
  throw new PostMcpError('not_found', `There is no ${c.req.method} ${c.req.path}.`, {
    nextAction: 'See /openapi.json for what there is.',
  })
}
