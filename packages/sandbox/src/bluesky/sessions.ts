import type { PlatformKit } from '../platform.js'
import type { Person } from '../world.js'
import { readToken, type SessionClaims, signToken } from './jwt.js'

/** What the scope claim of an access token can say. */
export const SESSION_SCOPES = {
  main: 'com.atproto.access',
  appPassword: 'com.atproto.appPass',
  privileged: 'com.atproto.appPassPrivileged',
  takenDown: 'com.atproto.takendown',
  refresh: 'com.atproto.refresh',
} as const

const ACCESS_SECONDS = 2 * 3600
const REFRESH_SECONDS = 90 * 86_400
const GRACE_SECONDS = 2 * 3600
const CLIENT_ID = 'password'

/** The tokens of a session. */
export interface SessionTokens {
  accessJwt: string
  refreshJwt: string
}

/** A row of the table of refresh tokens; of a token only its id is kept. */
interface RefreshRow {
  personId: string
  grantId: string
  scope: string
  /** Name of the app password; null: the main password. */
  appPassword: string | null
  expiresAt: number
  nextId: string | null
}

/** Hands the token service the access token that it is to keep next. */
export interface AccessTokenSlot {
  next: string | null
}

/**
 * Sessions opened with a password. Access tokens are kept by the token service, so that what the sandbox can do to tokens works
 * on them; they live until they expire, whatever becomes of the session. Refresh tokens follow rules of their own and are kept here.
 */
export class Sessions {
  readonly #kit: PlatformKit
  readonly #slot: AccessTokenSlot
  readonly #key: Uint8Array
  readonly #rows = new Map<string, RefreshRow>()

  constructor(kit: PlatformKit, slot: AccessTokenSlot) {
    this.#kit = kit
    this.#slot = slot
    this.#key = kit.random.fork('session-key').bytes(32)
  }

  open(person: Person, scope: string, appPassword: string | null): SessionTokens {
    const { tokens } = this.#kit
    if (!tokens.client(CLIENT_ID))
      tokens.registerClient({
        id: CLIENT_ID,
        name: 'A client with a password',
        secrets: [],
        redirectUris: [],
      })
    // What comes with the grant is of no use here and is told to nobody.
    const { grantId } = tokens.issue({ clientId: CLIENT_ID, personId: person.id, scopes: [scope] })
    const row = { personId: person.id, grantId, scope, appPassword, expiresAt: 0, nextId: null }
    return this.#pair(this.#newId(), row)
  }

  /**
   * A new pair; null when there is no such refresh token any more. For two hours the same token gives the same successor again:
   * the same id, in other bytes once the clock has moved.
   */
  rotate(id: string): SessionTokens | null {
    const row = this.#rows.get(id)
    const now = this.#kit.now().getTime()
    if (!row || row.expiresAt <= now) return null
    row.expiresAt = Math.min(row.expiresAt, now + GRACE_SECONDS * 1000)
    row.nextId ??= this.#newId()
    // A successor that was deleted is back by this; one that was rotated in turn stays as it is.
    return this.#pair(row.nextId, { ...row, nextId: null })
  }

  /** Ends one generation; the others live on. */
  end(id: string): void {
    this.#rows.delete(id)
  }

  /** Ends all sessions of a person, or those of one app password. */
  endAll(personId: string, appPassword?: string): void {
    for (const [id, row] of this.#rows)
      if (row.personId === personId && (appPassword === undefined || row.appPassword === appPassword))
        this.#rows.delete(id)
  }

  /** The claims of a refresh token that this server signed, expired or not; null for all else. */
  readRefreshToken(token: string): SessionClaims | null {
    return readToken(this.#key, 'refresh+jwt', token)
  }

  #pair(id: string, row: RefreshRow): SessionTokens {
    const iat = Math.floor(this.#kit.now().getTime() / 1000)
    const exp = iat + REFRESH_SECONDS
    if (!this.#rows.has(id)) this.#rows.set(id, { ...row, expiresAt: exp * 1000 })
    const claims = { aud: serviceDid(this.#kit), sub: row.personId, iat }
    this.#slot.next = signToken(this.#key, 'at+jwt', {
      ...claims,
      scope: row.scope,
      exp: iat + ACCESS_SECONDS,
    })
    const { token } = this.#kit.tokens.issueAccessToken(row.grantId, { lifeSeconds: ACCESS_SECONDS })
    const refreshJwt = signToken(this.#key, 'refresh+jwt', {
      ...claims,
      scope: SESSION_SCOPES.refresh,
      jti: id,
      exp,
    })
    return { accessJwt: token, refreshJwt }
  }

  #newId = (): string => Buffer.from(this.#kit.random.bytes(32)).toString('base64')
}

/** The name of the server itself. @see https://w3c-ccg.github.io/did-method-web/ */
export const serviceDid = (kit: PlatformKit): string =>
  `did:web:${new URL(kit.base()).host.replace(':', '%3A')}`
