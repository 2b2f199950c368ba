import type { Health } from './account.js'
import type { GrantId, WorkspaceId } from './ids.js'
import type { JsonObject } from './json.js'

/** How an authorization was obtained. */
type AuthMethod = 'credentials' | 'oauth2'

/** One authorization at a platform; its secrets are sealed credentials, never fields of this. */
export interface Grant {
  id: GrantId
  workspaceId: WorkspaceId
  platform: string
  authMethod: AuthMethod
  /** The platform's stable id of who granted. */
  subject: string
  /** What the provider must remember to use the grant and that is no secret, such as the origin of its server. */
  settings: JsonObject
  grantedScopes: string[]
  /** Counts every change of tokens; verdicts and refreshes are compare-and-set on it. */
  version: number
  accessTokenExpiresAt: Date | null
  refreshTokenExpiresAt: Date | null
  health: Health
  /** Set while a refresh that was announced has no known outcome. */
  refreshMarker: RefreshMarker | null
}

/** Committed before a refresh token is sent, cleared with the answer. */
export interface RefreshMarker {
  /** Keyed digest of the refresh token that was sent. */
  fingerprint: string
  sentAt: Date
}

/** The secrets of a grant as one sealed value, so that a rotation replaces them together. */
export interface TokenSet {
  accessToken: string
  /** Absent where the platform gives none. */
  refreshToken?: string | undefined
  /** Absent when the platform says nothing; then it is used until refused. */
  accessTokenExpiresAt?: Date | undefined
  refreshTokenExpiresAt?: Date | undefined
  /** Scopes of this token where the answer names them. */
  grantedScopes?: string[] | undefined
}
