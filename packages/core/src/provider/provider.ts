import type { StreamBody } from '../http/http-client.js'
import type { AccountStatus, StatusReason } from '../model/account.js'
import type { Issue } from '../model/errors.js'
import { PostMcpError } from '../model/errors.js'
import type { TokenSet } from '../model/grant.js'
import type { MediaId } from '../model/ids.js'
import type { Json, JsonObject } from '../model/json.js'
import type { Media } from '../model/media.js'
import type {
  Content,
  LinkCard,
  MediaItem,
  PostOptions,
  SentPost,
  UploadProgress,
  Visibility,
} from '../model/post.js'
import type { ProviderContext } from './context.js'
import { type Manifest, manifestSchema } from './manifest.js'
import type { PlatformError } from './platform-error.js'
import type { PostLimits } from './post-limits.js'
import { furtherWaysOf, onWay, waysOf } from './ways.js'

/** One target a grant can publish to. */
export interface Target {
  /** The platform's stable id. */
  targetId: string
  handle: string
  displayName: string | null
  avatarUrl: string | null
  profileUrl: string | null
  /** One of the manifest's `targetKinds`; default: the first. */
  kind?: string | undefined
  /** Facts of the target that hooks need and that are no secret, such as the id of its server. Default: none. */
  settings?: JsonObject | undefined
  /** Secrets of this target alone, such as a page's own token; sealed. Default: none. */
  secrets?: Record<string, string> | undefined
}

/** A target as a hook gets it back: open secrets for the length of one call. */
export interface TargetAccess {
  targetId: string
  handle: string
  settings: JsonObject
  secrets: Record<string, string>
}

/** What came of an authorization: who granted, and the secrets to keep. */
export interface Authorization {
  /** The platform's stable id of who granted. */
  subject: string
  tokens: TokenSet
  grantedScopes: string[]
  /** Not secret, kept on the grant and handed back to every hook. */
  settings: JsonObject
  /** Further secrets to keep sealed, such as an app password. */
  secrets: Record<string, string>
}

/** What a refresh brought. */
export interface RefreshedTokens extends TokenSet {
  /** Non-secret facts of the grant that changed with it, such as the address of its server after the account moved; replaces the old ones. */
  settings?: JsonObject | undefined
}

/** A grant as a hook gets it: open secrets for the length of one call. */
export interface GrantAccess {
  authMethod: 'credentials' | 'oauth2'
  /** The way through the browser that the person went, where it is not the platform's first one. */
  way?: string | undefined
  subject: string
  grantedScopes: string[]
  settings: JsonObject
  tokens: TokenSet
}

/** What one account is, as the platform says now. */
export interface Verification {
  /** Display data as it is now; what is absent could not be asked and stays as it was. */
  target?: Partial<Omit<Target, 'targetId'>> | undefined
  /** `active`, or what is wrong with this account although its grant works. */
  status: AccountStatus
  reason: StatusReason | null
  platformCode: string | null
  missingScopes?: string[] | undefined
  /** Non-secret facts of the grant that changed, such as the address of its server. */
  settings?: JsonObject | undefined
}

/** A media file as a provider gets it. */
export interface PublishMedia {
  /** Our own id of the file, for checkpoints. */
  id: MediaId
  kind: MediaKind
  mimeType: string
  bytes: number
  /** Hex SHA-256 of the content. */
  sha256: string
  fileName: string
  width: number | null
  height: number | null
  /** Null for pictures that do not move. */
  durationMs: number | null
  altText: string
  /** A picture shown before a video plays. */
  thumbnail: PublishMedia | null
  /** The whole content; for files that are known to be small. */
  read(): Promise<Uint8Array<ArrayBuffer>>
  /** The content, or the part from `start` up to but not including `end`, piece by piece. As the body of a request it is never held whole. */
  stream(range?: { start: number; end: number }): StreamBody
  /**
   * An https address that expires, for platforms that fetch files themselves. It is a secret while it lives: not for checkpoints.
   * @throws PostMcpError `public_url_required` where the world cannot reach us
   */
  url(): Promise<string>
}

/** What kind of file it is, as limits distinguish them: a picture that moves is an animation where the platform has limits for them. */
export type MediaKind = 'image' | 'animation' | 'video'

/** A content with everything that was decided about it for one platform. */
export interface PublishContent extends Omit<Content, 'media' | 'description' | 'replies'> {
  /** Whole: with the description where the platform has that, with the link's address where it has no card for it. */
  text: string
  /** Absent where it stands in the text. */
  link?: LinkCard | undefined
  visibility: Visibility
  media: PublishMedia[]
  replies: string[]
}

/** One post, ready to be turned into requests. */
export interface PublishInput {
  access: GrantAccess
  account: TargetAccess
  content: PublishContent
  /** Choices that only this platform has, defaults filled in. */
  options: PostOptions
  /** Chosen by `createDedupeKey` at the first attempt; the same on all later ones. */
  dedupeKey: string
  /** What earlier steps gave to be kept sealed. */
  secrets: Record<string, string>
  /** Now. What depends on it belongs into the first checkpoint, so that it is the same on all attempts. */
  startedAt: Date
}

/** What every step but the last may carry along. */
interface StepExtras {
  /** Capabilities that were handed to us, such as the address of an upload; kept sealed until the post is final. Default: those there are. */
  secrets?: Record<string, string> | undefined
  /** To show to those who wait. */
  progress?: UploadProgress | undefined
}

/**
 * What a publishing hook answers. Each call does one thing: one request or a few small ones, one chunk of an upload.
 * - `wait`: nothing new is public; call `continuePublish` with the checkpoint, not before so many seconds. Zero: at once, this
 *   is one step of many, such as the next chunk.
 * - `send`: all that comes before publicity is done. The next `continuePublish` with this checkpoint makes something public;
 *   core writes the attempt into its journal first. The checkpoint holds what is sent, to the byte. `published`: the post itself
 *   is public already, and what is sent now is a reply below it; when that fails the post stays published.
 * - `done`: it is public, wholly.
 * A checkpoint is stored in clear: it must hold no secret.
 */
export type PublishStep =
  | ({ type: 'wait'; checkpoint: Json; resumeAfterSeconds: number } & StepExtras)
  | ({ type: 'send'; checkpoint: Json; published?: SentPost | undefined } & StepExtras)
  | { type: 'done'; sent: SentPost }

/** A call the platform makes at us. */
export interface InboundCallback {
  method: 'GET' | 'POST'
  headers: Headers
  query: URLSearchParams
  /** The body, byte for byte: what a signature is made over. */
  body: Uint8Array
}

/** What limits may depend on. */
export interface LimitedTarget {
  kind: string
  settings: JsonObject
  /** Of the grant. */
  grantSettings: JsonObject
  grantedScopes: string[]
}

/** A draft as a provider looks at it before anything is sent. */
export interface DraftForTarget {
  content: Omit<PublishContent, 'media'> & { media: DraftMedia[] }
  options: PostOptions
  target: LimitedTarget
}

/** A file of a draft; undefined file: there is none under its id. */
export interface DraftMedia extends MediaItem {
  file: (Media & { is: MediaKind }) | undefined
}

/** What a platform tells us by a callback. `answer`: what it wants to hear back, such as a challenge. */
export type InboundNotice =
  | { type: 'answer'; body: string; contentType: string }
  /** The grants of this subject are gone; with `targetId` only that target of them. */
  | { type: 'revoked'; eventId: string; subject: string; targetId?: string; platformCode: string | null }
  /** A person wants everything about him deleted; `confirmation` names the request to him. */
  | { type: 'deletion_requested'; eventId: string; subject: string; confirmation: string }

/** What an error of the platform means for us. */
export type Classification =
  /** Not now; see `retryAfter` of the error. */
  | { kind: 'rate_limited' }
  /** Passing trouble at the platform or on the way. Never changes a status. */
  | { kind: 'unavailable' }
  /** The access token is used up: refresh and repeat. */
  | { kind: 'access_token_expired' }
  /** The credentials a user just gave are wrong. Only while connecting. */
  | { kind: 'credentials_rejected'; message: string }
  /** The grant is gone for good. */
  | { kind: 'grant_lost'; status: 'revoked' | 'expired'; reason: StatusReason }
  /** The grant works and this account does not. */
  | {
      kind: 'account_unusable'
      status: 'verification_failed' | 'missing_permission' | 'revoked'
      reason: StatusReason
      missingScopes?: string[]
    }
  /** Exactly this request is refused; repeating it is pointless. */
  | { kind: 'refused' }
  /** A post with our dedupe key is already there. */
  | { kind: 'already_sent' }
  /** The operator's app registration is at fault. */
  | { kind: 'client_invalid' }

/** What the provider was asked to do when the error came. */
export type Occasion = 'connect' | 'callback' | 'refresh' | 'verify' | 'publish' | 'delete' | 'revoke'

/** An authorization server that was found by what the user named. */
export interface AuthorizationServer {
  /** Names the server among all of the platform, such as its origin; one registration is kept for each. */
  id: string
  authorizationUrl: string
  tokenUrl: string
  revocationUrl?: string | undefined
  /** Set where the server says that its authorization responses carry `iss`. */
  issuer?: string | undefined
  pkce: 'S256' | 'none'
  /** What to ask for there; default: the manifest's required and optional scopes. */
  scopes?: string[] | undefined
  /** Not secret; handed to `registerClient` and `identify`. */
  settings: JsonObject
}

/** What the token endpoint answered to an authorization code. */
export interface CodeExchange {
  tokens: TokenSet
  /** The whole answer, secrets included: nothing of it may be kept but by way of `Authorization`. */
  answer: JsonObject
  /** What was asked for; the scopes of a platform that does not say what it granted. */
  requestedScopes: string[]
  /** The fields the user gave before. */
  fields: Record<string, string>
  /** Null where the addresses are those of the manifest. */
  server: AuthorizationServer | null
  redirectUri: string
}

/** What a provider that authorizes in its own way is asked. */
export interface AuthorizationRequest {
  fields: Record<string, string>
  redirectUri: string
  scopes: string[]
  isReconnect: boolean
}

/** The hooks of one way; undefined takes a hook away. */
export type WayHooks = { [Hook in keyof Omit<Provider, 'manifest' | 'ways'>]?: Provider[Hook] | undefined }

/**
 * The only thing a platform implements. Hooks are straight code: arguments in, requests out, result returned; no waiting,
 * no environment, no state. They throw `PlatformError` for an error the platform answered, let `TransportError` of the HTTP
 * client pass, and throw `PostMcpError` for input they can refuse by themselves.
 */
export interface Provider {
  manifest: Manifest
  /** Hooks of the manifest's further ways, by their ids: on its way each takes the place of the hook of the same name here. */
  ways?: Readonly<Record<string, WayHooks>>
  /** Turns credentials into an authorization. Refuses unsuitable ones before sending where it can. */
  authenticate?(ctx: ProviderContext, fields: Record<string, string>): Promise<Authorization>

  /** Finds the authorization server of what the user named. Only for `client: 'registered'`. */
  locateServer?(ctx: ProviderContext, fields: Record<string, string>): Promise<AuthorizationServer>
  /** Registers us there. Only for `client: 'registered'`. */
  registerClient?(
    ctx: ProviderContext,
    server: AuthorizationServer,
    registration: { redirectUri: string; scopes: string[] },
  ): Promise<{ clientId: string; clientSecret: string | null }>
  /** Error of a token endpoint that is not worded as in RFC 6749 section 5.2; null: this answer is none. */
  readTokenError?(answer: {
    status: number
    json: unknown
  }): { platformCode: string | null; message: string } | null
  /** Tokens of an answer that is not formed as in RFC 6749 section 5.1. */
  readTokenAnswer?(answer: JsonObject, now: Date): TokenSet
  /** Who granted, and what to keep; also changes a short-lived token for a long-lived one where the platform has such. */
  identify?(ctx: ProviderContext, exchange: CodeExchange): Promise<Authorization>
  /** Takes the place of the OAuth engine up to the browser: `state` as it stands in the address, `flow` is sealed until `exchange`. */
  authorize?(
    ctx: ProviderContext,
    request: AuthorizationRequest,
  ): Promise<{ authorizationUrl: string; state: string; flow: Record<string, string> }>
  /** Takes the place of the OAuth engine from the callback on. */
  exchange?(
    ctx: ProviderContext,
    callback: { parameters: URLSearchParams; flow: Record<string, string>; redirectUri: string },
  ): Promise<Authorization>
  /** Documents that describe us to the platform, by name; served as `/oauth/<platform>/<name>`. Only for `client: 'document'`. */
  clientDocuments?(ctx: ProviderContext): Promise<Record<string, JsonObject>>

  /** All targets of a grant. */
  listTargets(ctx: ProviderContext, access: GrantAccess): Promise<Target[]>
  /** Asks the platform how the account is. */
  verify(ctx: ProviderContext, access: GrantAccess, target: TargetAccess): Promise<Verification>
  /** A new token set; `secrets` as `authenticate` or `identify` returned them. Default: RFC 6749 section 6. */
  refresh?(
    ctx: ProviderContext,
    access: GrantAccess,
    secrets: Record<string, string>,
  ): Promise<RefreshedTokens>
  /** Ends our access. May be repeated. Default: RFC 7009, where the manifest names an address for it. */
  revoke?(ctx: ProviderContext, access: GrantAccess): Promise<void>
  /** Reads a callback of the platform itself, signature first; see `InboundCallback`. */
  receive?(ctx: ProviderContext, callback: InboundCallback): Promise<InboundNotice[]> | InboundNotice[]
  /** The limits of one target, where they are not the same for all, such as those of its server; no I/O. Default: as declared. */
  limitsOf?(target: LimitedTarget): PostLimits
  /** Problems of a draft that the limits cannot express; no I/O. Fields are named `content.…` and `options.…`. */
  validate?(draft: DraftForTarget): Issue[]
  /** How long a text is for `weighted` limits. Default: as many as `graphemes`. */
  countWeighted?(text: string): number
  /** A key the platform deduplicates by, in its own form. */
  createDedupeKey?(now: Date): string
  startPublish?(ctx: ProviderContext, input: PublishInput): Promise<PublishStep>
  continuePublish?(ctx: ProviderContext, input: PublishInput, checkpoint: Json): Promise<PublishStep>
  /**
   * Looks for what a call with this checkpoint made public, when its answer was lost.
   * @returns the step that the lost answer would have brought; null: it is certainly not there. Absent: the platform cannot be asked.
   * @throws PostMcpError `outcome_unknown` where this one cannot be told, now or later: it is left to a person
   */
  findPublished?(
    ctx: ProviderContext,
    input: Omit<PublishInput, 'content' | 'startedAt'> & { sentAt: Date },
    checkpoint: Json,
  ): Promise<PublishStep | null>
  /** Deletes a post with all its parts; what is gone already counts as deleted. */
  deletePost?(
    ctx: ProviderContext,
    of: { access: GrantAccess; account: TargetAccess },
    sent: SentPost,
  ): Promise<void>
  classifyError(error: PlatformError, occasion: Occasion): Classification
}

/**
 * Checks a provider's declared data and returns it unchanged.
 * @throws PostMcpError `config_invalid` that lists what is wrong with the manifest, or a hook that the manifest promises and that is missing.
 */
export function defineProvider<P extends Provider>(provider: P): P {
  const parsed = manifestSchema.safeParse(provider.manifest)
  const name = provider.manifest?.id ?? '(no id)'
  if (!parsed.success) {
    throw new PostMcpError('config_invalid', `The manifest of provider ${name} is not valid.`, {
      issues: parsed.error.issues.map((issue) => ({
        code: issue.code ?? 'invalid',
        severity: 'error',
        message: issue.message,
        field: issue.path.join('.'),
      })),
    })
  }
  refuseWrongWays(provider)
  for (const way of [null, ...Object.keys(furtherWaysOf(provider.manifest))])
    refuseMissingHooks(onWay(provider, way))
  return provider
}

/** Whether every way has a name of its own, and whatever names a way names one of them. */
function refuseWrongWays({ manifest, ways = {} }: Provider): void {
  const { furtherWays = [] } = manifest.connect
  const ids = waysOf(manifest).map(({ id }) => id)
  const further = furtherWays.map(({ oauth2 }) => oauth2.way.id)
  const isEachNamed = further.length === 0 || ids.length === further.length + 1
  const named = manifest.scopes.flatMap(({ way }) => way ?? [])
  const isKnown =
    named.every((way) => ids.includes(way)) && Object.keys(ways).every((way) => further.includes(way))
  if (isEachNamed && isKnown && new Set(ids).size === ids.length) return
  throw new PostMcpError(
    'config_invalid',
    `The ways of provider ${manifest.id} need a name each, and scopes and hooks may name no other.`,
  )
}

/** @throws PostMcpError `config_invalid` that names what the manifest promises and no hook does */
function refuseMissingHooks(provider: Provider): void {
  const { connect, tokens, publish } = provider.manifest
  const { credentials, oauth2 } = connect
  const ownWay = provider.authorize !== undefined
  const promised: [boolean, keyof Provider][] = [
    [credentials !== undefined, 'authenticate'],
    [oauth2 !== undefined && !ownWay, 'identify'],
    [ownWay, 'exchange'],
    [oauth2?.client === 'registered', 'locateServer'],
    [oauth2?.client === 'registered', 'registerClient'],
    [oauth2?.client === 'document', 'clientDocuments'],
    // The engine refreshes by itself where it knows the address.
    [
      tokens.refresh !== 'none' && oauth2?.tokenUrl === undefined && oauth2?.client !== 'registered',
      'refresh',
    ],
    [tokens.refresh === 'extend_access_token', 'refresh'],
    [provider.startPublish !== undefined, 'continuePublish'],
    [provider.startPublish !== undefined, 'createDedupeKey'],
    [
      provider.startPublish !== undefined &&
        (typeof publish.reconcile === 'object' || publish.reconcile === 'container'),
      'findPublished',
    ],
    [provider.startPublish !== undefined && publish.canDelete, 'deletePost'],
  ]
  const missing = promised.filter(([needed, hook]) => needed && provider[hook] === undefined)
  if (missing.length > 0) {
    const hooks = missing.map(([, hook]) => hook).join(', ')
    throw new PostMcpError(
      'config_invalid',
      `Provider ${provider.manifest.id} declares what its hooks do not do: ${hooks} missing.`,
    )
  }
}
