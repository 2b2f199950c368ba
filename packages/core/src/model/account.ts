import type { AccountId, GrantId, WorkspaceId } from './ids.js'
import type { JsonObject } from './json.js'

/** What can be wrong with a grant or an account, worst last. `disconnected` is only ever what a user did here. */
export const healthStatuses = [
  'active',
  'missing_permission',
  'verification_failed',
  'expired',
  'revoked',
  'needs_reauth',
  'disconnected',
] as const

/** Status of an account; see `docs/statuses.md` for the words users see. */
export type AccountStatus = (typeof healthStatuses)[number]

/** Why a grant or an account is not `active`. */
export type StatusReason =
  | 'token_revoked'
  | 'token_expired'
  | 'refresh_replayed'
  | 'refresh_outcome_lost'
  | 'credential_unreadable'
  | 'account_taken_down'
  | 'account_suspended'
  | 'account_deactivated'
  | 'account_not_found'
  | 'scope_missing'
  | 'target_not_granted'
  | 'authorization_rejected'
  | 'disconnected_by_user'

/** What noticed a change of status. */
export type Detector = 'connect' | 'verify' | 'refresh' | 'publish' | 'callback' | 'user'

/** Health of one grant or of one account taken by itself. */
export interface Health {
  status: AccountStatus
  /** Null exactly when `active`. */
  reason: StatusReason | null
  /** Since when the status is what it is. */
  since: Date
  detectedBy: Detector
  /** The platform's own code for it, verbatim. */
  platformCode: string | null
  /** Scopes that are needed and were not granted. */
  missingScopes: string[]
}

/** Health as found by one check, before it is stored. */
export type HealthVerdict = Omit<Health, 'since'>

/** The verdict that all is well. */
export const healthy = (detectedBy: Detector): HealthVerdict => ({
  status: 'active',
  reason: null,
  detectedBy,
  platformCode: null,
  missingScopes: [],
})

/** One publishing target, linked to a workspace. Its identity is (platform, targetId), not the person who granted. */
export interface Account {
  id: AccountId
  workspaceId: WorkspaceId
  platform: string
  /** The platform's stable id of the target: DID, page id, channel id, instance + id. */
  targetId: string
  /** The grant that feeds it; null once disconnected. */
  grantId: GrantId | null
  /** What kind of target it is, in the platform's word: page, channel, board. */
  kind: string
  /** Facts of the target that its provider needs; no secret. */
  settings: JsonObject
  /** What people call it, without `@`; may change at the platform. */
  handle: string
  displayName: string | null
  avatarUrl: string | null
  /** Where people see it. */
  profileUrl: string | null
  health: Health
  /** When a live check last proved the health. */
  checkedAt: Date | null
  lastUsedAt: Date | null
  createdAt: Date
}

/** The worse of two healths; on a tie the first. */
export const worseHealth = (a: Health, b: Health): Health =>
  healthStatuses.indexOf(b.status) > healthStatuses.indexOf(a.status) ? b : a
