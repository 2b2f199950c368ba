import type { Account, AccountStatus, ConnectStep, Disconnected } from '@postmcp/sdk'
import { type Cell, paint, plain, properties, table } from '../output.js'

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

export function renderStep(step: ConnectStep): string {
  switch (step.type) {
    case 'connected':
      return step.accounts
        .map(({ handle, platform, id, canPublish }) => {
          const done = paint('green', `Connected @${plain(handle)} on ${platform}`)
          return `${done}: ${id}${canPublish ? '' : ', which cannot publish at present'}`
        })
        .join('\n')
    case 'select_targets':
      return [
        `Choose what to connect, until ${step.expiresAt}:`,
        table(
          ['TARGET', 'HANDLE', 'NAME'],
          step.targets.map(({ targetId, handle, displayName }) => [targetId, handle, displayName]),
        ),
        `postmcp accounts connect --connection ${step.connectionId} --target ID`,
      ].join('\n')
    case 'input_required':
      return [
        plain(step.instructions),
        step.helpUrl,
        table(
          ['FIELD', 'WHAT IT IS'],
          step.fields.map(({ name, description }) => [name, description]),
        ),
      ].join('\n')
  }
}

export function renderDisconnected({ accountId, revocation, cancelledPosts }: Disconnected): string {
  const cancelled = cancelledPosts.length > 0 ? `\nCancelled: ${cancelledPosts.join(', ')}` : ''
  return `Disconnected ${accountId}. ${plain(revocation.message)}${cancelled}`
}
