import { createHash, timingSafeEqual } from 'node:crypto'
import type { Random } from './random.js'
import { isRedirectAllowed } from './redirect-uris.js'
import { TokenError } from './token-error.js'
import type { TokenPolicy } from './token-policy.js'

/*
 * An OAuth server library was considered. The thirteen platforms differ in the names of parameters, in the form of answers
 * and errors, and in what becomes of replayed codes and tokens; so here is what they share, with their differences as
 * declared policy, and each platform words its own answers.
 */

/** An application registered at the platform. */
export interface Client {
  id: string
  name: string
  /** All of them are accepted; none: a public client. */
  secrets: readonly string[]
  /** Exact addresses; `:*` in place of a port stands for any port. */
  redirectUris: readonly string[]
  /** What it may ask for; null: everything. */
  scopes: readonly string[] | null
  facts: Readonly<Record<string, unknown>>
}

/** What a person allowed a client. */
export interface Grant {
  id: string
  clientId: string
  /** Null: the client acts for itself. */
  personId: string | null
  scopes: readonly string[]
  /** What the person chose on the consent page. */
  resourceIds: readonly string[]
  createdAt: Date
  revokedAt: Date | null
  facts: Readonly<Record<string, unknown>>
}

/** An access token as the platform keeps it. */
export interface AccessToken {
  token: string
  grantId: string
  scopes: readonly string[]
  issuedAt: Date
  /** Null: never. */
  expiresAt: Date | null
  revokedAt: Date | null
  /** Such as the page that a page token is for. */
  facts: Readonly<Record<string, unknown>>
}

/** What an access token is worth now. */
export type TokenInspection =
  | { state: 'unknown' }
  | {
      state: 'valid' | 'expired' | 'revoked'
      token: AccessToken
      grant: Grant
      client: Client
      personId: string | null
      /** What it carries and the grant still allows. */
      scopes: readonly string[]
      resourceIds: readonly string[]
    }

/** A new set of tokens. */
export interface IssuedTokens {
  accessToken: string
  expiresInSeconds: number | null
  refreshToken: string | null
  /** False where a refresh left the refresh token as it was. */
  refreshTokenIsNew: boolean
  refreshExpiresInSeconds: number | null
  issuedAt: Date
  scopes: readonly string[]
  resourceIds: readonly string[]
  personId: string | null
  clientId: string
  grantId: string
  /** What was given to `createCode`, such as a nonce. */
  facts: Readonly<Record<string, unknown>>
}

/** What a person decided, for an authorization code. */
export interface CodeRequest {
  clientId: string
  redirectUri: string
  personId: string
  scopes: readonly string[]
  resourceIds?: readonly string[]
  /** `code_challenge` of RFC 7636; only S256 is known. */
  codeChallenge?: string | undefined
  codeChallengeMethod?: string | undefined
  facts?: Record<string, unknown>
}

/** How a client shows who it is; `isAuthenticated` where the platform has checked it by other means. */
export interface ClientProof {
  clientId: string
  clientSecret?: string | undefined
  isAuthenticated?: boolean
}

interface Code extends CodeRequest {
  expiresAt: Date
  usedAt: Date | null
  grantId: string | null
}

interface RefreshToken {
  token: string
  grantId: string
  expiresAt: Date | null
  usedAt: Date | null
  revokedAt: Date | null
  successor: IssuedTokens | null
}

/** Clients, codes, grants and tokens of one simulated platform. */
export class TokenService {
  readonly #policy: TokenPolicy
  readonly #random: Random
  readonly #now: () => Date
  readonly #clients = new Map<string, Client>()
  readonly #codes = new Map<string, Code>()
  readonly #grants = new Map<string, Grant>()
  readonly #accessTokens = new Map<string, AccessToken>()
  readonly #refreshTokens = new Map<string, RefreshToken>()

  constructor(policy: TokenPolicy, random: Random, now: () => Date) {
    this.#policy = policy
    this.#random = random
    this.#now = now
  }

  /** Registers an application. Id and secret are made where none are given; `secrets: []` makes a public client. */
  registerClient(client: Partial<Client> & Pick<Client, 'name' | 'redirectUris'>): Client {
    const added = {
      id: this.#random.text(43),
      secrets: [this.#random.text(43)],
      scopes: null,
      facts: {},
      ...client,
    }
    this.#clients.set(added.id, added)
    return added
  }

  client(id: string): Client | undefined {
    return this.#clients.get(id)
  }

  /** The application is gone, as on servers that clear out unused ones; its tokens end. */
  removeClient(id: string): void {
    for (const grant of this.grants({ clientId: id })) this.revokeGrant(grant.id)
    this.#clients.delete(id)
  }

  /** Whether a client registered this address. */
  allowsRedirect(client: Client, redirectUri: string): boolean {
    return isRedirectAllowed(client.redirectUris, redirectUri)
  }

  /** @throws TokenError `invalid_client` */
  authenticateClient({ clientId, clientSecret, isAuthenticated = false }: ClientProof): Client {
    const client = this.#clients.get(clientId)
    if (!client) throw new TokenError('invalid_client', 'client_unknown', 'There is no such client.')
    if (isAuthenticated || client.secrets.length === 0) return client
    if (clientSecret === undefined || clientSecret === '')
      throw new TokenError('invalid_client', 'secret_missing', 'The client did not show a secret.')
    if (!client.secrets.some((secret) => isSame(secret, clientSecret)))
      throw new TokenError('invalid_client', 'secret_wrong', 'The client showed a wrong secret.')
    return client
  }

  /**
   * A code for what a person allowed.
   * @throws TokenError `invalid_request` where the policy requires a challenge and there is none, or it is not S256
   */
  createCode(request: CodeRequest): string {
    this.checkChallenge(request)
    const { formats, codeLifeSeconds } = this.#policyFor(request.clientId)
    const code = formats?.code?.(this.#random) ?? this.#random.text(43)
    const expiresAt = this.#after(codeLifeSeconds)
    this.#codes.set(code, { ...request, expiresAt, usedAt: null, grantId: null })
    return code
  }

  /**
   * Whether a challenge is as the policy wants it; to be asked before the consent page is shown.
   * @throws TokenError `invalid_request`
   */
  checkChallenge({
    codeChallenge,
    codeChallengeMethod,
  }: Pick<CodeRequest, 'codeChallenge' | 'codeChallengeMethod'>): void {
    const pkce = this.#policy.pkce ?? 'optional'
    if (pkce === 'ignored') return
    if (codeChallenge === undefined) {
      if (pkce === 'optional') return
      throw new TokenError('invalid_request', 'challenge_missing', 'A code challenge is required.')
    }
    if (codeChallengeMethod !== 'S256')
      throw new TokenError(
        'invalid_request',
        'challenge_method_unknown',
        'The challenge method must be S256.',
      )
  }

  /**
   * Changes a code for tokens, once.
   * @throws TokenError `invalid_client` or `invalid_grant`
   */
  exchangeCode(
    exchange: ClientProof & {
      code: string
      /** Compared with that of the authorization request; undefined: it was not sent. */
      redirectUri?: string | undefined
      codeVerifier?: string | undefined
    },
  ): IssuedTokens {
    const code = this.#codes.get(exchange.code)
    try {
      const client = this.authenticateClient(exchange)
      if (!code) throw new TokenError('invalid_grant', 'code_unknown', 'There is no such code.')
      this.#checkCode(code, client, exchange)
    } catch (error) {
      if (code && this.#policyFor(code.clientId).failedExchangeBurnsCode) code.usedAt ??= this.#now()
      throw error
    }
    code.usedAt = this.#now()
    const grant = this.#grantFor(code)
    code.grantId = grant.id
    return this.#issue(grant, { scopes: code.scopes, facts: code.facts ?? {} })
  }

  /**
   * New tokens for a refresh token.
   * @throws TokenError `invalid_client`, `invalid_grant` or `invalid_scope`
   */
  refresh(
    request: ClientProof & { refreshToken: string; scopes?: readonly string[] | undefined },
  ): IssuedTokens {
    if (this.#policy.rotation === 'none')
      throw new TokenError('unsupported_grant_type', 'refresh_unsupported', 'Tokens are not refreshed here.')
    const client = this.authenticateClient(request)
    const refreshToken = this.#refreshTokens.get(request.refreshToken)
    const grant = refreshToken && this.#grants.get(refreshToken.grantId)
    if (!refreshToken || !grant || grant.clientId !== client.id)
      throw new TokenError('invalid_grant', 'refresh_unknown', 'There is no such refresh token.')
    if (grant.revokedAt || refreshToken.revokedAt)
      throw new TokenError('invalid_grant', 'grant_revoked', 'The access was taken away.')
    if (this.#hasPassed(refreshToken.expiresAt))
      throw new TokenError('invalid_grant', 'refresh_expired', 'The refresh token has expired.')
    if (refreshToken.usedAt) return this.#replay(refreshToken, grant)

    const scopes = request.scopes ?? grant.scopes
    if (scopes.some((scope) => !grant.scopes.includes(scope)))
      throw new TokenError('invalid_scope', 'scope_not_granted', 'More is asked than was granted.')
    if (this.#policy.refreshEndsAccessTokens) this.#endAccessTokens(grant.id)
    const rotates = this.#policy.rotation === 'rotating'
    const issued = this.#issue(grant, { scopes, facts: {}, refreshToken: rotates ? undefined : refreshToken })
    if (rotates) {
      refreshToken.usedAt = this.#now()
      refreshToken.successor = issued
    }
    return issued
  }

  /** Tokens without a code: for a client itself, for a bot, or where a platform has ways of its own. */
  issue(request: {
    clientId: string
    personId: string | null
    scopes: readonly string[]
    resourceIds?: readonly string[]
    facts?: Record<string, unknown>
  }): IssuedTokens {
    const grant = this.#grantFor(request)
    return this.#issue(grant, { scopes: request.scopes, facts: request.facts ?? {} })
  }

  /**
   * One more access token for a grant, without a refresh token: a long-lived one, or one for a page.
   * @throws TokenError `invalid_grant` when the grant has ended
   */
  issueAccessToken(
    grantId: string,
    options: {
      lifeSeconds?: number | null
      scopes?: readonly string[]
      facts?: Record<string, unknown>
    } = {},
  ): AccessToken {
    const grant = this.#grants.get(grantId)
    if (!grant || grant.revokedAt)
      throw new TokenError('invalid_grant', 'grant_revoked', 'The access was taken away.')
    const { accessLifeSeconds } = this.#policyFor(grant.clientId)
    const life = options.lifeSeconds === undefined ? accessLifeSeconds : options.lifeSeconds
    return this.#addAccessToken(grant, options.scopes ?? grant.scopes, life, options.facts ?? {})
  }

  /** What a token is worth, by the sandbox's clock. */
  inspect(accessToken: string): TokenInspection {
    const token = this.#accessTokens.get(accessToken)
    const grant = token && this.#grants.get(token.grantId)
    const client = grant && this.#clients.get(grant.clientId)
    if (!token || !grant || !client) return { state: 'unknown' }
    const isRevoked = token.revokedAt !== null || grant.revokedAt !== null
    return {
      state: isRevoked ? 'revoked' : this.#hasPassed(token.expiresAt) ? 'expired' : 'valid',
      token,
      grant,
      client,
      personId: grant.personId,
      scopes: token.scopes.filter((scope) => grant.scopes.includes(scope)),
      resourceIds: grant.resourceIds,
    }
  }

  /** All grants that were ever given, or those of a person, to a client. */
  grants(of: { personId?: string | undefined; clientId?: string | undefined } = {}): Grant[] {
    return [...this.#grants.values()].filter(
      ({ personId, clientId }) =>
        (of.personId === undefined || personId === of.personId) &&
        (of.clientId === undefined || clientId === of.clientId),
    )
  }

  /** Who owns a token, access or refresh; undefined when it is unknown. */
  grantOf(token: string): Grant | undefined {
    const grantId = (this.#accessTokens.get(token) ?? this.#refreshTokens.get(token))?.grantId
    return grantId === undefined ? undefined : this.#grants.get(grantId)
  }

  /** Ends one token, access or refresh, and nothing else. False when it is unknown. */
  revokeToken(token: string): boolean {
    const found = this.#accessTokens.get(token) ?? this.#refreshTokens.get(token)
    if (!found) return false
    found.revokedAt ??= this.#now()
    return true
  }

  /** Ends a grant and with it all its tokens. */
  revokeGrant(grantId: string): void {
    const grant = this.#grants.get(grantId)
    if (grant && !grant.revokedAt) this.#grants.set(grantId, { ...grant, revokedAt: this.#now() })
  }

  /** Ends everything a person granted, to one client or to all. */
  revokePerson(personId: string, clientId?: string): void {
    for (const grant of this.grants({ personId, clientId })) this.revokeGrant(grant.id)
  }

  /** The end of an access token's life, now. False when it is unknown. */
  expireAccessToken(accessToken: string): boolean {
    const token = this.#accessTokens.get(accessToken)
    if (token) token.expiresAt = this.#now()
    return token !== undefined
  }

  /** The end of all access tokens' lives, or of those of one person. */
  expireAccessTokens(personId?: string): void {
    for (const token of this.#accessTokens.values()) {
      const owner = this.#grants.get(token.grantId)?.personId
      if (personId === undefined || owner === personId) token.expiresAt = this.#now()
    }
  }

  /** The person takes back some scopes from all grants. */
  dropScopes(personId: string, scopes: readonly string[]): void {
    for (const grant of this.grants({ personId })) {
      const kept = grant.scopes.filter((scope) => !scopes.includes(scope))
      this.#grants.set(grant.id, { ...grant, scopes: kept })
    }
  }

  /** The person takes back a page, channel or board from all grants. */
  dropResource(personId: string, resourceId: string): void {
    for (const grant of this.grants({ personId })) {
      const kept = grant.resourceIds.filter((id) => id !== resourceId)
      this.#grants.set(grant.id, { ...grant, resourceIds: kept })
    }
  }

  #policyFor(clientId: string): TokenPolicy {
    return { ...this.#policy, ...this.#policy.ofClient?.[clientId] }
  }

  #checkCode(code: Code, client: Client, exchange: Parameters<TokenService['exchangeCode']>[0]): void {
    if (code.clientId !== client.id)
      throw new TokenError('invalid_grant', 'code_of_other_client', 'The code is for another client.')
    if (code.usedAt) {
      if (this.#policy.codeReplayRevokes && code.grantId) this.revokeGrant(code.grantId)
      throw new TokenError('invalid_grant', 'code_used', 'The code was used already.')
    }
    if (this.#hasPassed(code.expiresAt))
      throw new TokenError('invalid_grant', 'code_expired', 'The code has expired.')
    if (code.redirectUri !== exchange.redirectUri)
      throw new TokenError('invalid_grant', 'redirect_uri_mismatch', 'The redirect address is another one.')
    if (this.#policy.pkce === 'ignored' || code.codeChallenge === undefined) return
    if (exchange.codeVerifier === undefined || exchange.codeVerifier === '')
      throw new TokenError('invalid_grant', 'verifier_missing', 'The code verifier is missing.')
    const challenge = createHash('sha256').update(exchange.codeVerifier).digest('base64url')
    if (!isSame(challenge, code.codeChallenge))
      throw new TokenError('invalid_grant', 'verifier_wrong', 'The code verifier is wrong.')
  }

  #replay(refreshToken: RefreshToken, grant: Grant): IssuedTokens {
    const { replay, replayEndsGrant = true } = this.#policy
    const { usedAt, successor } = refreshToken
    if (replay !== 'single_use' && usedAt && successor) {
      const isInTime = this.#now().getTime() <= usedAt.getTime() + replay.graceSeconds * 1000
      if (isInTime) return successor
    }
    if (replayEndsGrant) this.revokeGrant(grant.id)
    throw new TokenError('invalid_grant', 'refresh_used', 'The refresh token was used already.')
  }

  #grantFor(request: {
    clientId: string
    personId: string | null
    scopes: readonly string[]
    resourceIds?: readonly string[]
    facts?: Record<string, unknown>
  }): Grant {
    const { clientId, personId, scopes, resourceIds = [], facts = {} } = request
    const living = [...this.#grants.values()].filter(
      (grant) => grant.clientId === clientId && grant.personId === personId && !grant.revokedAt,
    )
    const { consents = 'separate', reusesAccessToken } = this.#policyFor(clientId)
    if (consents === 'replace') for (const grant of living) this.revokeGrant(grant.id)

    const reusable = reusesAccessToken
      ? living.find((grant) => hasSameMembers(grant.scopes, scopes))
      : undefined
    const base = consents === 'merge' ? living[0] : reusable
    const grant: Grant = base
      ? { ...base, scopes: [...new Set([...base.scopes, ...scopes])], resourceIds }
      : {
          id: `grant-${this.#grants.size + 1}`,
          clientId,
          personId,
          scopes,
          resourceIds,
          createdAt: this.#now(),
          revokedAt: null,
          facts,
        }
    this.#grants.set(grant.id, grant)
    return grant
  }

  #issue(
    grant: Grant,
    options: {
      scopes: readonly string[]
      facts: Readonly<Record<string, unknown>>
      refreshToken?: RefreshToken | undefined
    },
  ): IssuedTokens {
    const { rotation, refreshLifeSeconds, accessLifeSeconds } = this.#policyFor(grant.clientId)
    const access =
      this.#livingToken(grant, options.scopes) ??
      this.#addAccessToken(grant, options.scopes, accessLifeSeconds, {})
    const refresh = options.refreshToken ?? (rotation === 'none' ? null : this.#addRefreshToken(grant))
    return {
      accessToken: access.token,
      expiresInSeconds: accessLifeSeconds,
      refreshToken: refresh?.token ?? null,
      refreshTokenIsNew: refresh !== null && options.refreshToken === undefined,
      refreshExpiresInSeconds: refresh ? refreshLifeSeconds : null,
      issuedAt: access.issuedAt,
      scopes: access.scopes,
      resourceIds: grant.resourceIds,
      personId: grant.personId,
      clientId: grant.clientId,
      grantId: grant.id,
      facts: options.facts,
    }
  }

  #livingToken(grant: Grant, scopes: readonly string[]): AccessToken | undefined {
    if (!this.#policyFor(grant.clientId).reusesAccessToken) return undefined
    return [...this.#accessTokens.values()].find(
      (token) =>
        token.grantId === grant.id &&
        !token.revokedAt &&
        !this.#hasPassed(token.expiresAt) &&
        hasSameMembers(token.scopes, scopes),
    )
  }

  #addAccessToken(
    grant: Grant,
    scopes: readonly string[],
    lifeSeconds: number | null,
    facts: Readonly<Record<string, unknown>>,
  ): AccessToken {
    const token = {
      token: this.#policyFor(grant.clientId).formats?.accessToken?.(this.#random) ?? this.#random.text(43),
      grantId: grant.id,
      scopes,
      issuedAt: this.#now(),
      expiresAt: lifeSeconds === null ? null : this.#after(lifeSeconds),
      revokedAt: null,
      facts,
    }
    this.#accessTokens.set(token.token, token)
    return token
  }

  #addRefreshToken(grant: Grant): RefreshToken {
    const life = this.#policy.refreshLifeSeconds
    const token = {
      token: this.#policy.formats?.refreshToken?.(this.#random) ?? this.#random.text(43),
      grantId: grant.id,
      expiresAt: life === null ? null : this.#after(life),
      usedAt: null,
      revokedAt: null,
      successor: null,
    }
    this.#refreshTokens.set(token.token, token)
    return token
  }

  #endAccessTokens(grantId: string): void {
    for (const token of this.#accessTokens.values())
      if (token.grantId === grantId) token.revokedAt ??= this.#now()
  }

  #after(seconds: number): Date {
    return new Date(this.#now().getTime() + seconds * 1000)
  }

  #hasPassed(instant: Date | null): boolean {
    return instant !== null && instant.getTime() <= this.#now().getTime()
  }
}

const hasSameMembers = (some: readonly string[], others: readonly string[]) =>
  some.length === others.length && some.every((one) => others.includes(one))

function isSame(expected: string, shown: string): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(shown)]
  return one.length === other.length && timingSafeEqual(one, other)
}
