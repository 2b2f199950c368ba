import type { PlatformKit } from '../platform.js'
import type { LivingToken } from './access.js'
import { isLongLived } from './facebook-tokens.js'

/**
 * Tokens of Pages: the same one again for the same person and Page, as long as the person grants the same; without an end where the
 * person's token is long-lived.
 */
export class PageTokens {
  readonly #kit: PlatformKit
  readonly #tokens = new Map<string, string>()

  constructor(kit: PlatformKit) {
    this.#kit = kit
  }

  /** The token of a Page for whoever shows this token of a person. */
  tokenFor({ token, grant }: LivingToken, pageId: string): string {
    const { tokens, now } = this.#kit
    const key = [grant.id, pageId, isLongLived(token), ...grant.scopes].join(' ')
    const known = this.#tokens.get(key)
    if (known !== undefined && tokens.inspect(known).state === 'valid') return known
    const left = token.expiresAt ? (token.expiresAt.getTime() - now().getTime()) / 1000 : null
    const made = tokens.issueAccessToken(grant.id, {
      lifeSeconds: isLongLived(token) ? null : left,
      facts: { pageId },
    })
    this.#tokens.set(key, made.token)
    return made.token
  }
}

/** The Page a token is for; undefined: it is a person's. */
export const pageOf = ({ token }: LivingToken): string | undefined =>
  typeof token.facts.pageId === 'string' ? token.facts.pageId : undefined
