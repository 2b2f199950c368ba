import type { AccountStatus } from '@postmcp/sdk'
import { exitCodeOf } from './errors.js'

/** From which level on somebody wants to be told. */
export type FailOn = 'error' | 'warning'

/** A person who must act before access ends is told this long before. */
const warnAheadMs = 14 * 24 * 60 * 60 * 1000

const endsSoon = (instant: string | null, now: Date): boolean =>
  instant !== null && Date.parse(instant) - now.getTime() < warnAheadMs

/**
 * Whether an account needs a person: `error` when it cannot be published to, `warning` when access or consent ends within 14 days.
 * One that the user has disconnected needs nobody.
 */
export function alarmOf(account: AccountStatus, now: Date): FailOn | null {
  if (account.status === 'disconnected') return null
  if (!account.canPublish) return 'error'
  return endsSoon(account.expiresAt, now) || endsSoon(account.reconsentBy, now) ? 'warning' : null
}

/** Exit status for a check of accounts: 0 when all is well, 5 when one needs a person, 6 when a platform could not say so. */
export function exitCodeOfAccounts(accounts: AccountStatus[], failOn: FailOn, now: Date): number {
  const alarms = accounts.map((account) => alarmOf(account, now))
  const isNeeded = alarms.some((alarm) => alarm === 'error' || (alarm !== null && failOn === 'warning'))
  if (isNeeded) return exitCodeOf('account_not_publishable')
  const isUnknown = failOn === 'warning' && accounts.some(({ check }) => check.source === 'failed')
  return isUnknown ? exitCodeOf('platform_unavailable') : 0
}
