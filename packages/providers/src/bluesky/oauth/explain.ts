import {
  MalformedResponseError,
  PlatformError,
  PostMcpError,
  type ProviderContext,
  retryAfter,
  TransportError,
} from '@postmcp/core'
import type { Exchange } from './guarded-fetch.js'

/** Parameters of a request that must not be repeated, and what their values are replaced by. */
const secretParameters = ['code', 'code_verifier', 'refresh_token', 'token', 'client_assertion', 'state']

/**
 * What an error of the library means in our words. The library's own errors hold codes and tokens, so none of them is passed on,
 * not even as a cause.
 */
export function explain(ctx: ProviderContext, error: unknown, exchanges: readonly Exchange[]): Error {
  const chain = causesOf(error)
  const ours = chain.find(
    (each) =>
      each instanceof PostMcpError ||
      each instanceof PlatformError ||
      each instanceof TransportError ||
      each instanceof MalformedResponseError,
  )
  if (ours) return ours
  const last = exchanges.at(-1)
  if (last?.outcome instanceof TransportError) return last.outcome
  // The library has no class for it: https://github.com/bluesky-social/atproto packages/oauth/oauth-client (0.8.7)
  if (chain.some(({ message }) => message === 'Issuer mismatch')) return issuerMismatch()
  if (!last?.outcome) return new MalformedResponseError('The account names no server that authorizes us.')
  const { status, headers, json } = last.outcome
  const { error: code, error_description: description } = readBody(json)
  const { host } = new URL(last.request.url)
  if (status < 400 || (code === null && status !== 429 && status < 500)) {
    return new MalformedResponseError(
      `${host} does not behave like an authorization server of the AT Protocol: it answered ${status}.`,
    )
  }
  const secrets = secretParameters.flatMap((name) => last.request.form.getAll(name))
  const hide = (text: string) =>
    secrets
      .filter((secret) => secret.length >= 6)
      .reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), text)
  return new PlatformError({
    status,
    platformCode: code === null ? null : hide(code).slice(0, 100),
    message: hide(description ?? `${host} answered with status ${status}.`),
    retryAfter: status === 429 || status === 503 ? retryAfter(headers, ctx.clock.now()) : undefined,
  })
}

/** The account is looked after by another authorization server than the one that was asked. */
const issuerMismatch = (): PlatformError =>
  new PlatformError({
    status: 400,
    platformCode: 'issuer_mismatch',
    message: 'The account is looked after by another server than the one that answered.',
  })

function causesOf(error: unknown): Error[] {
  if (!(error instanceof Error)) return []
  const members: unknown[] = error instanceof AggregateError ? error.errors : []
  return [error, ...members.flatMap(causesOf), ...causesOf(error.cause)]
}

function readBody(json: unknown): { error: string | null; error_description: string | undefined } {
  const body = typeof json === 'object' && json !== null ? json : {}
  const code = 'error' in body && typeof body.error === 'string' ? body.error : null
  const words = 'error_description' in body ? body.error_description : undefined
  return { error: code, error_description: typeof words === 'string' ? words : undefined }
}
