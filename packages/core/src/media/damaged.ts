import { PostMcpError } from '../model/errors.js'

/** The error of a file that is not whole, or not what its first bytes say. */
export const damaged = (message: string, cause?: unknown): PostMcpError =>
  new PostMcpError('media_invalid', message, {
    cause,
    nextAction: 'Check that the file opens where you have it, save or export it anew, and upload that.',
  })
