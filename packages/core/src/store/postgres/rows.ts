import type { Selectable } from 'kysely'
import type { Account, Health } from '../../model/account.js'
import type { Connection } from '../../model/connection.js'
import type { Grant } from '../../model/grant.js'
import type { Media } from '../../model/media.js'
import type { Attempt, Post, PostFailure, PostGroup } from '../../model/post.js'
import type { ApiKey, OAuthClient, Workspace } from '../store.js'
import type { Database } from './schema.js'

type Row<T extends keyof Database> = Selectable<Database[T]>

type HealthRow = Pick<
  Row<'accounts'>,
  | 'status'
  | 'status_reason'
  | 'status_since'
  | 'status_detected_by'
  | 'status_platform_code'
  | 'missing_scopes'
>

export const toHealth = (row: HealthRow): Health => ({
  status: row.status,
  reason: row.status_reason,
  since: row.status_since,
  detectedBy: row.status_detected_by,
  platformCode: row.status_platform_code,
  missingScopes: row.missing_scopes,
})

export const fromHealth = (health: Health): HealthRow => ({
  status: health.status,
  status_reason: health.reason,
  status_since: health.since,
  status_detected_by: health.detectedBy,
  status_platform_code: health.platformCode,
  missing_scopes: health.missingScopes,
})

export const toWorkspace = (row: Row<'workspaces'>): Workspace => ({
  id: row.id,
  name: row.name,
  mode: row.mode,
  maxAccounts: row.max_accounts,
  plan: row.plan,
  createdAt: row.created_at,
})

export const toApiKey = (row: Row<'api_keys'>): ApiKey => ({
  id: row.id,
  workspaceId: row.workspace_id,
  name: row.name,
  hint: row.hint,
  createdAt: row.created_at,
  revokedAt: row.revoked_at,
})

export const toGrant = (row: Row<'grants'>): Grant => ({
  id: row.id,
  workspaceId: row.workspace_id,
  platform: row.platform,
  authMethod: row.auth_method,
  way: row.way,
  client: row.client,
  subject: row.subject,
  settings: row.settings,
  grantedScopes: row.granted_scopes,
  version: row.version,
  authorizedAt: row.authorized_at,
  endsAt: row.ends_at,
  accessTokenExpiresAt: row.access_token_expires_at,
  refreshTokenExpiresAt: row.refresh_token_expires_at,
  health: toHealth(row),
  refreshMarker:
    row.refresh_fingerprint !== null && row.refresh_sent_at !== null
      ? { fingerprint: row.refresh_fingerprint, sentAt: row.refresh_sent_at }
      : null,
})

export const toAccount = (row: Row<'accounts'>): Account => ({
  id: row.id,
  workspaceId: row.workspace_id,
  platform: row.platform,
  targetId: row.target_id,
  grantId: row.grant_id,
  kind: row.kind,
  settings: row.settings,
  handle: row.handle,
  displayName: row.display_name,
  avatarUrl: row.avatar_url,
  profileUrl: row.profile_url,
  health: toHealth(row),
  checkedAt: row.checked_at,
  lastUsedAt: row.last_used_at,
  createdAt: row.created_at,
})

export const toConnection = (row: Row<'connections'>): Connection => ({
  id: row.id,
  workspaceId: row.workspace_id,
  platform: row.platform,
  state: row.state,
  actor: row.actor,
  method: row.method,
  way: row.way,
  oauth: row.oauth,
  consumedAt: row.consumed_at,
  reconnectAccountId: row.reconnect_account_id,
  grantId: row.grant_id,
  targets: row.targets,
  accountIds: row.account_ids,
  failureReason: row.failure_reason,
  expiresAt: row.expires_at,
  createdAt: row.created_at,
})

export const toMedia = (row: Row<'media'>): Media => ({
  id: row.id,
  workspaceId: row.workspace_id,
  kind: row.kind,
  mimeType: row.mime_type,
  bytes: Number(row.bytes),
  sha256: row.sha256,
  width: row.width,
  height: row.height,
  durationMs: row.duration_ms,
  frameRate: row.frame_rate,
  videoCodec: row.video_codec,
  audioCodec: row.audio_codec,
  isAnimated: row.kind === 'image' && (row.frames ?? 1) > 1,
  frames: row.frames,
  fileName: row.file_name,
  createdAt: row.created_at,
  deletedAt: row.deleted_at,
})

export const toPostGroup = (row: Row<'post_groups'>): PostGroup => ({
  id: row.id,
  workspaceId: row.workspace_id,
  content: row.content,
  publishAt: row.publish_at,
  timeZone: row.time_zone,
  graceSeconds: row.grace_seconds,
  version: row.version,
  createdAt: row.created_at,
  createdBy: row.created_by,
})

/** JSON has no instants: a failure's `at` comes back as text. */
const toFailure = (failure: PostFailure | null): PostFailure | null =>
  failure && { ...failure, at: new Date(failure.at) }

export const toPost = (row: Row<'posts'>): Post => ({
  id: row.id,
  workspaceId: row.workspace_id,
  groupId: row.group_id,
  accountId: row.account_id,
  platform: row.platform,
  target: row.target,
  state: row.state,
  fence: row.fence,
  dedupeKey: row.dedupe_key,
  dedupeKeyAt: row.dedupe_key_at,
  checkpoint: row.checkpoint,
  checkpointSends: row.checkpoint_sends,
  progress: row.progress,
  slotAt: row.slot_at,
  failedTurns: row.failed_turns,
  dueAt: row.due_at,
  wakeAt: row.wake_at,
  failure: toFailure(row.failure),
  sent:
    row.sent_kind !== null && row.sent_visibility !== null && row.platform_post_id !== null
      ? {
          kind: row.sent_kind,
          visibility: row.sent_visibility,
          platformPostId: row.platform_post_id,
          permalink: row.permalink,
          ...(row.parts && { parts: row.parts }),
        }
      : null,
  publishedAt: row.published_at,
  deletedAt: row.deleted_at,
  createdAt: row.created_at,
})

export const toAttempt = (row: Row<'attempts'>): Attempt => ({
  id: row.id,
  workspaceId: row.workspace_id,
  postId: row.post_id,
  number: row.number,
  fence: row.fence,
  body: row.body,
  dedupeKey: row.dedupe_key,
  startedAt: row.started_at,
  sendDeadline: row.send_deadline,
  finishedAt: row.finished_at,
  outcome: row.outcome,
  failure: toFailure(row.failure),
})

export const toOAuthClient = (row: Row<'oauth_clients'>): OAuthClient => ({
  id: row.id,
  workspaceId: row.workspace_id,
  platform: row.platform,
  source: row.source,
  way: row.way,
  server: row.server,
  redirectUri: row.redirect_uri,
  scopes: row.scopes,
  clientId: row.client_id,
  endpoints: row.endpoints,
  createdAt: row.created_at,
})
