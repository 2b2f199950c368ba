import { createHash, createHmac } from 'node:crypto'
import type { Context } from 'hono'
import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWTVerifyResult, jwtVerify } from 'jose'
import type { PlatformKit } from '../../platform.js'
import { badProof, OAuthError } from './errors.js'

const NONCE_SECONDS = 60
const NONCE_MAX_AGE_SECONDS = 180
const PROOF_MAX_AGE_SECONDS = 10

/** Proofs that a client holds the key of its tokens, and the nonces that keep them fresh. @see RFC 9449 */
export class DpopProofs {
  readonly #kit: PlatformKit
  readonly #secret: Uint8Array
  /** Ids of proofs that were shown, with the machine's time at which they may be forgotten. */
  readonly #shown = new Map<string, number>()

  constructor(kit: PlatformKit) {
    this.#kit = kit
    this.#secret = kit.random.fork('dpop').bytes(32)
  }

  /** The newest nonce; those of the last two minutes are taken as well. */
  nonce(): string {
    return this.#nonceOf(this.#turn() + 1)
  }

  /**
   * The thumbprint of the key with which a request was proven; null when there is no proof.
   * @throws OAuthError `invalid_dpop_proof`, `use_dpop_nonce`
   */
  async check(c: Context, accessToken?: string): Promise<string | null> {
    const proof = c.req.header('dpop')
    if (proof === undefined) return null
    const { payload, protectedHeader } = await verify(proof)
    const { ath, htm, htu, jti, nonce } = payload
    if (typeof jti !== 'string' || jti === '') throw badProof('DPoP "jti" missing')
    if (htm !== c.req.method) throw badProof('DPoP "htm" mismatch')
    const { pathname } = new URL(c.req.url)
    if (withoutQuery(htu) !== new URL(this.#kit.base()).origin + pathname)
      throw badProof('DPoP "htu" mismatch')
    if (nonce === undefined)
      throw new OAuthError('use_dpop_nonce', 'Authorization server requires nonce in DPoP proof')
    const turn = this.#turn()
    if (![turn - 1, turn, turn + 1].some((one) => this.#nonceOf(one) === nonce))
      throw new OAuthError('use_dpop_nonce', 'DPoP "nonce" mismatch')
    const expected = accessToken && createHash('sha256').update(accessToken).digest('base64url')
    if (ath !== expected) throw badProof(accessToken ? 'DPoP "ath" mismatch' : 'DPoP "ath" claim not allowed')
    this.#useUp(jti)
    return calculateJwkThumbprint(protectedHeader.jwk ?? {}, 'sha256')
  }

  #useUp(jti: string): void {
    const now = Date.now()
    for (const [id, until] of this.#shown) {
      if (until > now) break
      this.#shown.delete(id)
    }
    if (this.#shown.has(jti)) throw badProof('DPoP proof replayed')
    this.#shown.set(jti, now + 2 * NONCE_MAX_AGE_SECONDS * 1000)
  }

  #turn = (): number => Math.floor(this.#kit.now().getTime() / 1000 / NONCE_SECONDS)

  #nonceOf = (turn: number): string =>
    createHmac('sha256', this.#secret).update(String(turn)).digest('base64url')
}

/** By the machine's time: the client cannot know how the sandbox's clock was moved. */
async function verify(proof: string): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      maxTokenAge: PROOF_MAX_AGE_SECONDS,
      clockTolerance: NONCE_MAX_AGE_SECONDS,
    })
  } catch (error) {
    const why = error instanceof errors.JOSEError ? `: ${error.message}` : ''
    throw badProof(`Failed to verify DPoP proof${why}`)
  }
}

function withoutQuery(htu: unknown): string | null {
  const url = typeof htu === 'string' ? URL.parse(htu) : null
  return url && url.origin + url.pathname
}
