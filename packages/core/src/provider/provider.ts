import type { AccountStatus, StatusReason } from '../model/account.js'
import type { Issue } from '../model/errors.js'
import { PostMcpError } from '../model/errors.js'
import type { TokenSet } from '../model/grant.js'
import type { Json, JsonObject } from '../model/json.js'
import type { Content, SentPost } from '../model/post.js'
import type { ProviderContext } from './context.js'
import { type Manifest, manifestSchema } from './manifest.js'
import type { PlatformError } from './platform-error.js'

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
  mimeType: string
  bytes: number
  width: number | null
  height: number | null
  altText: string
  /** The whole content. */
  read(): Promise<Uint8Array<ArrayBuffer>>
}

/** One post, ready to be turned into requests. */
export interface PublishInput {
  access: GrantAccess
  account: TargetAccess
  content: Omit<Content, 'media'> & { media: PublishMedia[] }
  /** Chosen by `createDedupeKey` at the first attempt; the same on all later ones. */
  dedupeKey: string
  /** Now. What depends on it belongs into the first checkpoint, so that it is the same on all attempts. */
  startedAt: Date
}

/**
 * What a publishing hook answers.
 * - `wait`: nothing is public yet; call `continuePublish` with the checkpoint, not before so many seconds.
 * - `send`: all that comes before publicity is done. The next `continuePublish` with this checkpoint makes the post public;
 *   core writes the attempt into its journal first. The checkpoint holds what is sent, to the byte.
 * - `done`: it is public.
 * A checkpoint is stored in clear: it must hold no secret.
 */
export type PublishStep =
  | { type: 'wait'; checkpoint: Json; resumeAfterSeconds: number }
  | { type: 'send'; checkpoint: Json }
  | { type: 'done'; sent: SentPost }

/** A call the platform makes at us. */
export interface InboundCallback {
  method: 'GET' | 'POST'
  headers: Headers
  query: URLSearchParams
  /** The body, byte for byte: what a signature is made over. */
  body: Uint8Array
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

/**
 * The only thing a platform implements. Hooks are straight code: arguments in, requests out, result returned; no waiting,
 * no environment, no state. They throw `PlatformError` for an error the platform answered, let `TransportError` of the HTTP
 * client pass, and throw `PostMcpError` for input they can refuse by themselves.
 */
export interface Provider {
  manifest: Manifest
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
  /** Problems of a draft that the declared limits cannot express; no I/O. */
  validate?(content: Content): Issue[]
  /** A key the platform deduplicates by, in its own form. */
  createDedupeKey?(now: Date): string
  startPublish?(ctx: ProviderContext, input: PublishInput): Promise<PublishStep>
  continuePublish?(ctx: ProviderContext, input: PublishInput, checkpoint: Json): Promise<PublishStep>
  /** Looks for a post whose answer was lost. Null: it is not there. Absent: the platform cannot be asked. */
  findPublished?(
    ctx: ProviderContext,
    input: Pick<PublishInput, 'access' | 'account' | 'dedupeKey'>,
    body: Json,
  ): Promise<SentPost | null>
  /** Deletes a post; one that is gone already counts as deleted. */
  deletePost?(ctx: ProviderContext, access: GrantAccess, platformPostId: string): Promise<void>
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
  const { connect, tokens, publish } = parsed.data
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
      `Provider ${name} declares what its hooks do not do: ${hooks} missing.`,
    )
  }
  return provider
}
