import type { Account } from './account.js'
import type { AccountId, ConnectionId, WorkspaceId } from './ids.js'

export type ConnectionState =
  | 'pending'
  | 'awaiting_confirmation'
  | 'selecting_targets'
  | 'connected'
  | 'failed'
  | 'expired'

/** A running connect or reconnect attempt. */
export interface Connection {
  id: ConnectionId
  workspaceId: WorkspaceId
  platform: string
  state: ConnectionState
  actor: string
  /** Set when an account is being reconnected. */
  reconnectAccountId: AccountId | null
  /** What can be chosen while `selecting_targets`. */
  targets: TargetSummary[]
  accountIds: AccountId[]
  /** Code of what went wrong when `failed`. */
  failureReason: string | null
  expiresAt: Date
  createdAt: Date
}

/** A target as it is offered for choice. */
export interface TargetSummary {
  targetId: string
  handle: string
  displayName: string | null
}

/** A value the user has to give. */
export interface CredentialField {
  /** camelCase; becomes `--kebab-case` and `POSTMCP_<PLATFORM>_<SNAKE_CASE>`. */
  name: string
  label: string
  description: string
  secret: boolean
  required: boolean
  /** Example that shows the form, never a real value. */
  example?: string | undefined
}

/** The answer of connect: what has to happen next. The client repeats until `connected`. */
export type ConnectStep =
  | {
      type: 'input_required'
      connectionId: ConnectionId
      fields: CredentialField[]
      instructions: string
      helpUrl: string
      expiresAt: Date
    }
  | { type: 'select_targets'; connectionId: ConnectionId; targets: TargetSummary[]; expiresAt: Date }
  | { type: 'connected'; connectionId: ConnectionId; accounts: Account[] }
