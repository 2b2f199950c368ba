import type { Account, AccountStatus, Disconnected } from '@postmcp/sdk'
import { alarmOf } from '../account-alarm.js'
import { type Cell, plain, properties, table } from '../output.js'

const statusCell = ({ status, reason }: Pick<Account, 'status' | 'reason'>): Cell => {
  const text = reason === null ? status : `${status} (${reason})`
  return { text, style: status === 'active' ? 'green' : status === 'disconnected' ? 'dim' : 'red' }
}

export function renderAccounts(accounts: Account[]): string {
  if (accounts.length === 0)
    return 'No accounts yet. Connect one: postmcp accounts connect --platform bluesky'
  return table(
    ['ACCOUNT', 'PLATFORM', 'HANDLE', 'STATUS', 'CHECKED'],
    accounts.map((account) => [
      account.id,
      account.platform,
      `@${account.handle}`,
      statusCell(account),
      account.checkedAt,
    ]),
  )
}

const sources = {
  live: 'just now, at the platform',
  recent: 'within the last minute',
  stored: 'not now; this is what was known',
  failed: 'tried just now, without an answer; this is what was known',
} as const

export function renderStatus(account: AccountStatus): string {
  const { nextAction, check, missingScopes } = account
  const lines = properties([
    ['Account', account.id],
    ['Handle', `@${account.handle}`],
    ['Name', account.displayName],
    ['Platform', account.platform],
    ['Way', account.way],
    ['Status', statusCell(account)],
    ['Since', account.since],
    ['Platform says', account.platformCode],
    ['Missing', missingScopes.length > 0 ? missingScopes.join(', ') : null],
    ['Can publish', account.canPublish ? 'yes' : { text: 'no', style: 'red' }],
    [
      'Checked',
      account.checkedAt === null ? sources[check.source] : `${account.checkedAt} (${sources[check.source]})`,
    ],
    ['Access ends', account.expiresAt],
    ['Consent ends', account.reconsentBy],
    ['Last used', account.lastUsedAt],
  ])
  const next = nextAction.kind === 'none' ? [] : [nextAction.message, nextAction.command, nextAction.url]
  const trouble = check.error ? [check.error.message, check.error.nextAction] : []
  const words = [...trouble, ...next].filter((line) => line !== null).map(plain)
  return words.length === 0 ? lines : `${lines}\n\n${words.join('\n')}`
}

/** What somebody should know or do about an account of many, in a few words. */
function remarkOf(account: AccountStatus, now: Date): Cell {
  const { check, nextAction, expiresAt, reconsentBy } = account
  const alarm = alarmOf(account, now)
  if (alarm === 'error')
    return { text: nextAction.command ?? nextAction.url ?? nextAction.message, style: 'red' }
  if (alarm === 'warning') {
    const [end] = [expiresAt, reconsentBy].filter((instant) => instant !== null).sort()
    return { text: `ends ${end}; postmcp accounts reconnect --account ${account.id}`, style: 'yellow' }
  }
  if (check.source === 'failed') return { text: check.error?.message ?? sources.failed, style: 'yellow' }
  return null
}

/** Many accounts, a line each. */
export function renderStatuses(accounts: AccountStatus[], now: Date): string {
  if (accounts.length === 0) return 'No accounts yet.'
  return table(
    ['ACCOUNT', 'PLATFORM', 'HANDLE', 'STATUS', 'CHECKED', 'NEXT'],
    accounts.map((account) => [
      account.id,
      account.platform,
      `@${account.handle}`,
      statusCell(account),
      account.checkedAt,
      remarkOf(account, now),
    ]),
  )
}

export function renderDisconnected({ accountId, revocation, cancelledPosts }: Disconnected): string {
  const cancelled = cancelledPosts.length > 0 ? `\nCancelled: ${cancelledPosts.join(', ')}` : ''
  return `Disconnected ${accountId}. ${plain(revocation.message)}${cancelled}`
}
