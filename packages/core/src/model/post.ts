import type { ErrorCode } from './errors.js'
import type { AccountId, AttemptId, MediaId, PostGroupId, PostId, WorkspaceId } from './ids.js'
import type { Json } from './json.js'

/** States of one target's copy. `unknown`: it may be public; never sent again blindly. */
export const postStates = [
  'draft',
  'scheduled',
  'queued',
  'publishing',
  'published',
  'failed',
  'unknown',
  'cancelled',
] as const
export type PostState = (typeof postStates)[number]

/** Which state may follow which. The store refuses every other change. */
export const postTransitions: Record<PostState, readonly PostState[]> = {
  draft: ['scheduled', 'queued', 'cancelled'],
  scheduled: ['queued', 'draft', 'cancelled', 'failed'],
  queued: ['publishing', 'failed', 'cancelled'],
  publishing: ['publishing', 'queued', 'published', 'failed', 'unknown'],
  unknown: ['unknown', 'publishing', 'published', 'failed'],
  failed: ['queued'],
  published: [],
  cancelled: [],
}

/** Derived from the states of a group's posts. */
export type PostGroupStatus =
  | 'draft'
  | 'scheduled'
  | 'publishing'
  | 'published'
  | 'partial'
  | 'failed'
  | 'cancelled'
  | 'needs_your_action'

/** A page the post points to, shown as a card where the platform has them. */
export interface LinkCard {
  /** Absolute http(s) address. */
  url: string
  title?: string | undefined
  description?: string | undefined
}

/** A file of the post. */
export interface MediaItem {
  mediaId: MediaId
  /** What is to be seen, for people who cannot see it. */
  altText?: string | undefined
  /** A picture shown before a video plays. */
  thumbnailId?: MediaId | undefined
}

/** Who may see a post; what a platform does not have is refused, not guessed. */
export const visibilities = ['public', 'unlisted', 'followers', 'private'] as const
export type Visibility = (typeof visibilities)[number]

/** One piece of content, as the user wrote it. */
export interface Content {
  text: string
  /** Where the platform has titles: YouTube, Pinterest, TikTok's photos. */
  title?: string | undefined
  /** Takes the place of the text where the platform has descriptions: YouTube, Pinterest. */
  description?: string | undefined
  /** Without number sign, where the platform has tags apart from the text. */
  tags?: string[] | undefined
  link?: LinkCard | undefined
  media: MediaItem[]
  /** BCP 47 tags of the text's languages. */
  languages?: string[] | undefined
  /** Absent: as is usual at the platform. */
  visibility?: Visibility | undefined
  /** What the account publishes below its own post, in this order: further posts of a thread, or comments. */
  replies?: string[] | undefined
}

/** What takes the place of fields of a content; a field that is absent or undefined stays. */
export type ContentOverrides = { [Field in keyof Content]?: Content[Field] | undefined }

/** What one target gets that others do not. */
export interface TargetContent {
  /** Takes the place of fields of the group's content. */
  overrides?: ContentOverrides | undefined
  /** Choices that only its platform has, by the names its manifest declares. */
  options?: PostOptions | undefined
}

/** Choices that only one platform has. */
export type PostOptions = Record<string, string | number | boolean>

/** One piece of content addressed to several accounts. */
export interface PostGroup {
  id: PostGroupId
  workspaceId: WorkspaceId
  content: Content
  /** When it is to be published; null: as soon as it was made. */
  publishAt: Date | null
  /** IANA name of the zone in which the user named that time, to show it again; null: he named an instant. */
  timeZone: string | null
  /** A post that could not be begun for so long after `publishAt` fails instead of going out late. */
  graceSeconds: number
  /** Goes up with every change. */
  version: number
  createdAt: Date
  createdBy: string
}

/** Why a post is not published, or not wholly, in the shape of an error without its class. */
export interface PostFailure {
  code: ErrorCode
  message: string
  nextAction: string
  platformCode?: string | undefined
  at: Date
}

/** What the platform made of a post. */
export interface SentPost {
  /** `inbox_draft` where the platform leaves the last step to the person's phone. */
  kind: 'post' | 'inbox_draft'
  visibility: 'public' | 'limited' | 'private'
  /** The platform's id of the post. */
  platformPostId: string
  permalink: string | null
  /** The platform's ids of what else belongs to it: further messages of an album, replies. */
  parts?: string[] | undefined
}

/** How much of a post's files has arrived at the platform, in bytes. */
export interface UploadProgress {
  uploadedBytes: number
  totalBytes: number
}

/** One target's copy in a group. This row is the only truth about it; jobs merely wake somebody to look at it. */
export interface Post {
  id: PostId
  workspaceId: WorkspaceId
  groupId: PostGroupId
  accountId: AccountId
  platform: string
  target: TargetContent
  state: PostState
  /** Goes up with each claim; a writer with an older one has lost the post. */
  fence: number
  /** The platform's dedupe key, chosen at the first attempt and kept. */
  dedupeKey: string | null
  dedupeKeyAt: Date | null
  /** Where publishing stands, as the provider said; null before the first step. */
  checkpoint: Json | null
  /** Whether the step at `checkpoint` makes the post public. */
  checkpointSends: boolean
  /** Null where nothing is being uploaded. */
  progress: UploadProgress | null
  /** When its turn has come to be sent, as the pace of its platform allows; null: not asked yet. */
  slotAt: Date | null
  /** Turns that ended in a passing failure since the post was queued. */
  failedTurns: number
  /** Not before this instant. */
  dueAt: Date
  /** When somebody looks again; null when it is final or waits for a person. */
  wakeAt: Date | null
  /** Of a published post: what of it is missing, such as a reply. */
  failure: PostFailure | null
  sent: SentPost | null
  publishedAt: Date | null
  /** When it was deleted at the platform through us. */
  deletedAt: Date | null
  createdAt: Date
}

/** What is known of one call that would make a post public. Null outcome: not yet known to have ended. */
export type AttemptOutcome = 'sent' | 'not_sent' | 'unknown'

/** The journal's entry of one try to publish: written before the call, completed after it. */
export interface Attempt {
  id: AttemptId
  workspaceId: WorkspaceId
  postId: PostId
  number: number
  fence: number
  /** What is sent, the same bytes on every try with the same dedupe key. */
  body: Json
  dedupeKey: string | null
  startedAt: Date
  /** The sender gives up before this instant; whoever looks for the post afterwards looks later. */
  sendDeadline: Date
  finishedAt: Date | null
  outcome: AttemptOutcome | null
  failure: PostFailure | null
}

/** Whether nothing more will happen to the post by itself. */
export const isFinal = (post: Pick<Post, 'state' | 'wakeAt'>): boolean =>
  post.state === 'published' ||
  post.state === 'failed' ||
  post.state === 'cancelled' ||
  (post.state === 'unknown' && post.wakeAt === null)

/** The state of a group, from its posts. */
export function groupStatus(posts: readonly Pick<Post, 'state' | 'wakeAt'>[]): PostGroupStatus {
  const some = (...states: PostState[]) => posts.some((post) => states.includes(post.state))
  const every = (...states: PostState[]) => posts.every((post) => states.includes(post.state))
  if (some('draft') && every('draft', 'cancelled')) return 'draft'
  if (posts.some((post) => post.state === 'unknown' && post.wakeAt === null)) return 'needs_your_action'
  if (some('queued', 'publishing', 'unknown')) return 'publishing'
  if (some('scheduled')) return 'scheduled'
  if (every('cancelled')) return 'cancelled'
  if (every('published', 'cancelled')) return 'published'
  return some('published') ? 'partial' : 'failed'
}
