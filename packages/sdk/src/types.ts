import type { components } from './generated/openapi.js'

type Schemas = components['schemas']

/** A publishing target: a profile, page or channel, with its status. */
export type Account = Schemas['Account']
/** An account with its status just verified, or what was known instead. */
export type AccountStatus = Schemas['AccountStatus']
/** One entry of an account's history. */
export type Health = Schemas['Health']
/** What a disconnect revoked and cancelled. */
export type Disconnected = Schemas['Disconnected']
/** What has to happen next in a connect or reconnect; repeat until `connected`. */
export type ConnectStep = Schemas['ConnectStep']
/** A connect or reconnect attempt. */
export type Connection = Schemas['Connection']
/** Something a platform asks for when it is connected with credentials. */
export type CredentialField = Schemas['CredentialField']
/** Something that can be made an account. */
export type Target = Schemas['Target']
/** What a platform needs and allows. */
export type Platform = Schemas['Platform']
/** A workspace's own application at a platform, without its secrets. */
export type OwnClient = Schemas['OwnClient']
/** One thing the doctor looked at. */
export type Finding = Schemas['Finding']
/** An uploaded file. */
export type Media = Schemas['Media']
/** One piece of content as it was stored. */
export type Content = Schemas['Content']
/** One piece of content addressed to several accounts. */
export type PostGroup = Schemas['PostGroup']
/** One account's copy in a group. */
export type Post = Schemas['Post']
/** A post with every attempt to publish it. */
export type PostWithAttempts = Schemas['PostWithAttempts']
/** One try to publish a post. */
export type Attempt = Schemas['Attempt']
/** Why a post is not published. */
export type Failure = NonNullable<Schemas['Failure']>
/** A group after a retry, and what was retried. */
export type RetryResult = Schemas['RetryResult']
/** What was found by holding a draft against the limits of its targets. */
export type Validation = Schemas['Validation']
/** One thing that is wrong with a request or a draft. */
export type Issue = Schemas['Issue']
/** The tenant an API key belongs to. */
export type Workspace = Schemas['Workspace']
/** An API key, without the key itself. */
export type ApiKey = Schemas['ApiKey']
/** An API key just made, with the key itself. */
export type NewApiKey = Schemas['NewApiKey']
/** An error as it comes over the wire (RFC 9457). */
export type Problem = Schemas['Problem']
/** One of the closed list of error codes. */
export type ErrorCode = Problem['code']

/** A piece of content, where text and media may be left out. */
export type ContentDraft = Partial<Pick<Content, 'text' | 'media'>> & Omit<Content, 'text' | 'media'>

/** One account to publish to, with what only it gets. */
export interface TargetDraft {
  accountId: string
  overrides?: Partial<Content>
  /** By the names that `Platform.options` lists. */
  options?: Record<string, string | number | boolean>
}

/** One piece of content, the accounts it goes to, and when; without a time, at once. */
export interface PostGroupDraft {
  content: ContentDraft
  targets: TargetDraft[]
  /** An instant (`2026-12-01T09:00:00Z`), or a local time (`2026-12-01T09:00`) with `timeZone`. */
  publishAt?: string
  /** IANA name. */
  timeZone?: string
  /** How late a post may still go out. Default 3600. */
  graceSeconds?: number
  /** Kept without being published. Default false. */
  draft?: boolean
}

/** What of a group is to be different; everything absent stays as it is. */
export interface PostGroupChange {
  /** Of the group as you saw it. */
  version: number
  content?: ContentDraft
  /** All of them, in place of those there are. */
  targets?: TargetDraft[]
  /** A time, `now`, or null: a draft again. */
  publishAt?: string | null
  timeZone?: string
  graceSeconds?: number
}
