import type { Health } from './account.js'
import type { GrantId, OAuthClientId, WorkspaceId } from './ids.js'
import type { JsonObject } from './json.js'

/** How an authorization was obtained. */
export type AuthMethod = 'credentials' | 'oauth2'

/** As whom we were authorized; a grant is refreshed and ended only with the client that obtained it. */
export interface GrantClient {
  /** `operator`: configured for the installation. `workspace`: its own. `registered`: by us, at one server. `document`: by a document we serve. */
  source: 'operator' | 'workspace' | 'registered' | 'document'
  clientId: string
  /** Where its secrets are kept; null for those of the operator. */
  oauthClientId: OAuthClientId | null
  /** Addresses of a server that was found; null: those of the manifest. */
  server: { tokenUrl: string; revocationUrl?: string | undefined } | null
}

/** One authorization at a platform; its secrets are sealed credentials, never fields of this. */
export interface Grant {
  id: GrantId
  workspaceId: WorkspaceId
  platform: string
  authMethod: AuthMethod
  /** The way through the browser by which it was given, where that is not the platform's first one. */
  way: string | null
  /** Null where none is needed. */
  client: GrantClient | null
  /** The platform's stable id of who granted. */
  subject: string
  /** What the provider must remember to use the grant and that is no secret, such as the origin of its server. */
  settings: JsonObject
  grantedScopes: string[]
  /** Counts every change of tokens; verdicts and refreshes are compare-and-set on it. */
  version: number
  /** When the person last consented. */
  authorizedAt: Date
  /** When access ends unless a person does something; null: never, or unknown. */
  endsAt: Date | null
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
  /** Private key (JWK) the tokens are bound to; each request that uses them proves possession of it (DPoP, RFC 9449). */
  proofKey?: JsonObject | undefined
}
