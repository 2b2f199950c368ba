import type { Classification, Occasion, PlatformError } from '@postmcp/core'
import {
  classifyGraphError,
  type GraphCodes,
  grantExpired,
  rateLimited,
  refused,
  suspended,
  unavailable,
} from '../meta/errors.js'

/**
 * Codes of Instagram beside those that all Graph APIs share. Public tables contradict each other on some of the subcodes; only
 * those are here on which they agree.
 * @see https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes (2026-11-22)
 */
const codes: GraphCodes = {
  // Passing trouble of the server.
  '-1': unavailable,
  // A restricted or inactive account.
  '25': suspended,
  // Temporarily blocked by a policy.
  '368': suspended,
  // The day's posts are used up; spam protection is code 4 with subcode 2207051.
  'any/2207042': rateLimited,
  'any/2207050': suspended,
  'any/2207051': rateLimited,
  // A container that is not ready is not published, although it says that it is finished.
  '9007/2207027': unavailable,
  '80001': rateLimited,
  '80002': rateLimited,
  // A duplicate of a recent post; whether it is ours it does not say.
  '506': refused,
}

/**
 * While publishing somebody else may just have extended the token; a refresh finds out. What does not exist then is a container,
 * which says nothing of the account.
 */
const codesOnPublish: GraphCodes = {
  ...codes,
  '190/463': { kind: 'access_token_expired' },
  '100/33': refused,
}
/** A token that has expired cannot be extended. */
const codesElsewhere: GraphCodes = { ...codes, '190/463': grantExpired }

/** What an error of Instagram means for us. */
export const classifyError = (error: PlatformError, occasion: Occasion): Classification =>
  classifyGraphError(
    error,
    occasion,
    occasion === 'publish' || occasion === 'delete' ? codesOnPublish : codesElsewhere,
  )
