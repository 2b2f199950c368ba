import {
  type Classification,
  classifyTokenError,
  type Occasion,
  type PlatformError,
  type StatusReason,
} from '@postmcp/core'

const unusable = (reason: StatusReason): Classification => ({
  kind: 'account_unusable',
  status: 'verification_failed',
  reason,
})
const limited: Classification = { kind: 'rate_limited' }
const refused: Classification = { kind: 'refused' }
const unavailable: Classification = { kind: 'unavailable' }
const clientInvalid: Classification = { kind: 'client_invalid' }
const renewable: Classification = { kind: 'access_token_expired' }

/**
 * What the last part of a problem's `type` means, and the numbers of the older error bodies.
 * @see https://docs.x.com/x-api/fundamentals/response-codes-and-errors (2026-11-22)
 */
const codes: Record<string, Classification> = {
  'not-authorized-for-resource': {
    kind: 'account_unusable',
    status: 'missing_permission',
    reason: 'scope_missing',
  },
  // Not enrolled in a plan, or in another environment than the one it is used in.
  'client-forbidden': clientInvalid,
  // Read only; https://github.com/plhery/node-twitter-api-v2/issues/493
  'oauth1-permissions': clientInvalid,
  // A token of the application in place of one of the person.
  'unsupported-authentication': unusable('authorization_rejected'),
  'rate-limit-exceeded': limited,
  // The operator's plan is used up until the time in the headers; nothing was done.
  'usage-capped': limited,

  64: unusable('account_suspended'),
  88: limited,
  89: renewable,
  326: unusable('authorization_rejected'),
}

/** Where a code means something else, by what was asked. */
const codesOn: Partial<Record<Occasion, Record<string, Classification>>> = {
  // How X words `invalid_grant`: the person removed the application, or the token was shown twice. Its staff says: do not repeat.
  refresh: { invalid_request: { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' } },
}

/** `about:blank` is no code: what is wrong with an account then stands in the text alone. The wording is that of the older codes. */
const phrases: [RegExp, Classification][] = [
  [/\byour account\b.*\bsuspended\b|\buser is suspended\b/i, unusable('account_suspended')],
  [/\b(your|this) account\b.*\blocked\b/i, unusable('authorization_rejected')],
  [/\bnot permitted to access this feature\b/i, unusable('authorization_rejected')],
]

/** What an answer without a code we know means. */
function classifyStatus({ status, message }: PlatformError, occasion: Occasion): Classification {
  if (status === 429) return limited
  if (status >= 500) return unavailable
  // Credits of the operator are used up.
  if (status === 402) return clientInvalid
  const isBearerCall = occasion === 'verify' || occasion === 'publish' || occasion === 'delete'
  if (status === 401 && isBearerCall) return renewable
  const said = status === 403 ? phrases.find(([pattern]) => pattern.test(message)) : undefined
  if (said) return said[1]
  // A refusal we cannot read must not end a grant.
  return occasion === 'refresh' || occasion === 'verify' ? unavailable : refused
}

/** What an error of X means for us. */
export function classifyError(error: PlatformError, occasion: Occasion): Classification {
  const code = error.platformCode ?? ''
  const table = [codesOn[occasion] ?? {}, codes].find((one) => Object.hasOwn(one, code))
  return table?.[code] ?? classifyTokenError(error, occasion) ?? classifyStatus(error, occasion)
}
