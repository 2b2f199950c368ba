import { type Account, type Health, worseHealth } from '../model/account.js'
import type { Grant } from '../model/grant.js'
import type { Manifest } from '../provider/manifest.js'
import { waysOf } from '../provider/ways.js'
import { type NextAction, nextActionFor } from './next-action.js'

/** An account's health as users see it: the worse of its own and its grant's. */
export const effectiveHealth = (account: Account, grant: Grant | undefined): Health =>
  grant && account.grantId === grant.id ? worseHealth(grant.health, account.health) : account.health

/** Everything there is to say about an account; holds no secret. */
export interface AccountReport {
  account: Account
  health: Health
  canPublish: boolean
  /** When the access ends if nobody does anything; null: it is renewed without end, or unknown. */
  expiresAt: Date | null
  /** When the person must consent again at the latest; null: not at all, or unknown. */
  reconsentBy: Date | null
  /** The way through the browser by which it was connected; null where the platform has only one, or it was not a browser. */
  way: string | null
  nextAction: NextAction
}

export function reportAccount(account: Account, grant: Grant | undefined, manifest: Manifest): AccountReport {
  const health = effectiveHealth(account, grant)
  return {
    account,
    health,
    canPublish: health.status === 'active',
    expiresAt: grant?.endsAt ?? null,
    reconsentBy: grant ? reconsentBy(grant.authorizedAt, manifest.tokens) : null,
    way: grant?.authMethod === 'oauth2' ? (grant.way ?? waysOf(manifest)[0]?.id ?? null) : null,
    nextAction: nextActionFor(account, health, manifest),
  }
}

/** When the person must consent again at the latest; null: never, or unknown. */
export const reconsentBy = (
  authorizedAt: Date,
  { reconsentAfterDays }: Pick<Manifest['tokens'], 'reconsentAfterDays'>,
): Date | null =>
  reconsentAfterDays === undefined ? null : new Date(authorizedAt.getTime() + reconsentAfterDays * 86_400_000)
