import { ApiError } from './errors.js'

/** Names the place in a list from which the next page begins. */
export const pageToken = (from: number): string => Buffer.from(`page:${from}`).toString('base64url')

/** @throws ApiError for one that was never given out */
export function readPageToken(token: string | undefined): number {
  if (token === undefined) return 0
  const [, from] = /^page:(\d+)$/.exec(Buffer.from(token, 'base64url').toString()) ?? []
  if (from === undefined)
    throw new ApiError(400, 'invalidPageToken', 'The request specifies an invalid page token.', {
      domain: 'youtube.parameter',
    })
  return Number(from)
}
