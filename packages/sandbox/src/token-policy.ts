import type { Random } from './random.js'

/** How a platform deals with codes and tokens. */
export interface TokenPolicy {
  codeLifeSeconds: number
  /** Null: for ever. */
  accessLifeSeconds: number | null
  /** Null: for ever. Counted anew for each refresh token. */
  refreshLifeSeconds: number | null
  /** `rotating`: every refresh gives a new refresh token. `reusable`: the same one goes on. `none`: there are none. */
  rotation: 'rotating' | 'reusable' | 'none'
  /** A rotated refresh token shown again: within so many seconds the same answer as before, or at once an error. */
  replay: { graceSeconds: number } | 'single_use'
  /** Whether a rotated refresh token shown too late ends the whole grant. Default: true. */
  replayEndsGrant?: boolean
  /** Whether a code shown twice ends the grant it was changed for. */
  codeReplayRevokes: boolean
  /** Whether an attempt with a wrong secret, verifier or redirect address uses up the code. Default: false. */
  failedExchangeBurnsCode?: boolean
  /** `ignored`: a challenge is not even looked at. Default: `optional`. */
  pkce?: 'required' | 'optional' | 'ignored'
  /** Whether a refresh ends the access tokens given before. Default: false. */
  refreshEndsAccessTokens?: boolean
  /** Whether the same person, client and scopes get the living access token again. Default: false. */
  reusesAccessToken?: boolean
  /**
   * What a consent does to an older grant of the same person to the same client. `separate`: nothing, both live. `replace`: the
   * older one ends. `merge`: there is one grant; scopes are added, chosen resources take the place of the older choice.
   * Default: `separate`.
   */
  consents?: 'separate' | 'replace' | 'merge'
  /** What differs for single applications of the operator, by their client ids: life, consents and forms. Default: nothing. */
  ofClient?: Readonly<
    Record<
      string,
      Partial<Pick<TokenPolicy, 'codeLifeSeconds' | 'accessLifeSeconds' | 'consents' | 'formats'>>
    >
  >
  /** Forms of codes and tokens. Default: 43 characters. */
  formats?: {
    code?(random: Random): string
    accessToken?(random: Random): string
    refreshToken?(random: Random): string
  }
}
