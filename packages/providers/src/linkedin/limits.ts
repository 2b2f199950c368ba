import type { DraftForTarget, Issue, LimitedTarget, PostLimits } from '@postmcp/core'

const image = {
  // A guess: LinkedIn states a limit of pixels and none of bytes.
  maxBytes: 5_000_000,
  maxPixels: 36_152_319,
  maxAltTextGraphemes: 4086,
}

const smallestVideoBytes = 75_000

/**
 * Comments. How long they may be the documentation does not say; 1,250 characters are what LinkedIn's own pages take, as many
 * report. How many is our limit: each is a call of the 150 a day.
 */
const replies = { max: 10, text: [{ unit: 'utf16_units' as const, max: 1250 }] }

/** What must be granted beside the required scopes before comments can be made, by who makes them. */
const commentScopes = { member: 'w_member_social_feed', organization: 'w_organization_social_feed' }

/** What a member may post. @see https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api (2026-11-22) */
const memberLimits: PostLimits = {
  // Documented for the older kind of posts, without saying what is counted: UTF-16 units never count less.
  text: [{ unit: 'utf16_units', max: 3000 }],
  textOnly: true,
  images: { max: 20, mimeTypes: ['image/jpeg', 'image/png', 'image/gif'], ...image },
  // Whether several that move may stand together is not said; so there is one.
  animations: { max: 1, mimeTypes: ['image/gif'], ...image, maxFrames: 250 },
  videos: {
    max: 1,
    mimeTypes: ['video/mp4'],
    maxBytes: 500_000_000,
    seconds: { min: 3, max: 30 * 60 },
    maxAltTextGraphemes: 0,
  },
  maxMedia: 20,
  linkCard: { withImages: false },
  replies: { ...replies, scopes: [commentScopes.member] },
  // What LinkedIn calls connections.
  visibilities: ['public', 'followers'],
}

/** Posts of a company page are seen by everyone. */
const organizationLimits: PostLimits = {
  ...memberLimits,
  replies: { ...replies, scopes: [commentScopes.organization] },
  visibilities: ['public'],
}

/** What holds for one or the other. */
export const limits: PostLimits = {
  ...memberLimits,
  replies: { ...replies, scopes: Object.values(commentScopes) },
}

/** A page may do a little less than a member. */
export const limitsOf = ({ kind }: Pick<LimitedTarget, 'kind'>): PostLimits =>
  kind === 'organization' ? organizationLimits : memberLimits

/** What the declared limits cannot say. */
export function validate({ content }: DraftForTarget): Issue[] {
  const issues = content.media.flatMap(({ file }, index): Issue[] => {
    if (file?.is !== 'video' || file.bytes >= smallestVideoBytes) return []
    return [
      {
        code: 'video_too_small',
        severity: 'error',
        message: `The video has ${file.bytes} bytes; LinkedIn takes none of less than ${smallestVideoBytes}.`,
        field: `content.media.${index}`,
        allowed: smallestVideoBytes,
        found: file.bytes,
      },
    ]
  })
  const { link } = content
  if (!link || (URL.canParse(link.url) && /^https?:$/.test(new URL(link.url).protocol))) return issues
  const message = 'The link is not a whole http or https address.'
  return [...issues, { code: 'link_malformed', severity: 'error', message, field: 'content.link.url' }]
}
