import type { Account, Health } from '../model/account.js'
import type { Connection, ConnectionOAuth, ConnectionState, TargetSummary } from '../model/connection.js'
import type { Grant, GrantClient, RefreshMarker } from '../model/grant.js'
import type {
  AccountId,
  ApiKeyId,
  AttemptId,
  ConnectionId,
  GrantId,
  MediaId,
  OAuthClientId,
  PostGroupId,
  PostId,
  WorkspaceId,
} from '../model/ids.js'
import type { Json, JsonObject } from '../model/json.js'
import type { Media } from '../model/media.js'
import type {
  Attempt,
  AttemptOutcome,
  Post,
  PostFailure,
  PostGroup,
  PostState,
  SentPost,
  TargetContent,
  UploadProgress,
} from '../model/post.js'

/** Where the simulated platforms of this installation are. */
export interface SandboxPlace {
  processId: string
  /** The machine; its loopback addresses are of no use on another one. */
  host: string
  /** Where its pages are. */
  origin: string
  /** Where each platform is, without a trailing slash. */
  bases: Record<string, string>
}

/** A tenant. */
export interface Workspace {
  id: WorkspaceId
  name: string
  /** `sandbox` workspaces publish to simulated platforms only. */
  mode: 'live' | 'sandbox'
  /** Name of its plan; see `POSTMCP_PLANS`. */
  plan: string
  /** Most accounts it may hold, over what its plan says; null: what the plan says. */
  maxAccounts: number | null
  createdAt: Date
}

/** An API key as listed; the key itself is not kept. */
export interface ApiKey {
  id: ApiKeyId
  workspaceId: WorkspaceId
  name: string
  /** The first characters of the key, to tell keys apart. */
  hint: string
  createdAt: Date
  revokedAt: Date | null
}

/** A slice of a list, newest first. */
export interface PageRequest {
  limit: number
  /** Only what comes after the row with this id. */
  after?: string | undefined
}

/** Which groups are listed: those with a post that has everything that is named of posts. What is absent narrows nothing down. */
export interface PostGroupFilter {
  states?: readonly PostState[] | undefined
  accountIds?: readonly AccountId[] | undefined
  platforms?: readonly string[] | undefined
  /** Of the group's time: when it is to be published, or, where it has no time, when it was made. */
  from?: Date | undefined
  /** The first instant after the last one that counts. */
  before?: Date | undefined
}

/** A client registration that belongs to a workspace; its secrets are sealed credentials. */
export interface OAuthClient {
  id: OAuthClientId
  workspaceId: WorkspaceId
  platform: string
  /** `workspace`: its own, given by a person. `registered`: made by us at one server. */
  source: 'workspace' | 'registered'
  /** The way through the browser it is for, where that is not the platform's first one. */
  way: string | null
  /** The server it is good for; empty where the platform has only one. */
  server: string
  redirectUri: string
  scopes: string[]
  clientId: string
  /** Base addresses that go with it, by endpoint name. */
  endpoints: Record<string, string>
  createdAt: Date
}

/** Who owns a sealed value, and which of its secrets it is. */
export interface SealedOwner {
  type: 'connection' | 'grant' | 'account' | 'app_registration' | 'post' | 'system'
  id: string
  field: string
}

/** A data key as stored: wrapped by a key-encryption key. */
export interface WrappedDataKey {
  id: string
  /** A workspace's id or `system`. */
  keyScope: string
  kekId: string
  wrapped: Buffer
}

/** What is known of a key-encryption key, to notice a wrong key ring. */
export interface KeyEncryptionKeyRecord {
  id: string
  /** Digest of the key; tells keys apart and says nothing about them. */
  fingerprint: string
  active: boolean
}

/** What a request with an Idempotency-Key met. */
export type IdempotencyClaim =
  | { state: 'claimed' }
  | { state: 'running' }
  | { state: 'mismatch' }
  | { state: 'done'; resultId: string }

/** What the sweeper has to do about a grant, and when. */
interface GrantPlan {
  /** When its tokens are refreshed ahead of need; null: never. */
  refreshAt: Date | null
  /** When access ends unless a person does something; null: never, or unknown. */
  endsAt: Date | null
}

/** A wake-up: somebody should look at this post. */
export interface PostWakeUp {
  workspaceId: WorkspaceId
  postId: PostId
}

export interface AuditEntry {
  workspaceId: WorkspaceId
  actor: string
  /** Past-tense verb with its thing, such as `account.connected`. */
  action: string
  subjectId: string
  details: JsonObject
}

/** What a claimed post may be changed to; every field absent stays as it is. */
export interface PostUpdate {
  state?: PostState
  target?: TargetContent
  progress?: UploadProgress | null
  slotAt?: Date | null
  dedupeKey?: string | null
  dedupeKeyAt?: Date | null
  checkpoint?: Json | null
  checkpointSends?: boolean
  failedTurns?: number
  dueAt?: Date
  wakeAt?: Date | null
  failure?: PostFailure | null
  sent?: SentPost | null
  publishedAt?: Date | null
  deletedAt?: Date | null
}

/** Everything the verbs ask of a database. All methods are scoped to a workspace; a foreign id is simply not there. */
export interface StoreOperations {
  workspaces: {
    insert(workspace: Workspace): Promise<void>
    get(id: WorkspaceId): Promise<Workspace | undefined>
    /** The oldest one of a mode: the one this machine's owner works in. */
    first(mode: Workspace['mode']): Promise<Workspace | undefined>
    /** Reads the row and holds it against other transactions that lock it; only inside a transaction. */
    lock(id: WorkspaceId): Promise<Workspace | undefined>
  }

  apiKeys: {
    insert(key: ApiKey, hash: Buffer): Promise<void>
    /** The key with this digest unless revoked. */
    findByHash(hash: Buffer): Promise<ApiKey | undefined>
    list(workspaceId: WorkspaceId): Promise<ApiKey[]>
    /** Whether there was a living one. */
    revoke(workspaceId: WorkspaceId, id: ApiKeyId, at: Date): Promise<boolean>
  }

  keys: {
    listKeyEncryptionKeys(): Promise<KeyEncryptionKeyRecord[]>
    /** Does nothing when there is one with this id. */
    registerKeyEncryptionKey(record: KeyEncryptionKeyRecord): Promise<void>
    /** Newest first. */
    listDataKeys(keyScope: string): Promise<WrappedDataKey[]>
    /** Inserts it as the scope's first key; another process may have been quicker, so read again afterwards. */
    insertFirstDataKey(key: WrappedDataKey): Promise<void>
    /** All that are wrapped by any other key than this one. */
    listDataKeysNotWrappedBy(kekId: string): Promise<WrappedDataKey[]>
    /** Replaces the wrapping of a data key if it is still the one that was read. */
    rewrapDataKey(from: WrappedDataKey, to: Pick<WrappedDataKey, 'kekId' | 'wrapped'>): Promise<boolean>
    /** Makes a registered key the one that new data keys are wrapped with. */
    promoteKeyEncryptionKey(id: string): Promise<void>
    /** Forgets all keys but this one. False, and nothing is done, while a data key is still wrapped by another. */
    retireAllBut(id: string): Promise<boolean>
    /** A process says which keys it holds, and that it lives. */
    reportHolder(processId: string, kekIds: string[]): Promise<void>
    withdrawHolder(processId: string): Promise<void>
    /** The processes that reported within so many seconds. */
    listHolders(withinSeconds: number): Promise<{ processId: string; kekIds: string[] }[]>
  }

  credentials: {
    put(workspaceId: WorkspaceId, owner: SealedOwner, sealed: Buffer): Promise<void>
    get(workspaceId: WorkspaceId, owner: SealedOwner): Promise<Buffer | undefined>
    deleteAllOf(workspaceId: WorkspaceId, type: SealedOwner['type'], id: string): Promise<void>
  }

  grants: {
    insert(grant: Omit<Grant, 'refreshMarker'> & Pick<GrantPlan, 'refreshAt'>): Promise<void>
    get(workspaceId: WorkspaceId, id: GrantId): Promise<Grant | undefined>
    /** The living one; what was given on different ways is never one grant. */
    findBySubject(
      workspaceId: WorkspaceId,
      of: Pick<Grant, 'platform' | 'way' | 'subject'>,
    ): Promise<Grant | undefined>
    /** A new authorization for the same grant: the version goes up, lease and marker are void, health is set. */
    replaceAuthorization(
      workspaceId: WorkspaceId,
      id: GrantId,
      update: Pick<
        Grant,
        | 'authMethod'
        | 'authorizedAt'
        | 'client'
        | 'settings'
        | 'grantedScopes'
        | 'accessTokenExpiresAt'
        | 'refreshTokenExpiresAt'
        | 'health'
      > &
        GrantPlan,
    ): Promise<void>
    /** Its authorization is given up: the version goes up, lease and marker are void, health is set. */
    end(workspaceId: WorkspaceId, id: GrantId, health: Health): Promise<void>
    /**
     * Whether any workspace has a living grant of this subject to this client, one aside; the only question that looks beyond a
     * workspace. At addresses of its own a workspace may call anybody anything: such grants count only among themselves.
     */
    isSubjectInUse(
      platform: string,
      subject: string,
      client: GrantClient | null,
      exceptFor: GrantId | null,
    ): Promise<boolean>
    /**
     * Active grants that end within so many days and of which nobody was told yet for this number of days, each marked as told.
     */
    takeEnding(now: Date, withinDays: number, limit: number): Promise<Grant[]>
    /** All living grants of a subject, in whatever workspace: what a callback of the platform concerns. */
    listBySubject(platform: string, subject: string): Promise<Grant[]>
    /** Holds off others who end or begin grants of this subject, until the transaction ends. */
    lockSubject(platform: string, subject: string): Promise<void>
    /** True when the version is still the expected one and nobody else holds a living lease. */
    acquireRefreshLease(
      workspaceId: WorkspaceId,
      id: GrantId,
      lease: { owner: string; seconds: number; expectedVersion: number },
    ): Promise<boolean>
    renewRefreshLease(
      workspaceId: WorkspaceId,
      id: GrantId,
      lease: { owner: string; seconds: number },
    ): Promise<boolean>
    releaseRefreshLease(workspaceId: WorkspaceId, id: GrantId, owner: string): Promise<void>
    /** Only for the holder of the lease. Null clears. */
    setRefreshMarker(
      workspaceId: WorkspaceId,
      id: GrantId,
      owner: string,
      marker: RefreshMarker | null,
    ): Promise<boolean>
    /** Compare-and-set on the version: the version goes up, marker and lease are cleared. */
    saveRefreshed(
      workspaceId: WorkspaceId,
      id: GrantId,
      update: {
        expectedVersion: number
        accessTokenExpiresAt: Date | null
        refreshTokenExpiresAt: Date | null
        grantedScopes: string[]
        settings: JsonObject
      } & GrantPlan,
    ): Promise<boolean>
    updateSettings(
      workspaceId: WorkspaceId,
      id: GrantId,
      expectedVersion: number,
      settings: JsonObject,
    ): Promise<boolean>
    /** Compare-and-set on the version. */
    recordHealth(
      workspaceId: WorkspaceId,
      id: GrantId,
      expectedVersion: number,
      health: Health,
    ): Promise<boolean>
    /** Active grants to be refreshed by now, each put off by `againInSeconds` so that it is not found twice at once. */
    takeDue(
      now: Date,
      againInSeconds: number,
      limit: number,
    ): Promise<{ workspaceId: WorkspaceId; grantId: GrantId }[]>
  }

  oauthClients: {
    insert(client: OAuthClient): Promise<void>
    get(workspaceId: WorkspaceId, id: OAuthClientId): Promise<OAuthClient | undefined>
    /** Newest first. */
    list(
      workspaceId: WorkspaceId,
      of: Pick<OAuthClient, 'platform' | 'way' | 'source' | 'server'>,
    ): Promise<OAuthClient[]>
    /** Wherever it belongs: what a callback of the platform names. */
    find(id: OAuthClientId): Promise<OAuthClient | undefined>
    /** The living ones a person gave, for all platforms. */
    listOwn(workspaceId: WorkspaceId): Promise<OAuthClient[]>
    /** It is used for no new grants; those that were obtained with it keep it. */
    retire(workspaceId: WorkspaceId, id: OAuthClientId): Promise<void>
  }

  /** Secrets of the installation itself, such as the keys it signs with. */
  systemSecrets: {
    get(name: string): Promise<Buffer | undefined>
    /** Does nothing when there is one; read again afterwards. */
    putFirst(name: string, sealed: Buffer): Promise<void>
  }

  /** Which process runs the sandbox, and where. There is one at most. */
  sandboxPlace: {
    /**
     * Takes the place for so long, or keeps it.
     * @param instead the process that has it and is known to be gone
     * @returns whether it is ours; another process may have it
     */
    claim(place: SandboxPlace, seconds: number, instead?: string): Promise<boolean>
    find(): Promise<SandboxPlace | undefined>
    leave(processId: string): Promise<void>
  }

  inboundEvents: {
    /** Whether an event of a platform is seen for the first time. */
    isNew(platform: string, client: string, eventId: string, at: Date): Promise<boolean>
    /** As if it had never come, for it could not be taken in. */
    forget(platform: string, client: string, eventId: string): Promise<void>
    deleteOlderThan(instant: Date): Promise<void>
  }

  accounts: {
    insert(account: Account): Promise<void>
    get(workspaceId: WorkspaceId, id: AccountId): Promise<Account | undefined>
    findByTarget(workspaceId: WorkspaceId, platform: string, targetId: string): Promise<Account | undefined>
    /** Those of them that are accounts, disconnected ones included. */
    listByTargets(
      workspaceId: WorkspaceId,
      platform: string,
      targetIds: readonly string[],
    ): Promise<Account[]>
    list(workspaceId: WorkspaceId, page: PageRequest): Promise<Account[]>
    listByGrant(workspaceId: WorkspaceId, grantId: GrantId): Promise<Account[]>
    /** All but disconnected ones. */
    countConnected(workspaceId: WorkspaceId): Promise<number>
    update(
      workspaceId: WorkspaceId,
      id: AccountId,
      update: Partial<
        Pick<
          Account,
          | 'kind'
          | 'settings'
          | 'handle'
          | 'displayName'
          | 'avatarUrl'
          | 'profileUrl'
          | 'checkedAt'
          | 'lastUsedAt'
        >
      >,
    ): Promise<void>
    /** Connected accounts nobody has asked about for a day, each put off for another. */
    takeUnverified(now: Date, limit: number): Promise<Account[]>
    /** Hangs it on a grant, or on none (then its health says `disconnected`). */
    attach(workspaceId: WorkspaceId, id: AccountId, grantId: GrantId | null, health: Health): Promise<void>
    /** Applies only while the account hangs on this grant in this version. */
    recordHealth(
      workspaceId: WorkspaceId,
      id: AccountId,
      grant: { id: GrantId; version: number },
      health: Health,
    ): Promise<boolean>
    addHistory(workspaceId: WorkspaceId, id: AccountId, health: Health): Promise<void>
    /** Newest first. */
    listHistory(workspaceId: WorkspaceId, id: AccountId, limit: number): Promise<Health[]>
  }

  connections: {
    insert(connection: Connection): Promise<void>
    get(workspaceId: WorkspaceId, id: ConnectionId): Promise<Connection | undefined>
    /** Moves it on from one of the given states; false when it was in none of them. */
    advance(
      workspaceId: WorkspaceId,
      id: ConnectionId,
      from: ConnectionState[],
      update: {
        state: ConnectionState
        targets?: TargetSummary[]
        accountIds?: AccountId[]
        failureReason?: string | null
        expiresAt?: Date
        csrfHash?: Buffer
        /** When somebody has to give back what it keeps sealed, unless that was noted as done. */
        giveBackAt?: Date
      },
    ): Promise<boolean>
    /** Makes a pending connection reachable for the browser: by its state, and by its start page. Another way takes the place of the one before. */
    openForBrowser(
      workspaceId: WorkspaceId,
      id: ConnectionId,
      opened: { oauth: ConnectionOAuth; way: string | null; stateHash: Buffer; startHash: Buffer },
    ): Promise<boolean>
    /** By the digest of a state, whatever became of it. */
    findByState(hash: Buffer): Promise<Connection | undefined>
    findByStart(hash: Buffer): Promise<Connection | undefined>
    /** Takes the state of a pending connection that has not expired, once. */
    consume(stateHash: Buffer, now: Date): Promise<Connection | undefined>
    /** Remembers the browser that opened the start page; a later one takes its place. */
    bind(workspaceId: WorkspaceId, id: ConnectionId, bindingHash: Buffer): Promise<void>
    isBound(workspaceId: WorkspaceId, id: ConnectionId, bindingHash: Buffer): Promise<boolean>
    /** By the digest of the token that only the page of its browser holds. */
    findByCsrf(hash: Buffer): Promise<Connection | undefined>
    /** Open ones that have expired, and those whose exchange never came to an end. */
    listStale(now: Date, interruptedBefore: Date, limit: number): Promise<Connection[]>
    /** Closed ones that still have something to give back by now, each put off so that it is not found twice at once. */
    takeToGiveBack(now: Date, againInSeconds: number, limit: number): Promise<Connection[]>
    noteGivenBack(workspaceId: WorkspaceId, id: ConnectionId): Promise<void>
  }

  media: {
    /** Says that bytes are being stored under this id, so that they are found if nobody comes to an end with them. */
    beginUpload(workspaceId: WorkspaceId, id: MediaId): Promise<void>
    /** Says that they still are. False: they were given up, and what is stored is deleted. */
    continueUpload(workspaceId: WorkspaceId, id: MediaId): Promise<boolean>
    /** There is nothing stored under this id. */
    endUpload(workspaceId: WorkspaceId, id: MediaId): Promise<void>
    /** Uploads nobody has said anything of for so long; each is given up, and found again after as long until it is ended. */
    takeAbandonedUploads(
      unseenSeconds: number,
      limit: number,
    ): Promise<{ workspaceId: WorkspaceId; id: MediaId }[]>
    /** Makes a file of an upload; only inside a transaction. False: the upload was given up. */
    insert(media: Media): Promise<boolean>
    get(workspaceId: WorkspaceId, id: MediaId): Promise<Media | undefined>
    getMany(workspaceId: WorkspaceId, ids: readonly MediaId[]): Promise<Media[]>
    /** Marks a file as deleted unless a post waits that uses it; only inside a transaction. */
    delete(workspaceId: WorkspaceId, id: MediaId, at: Date): Promise<'deleted' | 'in_use' | 'not_found'>
    /**
     * Looks at files nobody has looked at for a day. Those that no post has used for so many days are marked as deleted, and given
     * back with those that were marked before, until `noteContentDeleted`. Only inside a transaction.
     */
    takeToDelete(now: Date, keepDays: number, limit: number): Promise<{ toDelete: Media[]; looked: number }>
    noteContentDeleted(workspaceId: WorkspaceId, id: MediaId): Promise<void>
  }

  postGroups: {
    insert(group: PostGroup): Promise<void>
    get(workspaceId: WorkspaceId, id: PostGroupId): Promise<PostGroup | undefined>
    /** In the order in which they were made, the last one first; with `from` or `before` in that of their times. */
    list(workspaceId: WorkspaceId, page: PageRequest, filter?: PostGroupFilter): Promise<PostGroup[]>
    /** Compare-and-set on the version, which goes up. */
    change(
      workspaceId: WorkspaceId,
      id: PostGroupId,
      expectedVersion: number,
      change: Partial<Pick<PostGroup, 'content' | 'publishAt' | 'timeZone' | 'graceSeconds'>>,
    ): Promise<boolean>
    /** Which files its content names, in place of those it named before. */
    setMedia(workspaceId: WorkspaceId, id: PostGroupId, mediaIds: readonly MediaId[]): Promise<void>
  }

  posts: {
    insert(post: Post): Promise<void>
    get(workspaceId: WorkspaceId, id: PostId): Promise<Post | undefined>
    listByGroups(workspaceId: WorkspaceId, groupIds: readonly PostGroupId[]): Promise<Post[]>
    /**
     * Takes the post for one turn if it is due, not final and in nobody's hands, nor another post of its account: the fence goes
     * up, a lease of so many seconds starts, and the sweeper will look again after it.
     */
    claim(
      workspaceId: WorkspaceId,
      id: PostId,
      claim: { owner: string; leaseSeconds: number; now: Date },
    ): Promise<Post | undefined>
    /** Prolongs the lease under the fence. False: the post is in other hands. */
    renew(
      workspaceId: WorkspaceId,
      id: PostId,
      fence: number,
      lease: { seconds: number; now: Date },
    ): Promise<boolean>
    /** Those of the posts that are due and in nobody's hands, in the order given. */
    listWaiting(
      wakeUps: readonly PostWakeUp[],
      now: Date,
    ): Promise<(PostWakeUp & { accountId: AccountId; platform: string })[]>
    /** The post of an account that is due first and in nobody's hands. */
    nextOfAccount(workspaceId: WorkspaceId, accountId: AccountId, now: Date): Promise<PostId | undefined>
    /** How many of an account's posts went out, or will, between two instants. */
    countBetween(workspaceId: WorkspaceId, accountId: AccountId, from: Date, to: Date): Promise<number>
    /** Writes under the fence; `release` ends the lease. False: the post is in other hands and nothing was written. */
    write(
      workspaceId: WorkspaceId,
      id: PostId,
      fence: number,
      update: PostUpdate,
      release: boolean,
    ): Promise<boolean>
    /** Changes a post nobody is working on, if it is in one of the states. */
    change(workspaceId: WorkspaceId, id: PostId, from: PostState[], update: PostUpdate): Promise<boolean>
    /** Cancels what waits for the account; returns the posts. */
    cancelWaiting(workspaceId: WorkspaceId, accountId: AccountId, failure: PostFailure): Promise<PostId[]>
    /** Wakes the account's posts whose outcome is unknown, now that it can be asked again. */
    wakeUnknown(workspaceId: WorkspaceId, accountId: AccountId, now: Date): Promise<PostId[]>
    /** When the next post is to be woken; undefined: none. */
    nextWakeAt(): Promise<Date | undefined>
    /** Scheduled posts that were due before this instant, oldest first. */
    listOverdue(before: Date, limit: number): Promise<(PostWakeUp & { dueAt: Date })[]>
    /** Posts somebody should look at by now, each pushed back by `againInSeconds` so that it is not found twice at once. */
    takeDue(now: Date, againInSeconds: number, limit: number): Promise<PostWakeUp[]>
  }

  paces: {
    /**
     * Takes the next place in a queue that lets `max` pass in `perSeconds`.
     * @returns when the place is; `now` where nobody has to wait
     */
    take(key: string, allowance: { max: number; perSeconds: number }, now: Date): Promise<Date>
  }

  attempts: {
    insert(attempt: Attempt): Promise<void>
    /** The outcome, once, under the fence of the post's present holder. */
    finish(
      workspaceId: WorkspaceId,
      id: AttemptId,
      outcome: AttemptOutcome,
      failure: PostFailure | null,
      at: Date,
    ): Promise<void>
    /** Oldest first. */
    list(workspaceId: WorkspaceId, postId: PostId): Promise<Attempt[]>
  }

  idempotency: {
    /** Claims the key for a while. A claim that was never completed can be taken over once that while is over. */
    claim(
      workspaceId: WorkspaceId,
      key: string,
      claim: { verb: string; fingerprint: string; owner: string; seconds: number },
    ): Promise<IdempotencyClaim>
    /** In the transaction of the result. False: the claim was taken over. */
    complete(workspaceId: WorkspaceId, key: string, owner: string, resultId: string): Promise<boolean>
    release(workspaceId: WorkspaceId, key: string, owner: string): Promise<void>
    deleteOlderThan(instant: Date): Promise<void>
  }

  audit: { add(entry: AuditEntry, at: Date): Promise<void> }

  events: {
    /** Types are dotted, such as `account.status_changed`; payloads name things by id and hold no secret. */
    add(workspaceId: WorkspaceId, type: string, payload: JsonObject, at: Date): Promise<void>
  }

  jobs: {
    /** Wakes a worker for each post; inside a transaction, with its commit. At most one waiting wake-up per post. */
    wake(wakeUps: readonly PostWakeUp[]): Promise<void>
  }
}

/** The database. */
export interface Store extends StoreOperations {
  /**
   * All or nothing. Must not be nested, and nothing that waits on anything else belongs inside. The work is done again when it
   * had to give way to another transaction, so it must leave no trace outside of this one.
   */
  transaction<T>(work: (tx: StoreOperations) => Promise<T>): Promise<T>
  /** Throws PostMcpError `database_unavailable` when it does not answer. */
  ping(): Promise<void>
  /**
   * Hands wake-ups to `handle` in batches as they come; resolves once listening. `handle` returning means taken over: what
   * is lost after that the sweeper brings back.
   */
  consume(handle: (wakeUps: PostWakeUp[]) => Promise<void>): Promise<{ stop(): Promise<void> }>
  close(): Promise<void>
}
