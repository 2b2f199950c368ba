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
 * Codes of Threads beside those that all Graph APIs share. Code 24 alone, "does not exist", is not among them: it is reported for
 * tokens that have ended, so it decides nothing.
 * @see https://developers.facebook.com/docs/threads/troubleshooting (2026-11-22)
 */
const codes: GraphCodes = {
  // Spam protection, and a profile that is restricted; under which codes these come is not documented.
  'any/2207051': rateLimited,
  'any/4279013': suspended,
  // The posts of the day are used up. As Instagram words it; how Threads does is not documented.
  '9/2207042': rateLimited,
  // A container that is not ready is not published, although it says that it is finished; seen in several connectors.
  '24/4279009': unavailable,
}

/**
 * While publishing somebody else may just have extended the token; a refresh finds out. What does not exist then is a container or
 * the post that is replied to, which says nothing of the profile.
 */
const codesOnPublish: GraphCodes = {
  ...codes,
  '190/463': { kind: 'access_token_expired' },
  '100/33': refused,
}
/** A token that has expired cannot be extended. */
const codesElsewhere: GraphCodes = { ...codes, '190/463': grantExpired }

/** What an error of Threads means for us. */
export const classifyError = (error: PlatformError, occasion: Occasion): Classification =>
  classifyGraphError(
    error,
    occasion,
    occasion === 'publish' || occasion === 'delete' ? codesOnPublish : codesElsewhere,
  )
