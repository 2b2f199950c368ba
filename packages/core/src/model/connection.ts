import type { Account } from './account.js'
import type { AuthMethod, GrantClient } from './grant.js'
import type { AccountId, ConnectionId, GrantId, WorkspaceId } from './ids.js'
import type { JsonObject } from './json.js'

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
  method: AuthMethod
  /** The way through the browser, where it is not the platform's first one. */
  way: string | null
  /** Set from the moment somebody can be sent to the platform. */
  oauth: ConnectionOAuth | null
  /** When the browser came back; a state is good for one time. */
  consumedAt: Date | null
  /** Set when an account is being reconnected. */
  reconnectAccountId: AccountId | null
  /** Set when further targets of a grant are being added: it is used as it is, and nothing of it is kept here. */
  grantId: GrantId | null
  /** What can be chosen while `selecting_targets`. */
  targets: TargetSummary[]
  accountIds: AccountId[]
  /** Code of what went wrong when `failed`. */
  failureReason: string | null
  expiresAt: Date
  createdAt: Date
}

/** What is known, and no secret, of a connection that goes through a browser. */
export interface ConnectionOAuth {
  redirectUri: string
  /** Shown by whoever started the connection and by the start page, so that a person can compare. */
  userCode: string
  requestedScopes: string[]
  /** The platform's consent page; holds the state, but nothing that opens an account. */
  fields: Record<string, string>
  client: GrantClient
  /** The authorization server as the provider found it. */
  server: JsonObject | null
}

/** A target as it is offered for choice. */
export interface TargetSummary {
  targetId: string
  handle: string
  displayName: string | null
  /** What kind of target it is, in the platform's word. */
  kind: string
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
      type: 'authorize'
      connectionId: ConnectionId
      /** The platform's own consent page. */
      authorizationUrl: string
      /** Our page before it: says who asks, binds the browser, leads on. Open this one. */
      startUrl: string
      /** To be compared with the one on the start page. */
      userCode: string
      expiresAt: Date
    }
  | { type: 'awaiting_confirmation'; connectionId: ConnectionId; expiresAt: Date }
  | {
      type: 'input_required'
      connectionId: ConnectionId
      fields: CredentialField[]
      instructions: string
      helpUrl: string
      expiresAt: Date
    }
  | {
      type: 'select_targets'
      connectionId: ConnectionId
      targets: TargetSummary[]
      /** What is an account already and cannot be chosen again; only where targets are added to a grant. */
      alreadyConnected: (TargetSummary & { accountId: AccountId })[]
      /** How many more accounts the plan has room for; null: any number. */
      accountsLeft: number | null
      /** What to do for more targets to appear; null where there is nothing to do. */
      instructions: string | null
      expiresAt: Date
    }
  | { type: 'connected'; connectionId: ConnectionId; accounts: Account[] }
