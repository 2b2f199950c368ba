import type { Classification, Occasion, PlatformError } from '@postmcp/core'
import {
  classifyGraphError,
  type GraphCodes,
  needsPerson,
  rateLimited,
  refused,
  suspended,
} from '../meta/errors.js'

/**
 * Codes of Facebook beside those that all Graph APIs share.
 * @see https://developers.facebook.com/docs/graph-api/guides/error-handling (2026-11-22)
 */
const codes: GraphCodes = {
  // Too many calls for one Page.
  '80001': rateLimited,
  // What exactly 368 stands for is a guess: temporarily blocked by a policy.
  '368': suspended,
  '1404112': suspended,
  // The Page needs its publishing authorization, or the person has to confirm who they are.
  '1404078': needsPerson,
  '4854002': needsPerson,
  // A duplicate of a recent post; whether it is ours it does not say.
  '506': refused,
}

/** What does not exist while publishing is a file that was uploaded and forgotten, which says nothing of the Page. */
const codesOnPublish: GraphCodes = { ...codes, '100/33': refused }

/** What an error of Facebook means for us. */
export const classifyError = (error: PlatformError, occasion: Occasion): Classification =>
  classifyGraphError(error, occasion, occasion === 'publish' ? codesOnPublish : codes)
