import { PostMcpError, type PublishInput, type SentPost, type Visibility } from '@postmcp/core'

/** TikTok's levels by what we call them; of several the first that the account has. */
const levelsOf: Partial<Record<Visibility, readonly string[]>> = {
  public: ['PUBLIC_TO_EVERYONE'],
  followers: ['FOLLOWER_OF_CREATOR', 'MUTUAL_FOLLOW_FRIENDS'],
  private: ['SELF_ONLY'],
}

/** What of our words an account with these levels has: private accounts have no public posts. */
export const visibilitiesOf = (levels: readonly string[]): Visibility[] =>
  (['public', 'followers', 'private'] as const).filter((visibility) =>
    levelsOf[visibility]?.some((level) => levels.includes(level)),
  )

/**
 * The level to ask for. Never one that shows the post to others than was said.
 * @param offered what the account has now
 * @throws PostMcpError `validation_failed` where it has none that was meant
 */
export function privacyLevelOf(
  { content, options }: Pick<PublishInput, 'content' | 'options'>,
  offered: readonly string[],
): string {
  const { privacyLevel } = options
  const wanted = typeof privacyLevel === 'string' ? [privacyLevel] : (levelsOf[content.visibility] ?? [])
  const found = wanted.find((level) => offered.includes(level))
  if (found !== undefined) return found
  throw new PostMcpError(
    'validation_failed',
    `This TikTok account does not offer ${wanted.join(' or ') || content.visibility} for a post; it offers ${offered.join(', ') || 'nothing'}.`,
    {
      platform: 'tiktok',
      nextAction: 'Choose who may see the post among these, or change the privacy of the account in TikTok.',
    },
  )
}

/** Who sees a post of this level, in our words. */
export function shownTo(level: string): SentPost['visibility'] {
  if (level === 'PUBLIC_TO_EVERYONE') return 'public'
  return level === 'SELF_ONLY' ? 'private' : 'limited'
}
