import type { ColumnType, Generated } from 'kysely'
import type { AccountStatus, Detector, StatusReason } from '../../model/account.js'
import type { ConnectionOAuth, ConnectionState, TargetSummary } from '../../model/connection.js'
import type { AuthMethod, GrantClient } from '../../model/grant.js'
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
} from '../../model/ids.js'
import type { Json, JsonObject } from '../../model/json.js'
import type {
  AttemptOutcome,
  Content,
  PostFailure,
  PostState,
  TargetContent,
  UploadProgress,
} from '../../model/post.js'

/** JSON goes in as text (node-postgres would turn arrays into PostgreSQL arrays) and comes out parsed. */
type JsonColumn<T> = ColumnType<T, string, string>
type NullableJsonColumn<T> = ColumnType<T | null, string | null, string | null>

interface HealthColumns {
  status: AccountStatus
  status_reason: StatusReason | null
  status_since: Date
  status_detected_by: Detector
  status_platform_code: string | null
  missing_scopes: string[]
}

export interface Database {
  workspaces: {
    id: WorkspaceId
    name: string
    mode: 'live' | 'sandbox'
    max_accounts: number | null
    plan: Generated<string>
    created_at: Date
  }
  api_keys: {
    id: ApiKeyId
    workspace_id: WorkspaceId
    name: string
    hint: string
    hash: Buffer
    created_at: Date
    revoked_at: Date | null
  }
  key_encryption_keys: { id: string; fingerprint: string; active: boolean; created_at: Generated<Date> }
  key_holders: { process_id: string; kek_ids: string[]; seen_at: Date }
  data_keys: {
    id: string
    key_scope: string
    kek_id: string
    wrapped: Buffer
    first_of_scope: boolean
    created_at: Generated<Date>
  }
  credentials: {
    workspace_id: WorkspaceId
    owner_type: string
    owner_id: string
    field: string
    id: string
    sealed: Buffer
    updated_at: Generated<Date>
  }
  oauth_clients: {
    workspace_id: WorkspaceId
    id: OAuthClientId
    platform: string
    source: 'workspace' | 'registered'
    way: string | null
    server: string
    redirect_uri: string
    scopes: string[]
    client_id: string
    endpoints: JsonColumn<Record<string, string>>
    retired: boolean
    created_at: Date
  }
  sandbox_place: {
    only_one: Generated<boolean>
    process_id: string
    host: string
    origin: string
    bases: JsonColumn<Record<string, string>>
    expires_at: Date
  }
  system_secrets: { name: string; sealed: Buffer; created_at: Generated<Date> }
  inbound_events: { platform: string; client: string; event_id: string; received_at: Date }
  grants: HealthColumns & {
    id: GrantId
    workspace_id: WorkspaceId
    platform: string
    auth_method: 'credentials' | 'oauth2'
    way: string | null
    client: NullableJsonColumn<GrantClient>
    subject: string
    settings: JsonColumn<JsonObject>
    granted_scopes: string[]
    version: number
    access_token_expires_at: Date | null
    refresh_token_expires_at: Date | null
    refresh_lease_owner: string | null
    refresh_lease_until: Date | null
    refresh_fingerprint: string | null
    refresh_sent_at: Date | null
    refresh_at: Date | null
    authorized_at: Generated<Date>
    ends_at: Date | null
    warned_days: number | null
    created_at: Generated<Date>
  }
  accounts: HealthColumns & {
    id: AccountId
    workspace_id: WorkspaceId
    platform: string
    target_id: string
    grant_id: GrantId | null
    kind: string
    settings: JsonColumn<JsonObject>
    handle: string
    display_name: string | null
    avatar_url: string | null
    profile_url: string | null
    checked_at: Date | null
    verify_at: Generated<Date>
    last_used_at: Date | null
    created_at: Date
  }
  account_status_history: HealthColumns & {
    id: Generated<string>
    workspace_id: WorkspaceId
    account_id: AccountId
  }
  connections: {
    id: ConnectionId
    workspace_id: WorkspaceId
    platform: string
    state: ConnectionState
    actor: string
    method: AuthMethod
    way: string | null
    oauth: NullableJsonColumn<ConnectionOAuth>
    state_hash: Buffer | null
    start_hash: Buffer | null
    binding_hash: Buffer | null
    csrf_hash: Buffer | null
    consumed_at: Date | null
    reconnect_account_id: AccountId | null
    grant_id: GrantId | null
    targets: JsonColumn<TargetSummary[]>
    account_ids: AccountId[]
    failure_reason: string | null
    give_back_at: Date | null
    expires_at: Date
    created_at: Date
  }
  media: {
    id: MediaId
    workspace_id: WorkspaceId
    kind: 'image' | 'video'
    mime_type: string
    bytes: ColumnType<string, number, number>
    sha256: string
    width: number
    height: number
    duration_ms: number | null
    frame_rate: number | null
    video_codec: string | null
    audio_codec: string | null
    frames: number | null
    file_name: string | null
    created_at: Date
    deleted_at: Date | null
    look_at: Date | null
  }
  media_uploads: {
    workspace_id: WorkspaceId
    id: MediaId
    seen_at: Generated<Date>
    abandoned: Generated<boolean>
  }
  post_groups: {
    id: PostGroupId
    workspace_id: WorkspaceId
    content: JsonColumn<Content>
    publish_at: Date | null
    time_zone: string | null
    grace_seconds: number
    version: Generated<number>
    created_by: string
    created_at: Date
  }
  post_group_media: { workspace_id: WorkspaceId; group_id: PostGroupId; media_id: MediaId }
  paces: { key: string; next_at: Date }
  posts: {
    id: PostId
    workspace_id: WorkspaceId
    group_id: PostGroupId
    account_id: AccountId
    platform: string
    target: JsonColumn<TargetContent>
    state: PostState
    fence: number
    lease_owner: string | null
    lease_until: Date | null
    dedupe_key: string | null
    dedupe_key_at: Date | null
    checkpoint: NullableJsonColumn<Json>
    checkpoint_sends: boolean
    progress: NullableJsonColumn<UploadProgress>
    slot_at: Date | null
    failed_turns: number
    due_at: Date
    wake_at: Date | null
    failure: NullableJsonColumn<PostFailure>
    sent_kind: 'post' | 'inbox_draft' | null
    sent_visibility: 'public' | 'limited' | 'private' | null
    platform_post_id: string | null
    permalink: string | null
    parts: NullableJsonColumn<string[]>
    published_at: Date | null
    deleted_at: Date | null
    created_at: Date
  }
  attempts: {
    id: AttemptId
    workspace_id: WorkspaceId
    post_id: PostId
    number: number
    fence: number
    body: JsonColumn<Json>
    dedupe_key: string | null
    started_at: Date
    send_deadline: Date
    finished_at: Date | null
    outcome: AttemptOutcome | null
    failure: NullableJsonColumn<PostFailure>
  }
  idempotency_keys: {
    workspace_id: WorkspaceId
    key: string
    verb: string
    fingerprint: string
    owner: string
    claimed_until: Date
    result_id: string | null
    created_at: Generated<Date>
  }
  audit_log: {
    id: Generated<string>
    workspace_id: WorkspaceId
    actor: string
    action: string
    subject_id: string
    details: JsonColumn<JsonObject>
    at: Date
  }
  events: {
    id: string
    workspace_id: WorkspaceId
    type: string
    payload: JsonColumn<JsonObject>
    at: Date
  }
}
