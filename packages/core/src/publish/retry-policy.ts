/** Failed turns after which a post is given up, to be retried by hand: about four hours of trouble. */
const maxFailedTurns = 24
const firstWaitSeconds = 2
const longestWaitSeconds = 15 * 60

/**
 * When to try again after a passing failure; pure.
 * @param failedTurns failures so far, this one included
 * @param retryAfter the platform's own wish, which is always obeyed
 * @param random in [0, 1): spreads posts that failed together
 * @returns null to give up
 */
export function nextTry(
  failedTurns: number,
  retryAfter: Date | undefined,
  now: Date,
  random: number,
): Date | null {
  if (failedTurns >= maxFailedTurns) return null
  const seconds = Math.min(firstWaitSeconds * 2 ** (failedTurns - 1), longestWaitSeconds)
  const spread = new Date(now.getTime() + seconds * 1000 * (0.5 + random / 2))
  return retryAfter && retryAfter > spread ? retryAfter : spread
}
