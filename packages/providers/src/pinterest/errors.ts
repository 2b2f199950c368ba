import {
  type Classification,
  classifyTokenError,
  type Occasion,
  type PlatformError,
  type StatusReason,
} from '@postmcp/core'
import { z } from 'zod'

/** An error as all of Pinterest words it, its token endpoint included. */
export const errorBody = z.object({
  code: z.union([z.number(), z.string()]).transform(String),
  message: z.string().default(''),
  message_detail: z.string().nullish(),
})

/** Errors of the token endpoint: `{code, message}`, where the standard has `error`. */
export function readTokenError({ status, json }: { status: number; json: unknown }) {
  const body = errorBody.safeParse(json)
  return status >= 400 && body.success ? { platformCode: body.data.code, message: body.data.message } : null
}

const lost: Classification = { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' }
const refused: Classification = { kind: 'refused' }
const unavailable: Classification = { kind: 'unavailable' }
const unusable = (reason: StatusReason): Classification => ({
  kind: 'account_unusable',
  status: 'verification_failed',
  reason,
})
const notPermitted = (reason: StatusReason): Classification => ({
  kind: 'account_unusable',
  status: 'missing_permission',
  reason,
})

/** By status and code: a code alone means different things at different places. */
type Table = Record<string, Classification>

/** @see https://github.com/pinterest/api-description v5/openapi.json, examples of errors (5.23.0, 2025-12) */
const codes: Table = {
  '403 2625': unusable('account_suspended'),
  '403 2626': unusable('authorization_rejected'),
  '401 3': notPermitted('scope_missing'),
  '403 3': notPermitted('scope_missing'),
}

/** What the token endpoint says. @see https://github.com/pinterest/pinterest-python-sdk/issues/114 (2023-08-24) */
const tokenCodes = (grant: Classification): Table => ({
  '401 2': { kind: 'client_invalid' },
  '401 283': grant,
  '400 283': grant,
})

/** What is said of the account, and of one board. */
const targetCodes: Table = {
  '401 7': notPermitted('target_not_granted'),
  '403 7': notPermitted('target_not_granted'),
  '404 40': unusable('account_not_found'),
  '404 404': unusable('account_not_found'),
}

const codesOn: Partial<Record<Occasion, Table>> = {
  callback: tokenCodes(refused),
  refresh: tokenCodes(lost),
  verify: {
    ...targetCodes,
    // The account may not be read, with "Not authorized to access the user account" and "You are not permitted".
    '403 29': notPermitted('scope_missing'),
    '403 403': notPermitted('scope_missing'),
  },
  publish: targetCodes,
  delete: { '401 7': notPermitted('target_not_granted'), '403 7': notPermitted('target_not_granted') },
}

/** What an answer with a code we do not know means. */
function classifyStatus(status: number, occasion: Occasion): Classification {
  if (status === 429) return { kind: 'rate_limited' }
  if (status >= 500) return unavailable
  // There always is a refresh token: a refresh says whether access ended or only the token.
  if (status === 401 && ['verify', 'publish', 'delete'].includes(occasion)) {
    return { kind: 'access_token_expired' }
  }
  // A refusal we cannot read must not end a grant.
  return occasion === 'refresh' || occasion === 'verify' ? unavailable : refused
}

/**
 * What has no code of its own and is told by words alone. Content that is taken for spam has the code of a rate limit, and an app
 * with Trial access that of anything that is not permitted.
 * @see https://github.com/pinterest/api-quickstart nodejs/src/api_common.js and https://github.com/gitroomhq/postiz-app/issues/1084 (2026-11-22)
 */
function classifyWords({ status, platformCode, message }: PlatformError): Classification | null {
  if (status === 429 && /\bspam\b/i.test(message)) return refused
  const isTrial = status === 403 && platformCode === '29' && /\b(trial|sandbox)\b/i.test(message)
  return isTrial ? { kind: 'client_invalid' } : null
}

/** What an error of Pinterest means for us. */
export function classifyError(error: PlatformError, occasion: Occasion): Classification {
  const worded = occasion === 'publish' ? classifyWords(error) : null
  if (worded) return worded
  const standard = classifyTokenError(error, occasion)
  if (standard) return standard
  const key = `${error.status} ${error.platformCode}`
  for (const table of [codesOn[occasion] ?? {}, codes]) {
    if (Object.hasOwn(table, key)) return table[key] ?? refused
  }
  return classifyStatus(error.status, occasion)
}
