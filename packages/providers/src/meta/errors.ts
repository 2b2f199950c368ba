import type { Classification, Occasion, PlatformError } from '@postmcp/core'
import { GraphError } from './graph.js'

const grantRevoked: Classification = { kind: 'grant_lost', status: 'revoked', reason: 'token_revoked' }
export const grantExpired: Classification = { kind: 'grant_lost', status: 'expired', reason: 'token_expired' }
export const rateLimited: Classification = { kind: 'rate_limited' }
export const unavailable: Classification = { kind: 'unavailable' }
export const refused: Classification = { kind: 'refused' }
const clientInvalid: Classification = { kind: 'client_invalid' }
const scopeMissing: Classification = {
  kind: 'account_unusable',
  status: 'missing_permission',
  reason: 'scope_missing',
}
const targetNotGranted: Classification = {
  kind: 'account_unusable',
  status: 'missing_permission',
  reason: 'target_not_granted',
}
/** A person has to do something at the platform first, such as a security check. */
export const needsPerson: Classification = {
  kind: 'account_unusable',
  status: 'verification_failed',
  reason: 'authorization_rejected',
}
export const suspended: Classification = {
  kind: 'account_unusable',
  status: 'verification_failed',
  reason: 'account_suspended',
}

/** Classifications by code, by code/subcode where that says more, or by subcode alone as `any/subcode`. */
export type GraphCodes = Readonly<Record<string, Classification>>

/**
 * What codes mean on all Graph APIs; a subcode that is not listed means what its code means.
 * @see https://developers.facebook.com/docs/graph-api/guides/error-handling (2026-11-22)
 */
const codes: GraphCodes = {
  '1': unavailable,
  '2': unavailable,

  '4': rateLimited,
  '17': rateLimited,
  '32': rateLimited,
  '341': rateLimited,
  '613': rateLimited,

  // Without a subcode, and for 458 (app removed), 460 (password changed), 464 and 467: the token is void.
  '102': grantRevoked,
  '190': grantRevoked,
  '190/459': needsPerson,
  '190/463': grantExpired,
  '190/490': needsPerson,
  '190/492': targetNotGranted,

  '3': scopeMissing,
  '10': scopeMissing,
  '100/33': targetNotGranted,

  '101': clientInvalid,
}

/**
 * Codes that mean two things, and the beginning of the words that tell the operator's mistake from the other one: 1 is passing
 * trouble, 100 a faulty parameter and 200 a missing permission. 400 is the only code of the token endpoints of Instagram and
 * Threads.
 */
const clientFaults: readonly (readonly [code: string, words: string])[] = [
  ['1', 'Error validating client secret'],
  ['100', 'Invalid appsecret_proof'],
  ['200', 'API access blocked'],
  ['400', 'Invalid platform app'],
  ['400', 'Error validating client secret'],
]

/**
 * What an error of a Graph API means.
 * @param own what this platform adds to the shared codes; goes before them
 */
export function classifyGraphError(
  error: PlatformError,
  occasion: Occasion,
  own: GraphCodes = {},
): Classification {
  const known = lookUp(error, own)
  const isTransient = error instanceof GraphError && error.isTransient
  if (known && !(isTransient && changesStatus(known))) return known
  if (error.status === 429) return rateLimited
  if (isTransient || error.status >= 500) return unavailable
  // A refusal we cannot read must not end a grant.
  return occasion === 'refresh' || occasion === 'verify' ? unavailable : refused
}

const changesStatus = ({ kind }: Classification) => kind === 'grant_lost' || kind === 'account_unusable'

function lookUp({ platformCode, message }: PlatformError, own: GraphCodes): Classification | null {
  if (platformCode === null) return null
  const [code = '', subcode = ''] = platformCode.split('/')
  if (clientFaults.some(([faulty, words]) => faulty === code && message.startsWith(words)))
    return clientInvalid
  for (const key of [platformCode, `any/${subcode}`, code]) {
    for (const table of [own, codes]) {
      const found = Object.hasOwn(table, key) ? table[key] : undefined
      if (found) return found
    }
  }
  return /^2\d\d$/.test(code) ? scopeMissing : null
}
