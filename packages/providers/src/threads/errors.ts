import type { Classification, Occasion, PlatformError } from '@postmcp/core'
import { classifyGraphError, type GraphCodes, grantExpired, rateLimited, suspended } from '../meta/errors.js'

/**
 * Codes of Threads beside those that all Graph APIs share. Code 24, "does not exist", is not among them: it is reported for tokens
 * that have ended and for containers that are not ready, so it decides nothing.
 * @see https://developers.facebook.com/docs/threads/troubleshooting (2026-11-22)
 */
const codes: GraphCodes = {
  // Spam protection, and a profile that is restricted; under which codes these come is not documented.
  'any/2207051': rateLimited,
  'any/4279013': suspended,
}

/** While publishing somebody else may just have extended the token; a refresh finds out. */
const codesOnPublish: GraphCodes = { ...codes, '190/463': { kind: 'access_token_expired' } }
/** A token that has expired cannot be extended. */
const codesElsewhere: GraphCodes = { ...codes, '190/463': grantExpired }

/** What an error of Threads means for us. */
export const classifyError = (error: PlatformError, occasion: Occasion): Classification =>
  classifyGraphError(
    error,
    occasion,
    occasion === 'publish' || occasion === 'delete' ? codesOnPublish : codesElsewhere,
  )
