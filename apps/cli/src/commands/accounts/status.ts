import { Flags } from '@oclif/core'
import type { AccountStatus, PostMcp } from '@postmcp/sdk'
import { BaseCommand } from '../../base-command.js'
import { exitCodeOf } from '../../errors.js'
import { findAccountId } from '../../find-account.js'
import { words } from '../../flags.js'
import { renderStatus } from '../../render/account.js'

/** A person who must consent again is reminded this long before. */
const warnAheadMs = 14 * 24 * 60 * 60 * 1000

const isBroken = ({ canPublish, status }: AccountStatus): boolean => !canPublish && status !== 'disconnected'

const isInQuestion = (account: AccountStatus): boolean =>
  account.check.source === 'failed' ||
  (account.reconsentBy !== null && Date.parse(account.reconsentBy) - Date.now() < warnAheadMs)

export default class AccountsStatus extends BaseCommand {
  static override summary = 'Show whether an account can be published to, verified at the platform.'
  static override description =
    'Exits with 0 when that could be told, whatever it is; with --fail-on it exits with 5 where somebody must act.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --account @you.bsky.social',
    '<%= config.bin %> <%= command.id %> --account ACCT_ID --json',
    { description: 'For cron:', command: '<%= config.bin %> <%= command.id %> --all --fail-on warning' },
  ]
  static override flags = {
    account: Flags.string({ ...words.account, exactlyOne: ['account', 'all'] }),
    all: Flags.boolean({ summary: 'All accounts.' }),
    cached: Flags.boolean({ summary: 'Do not ask the platform; show what is known.', exclusive: ['fresh'] }),
    fresh: Flags.boolean({ summary: 'Ask the platform even if it was asked within the last minute.' }),
    'fail-on': Flags.option({
      options: ['warning', 'error'] as const,
      summary: 'Exit with 5 when an account cannot be published to, or (warning) soon may not be.',
    })(),
  }

  async run(): Promise<AccountStatus | { data: AccountStatus[]; nextCursor: null }> {
    const { flags } = await this.parse(AccountsStatus)
    const freshness = flags.cached ? 'stored' : flags.fresh ? 'live' : 'recent'
    return this.withApi(async ({ api }) => {
      const ids = flags.account === undefined ? await allIds(api) : [await findAccountId(api, flags.account)]
      const data: AccountStatus[] = []
      for (const id of ids) data.push(await api.accounts.status(id, { freshness }))
      this.log(data.length === 0 ? 'No accounts yet.' : data.map(renderStatus).join('\n\n'))
      const failsOn = flags['fail-on']
      if (failsOn && data.some((each) => isBroken(each) || (failsOn === 'warning' && isInQuestion(each)))) {
        process.exitCode = exitCodeOf('account_not_publishable')
      }
      const [one] = data
      return flags.account !== undefined && one ? one : { data, nextCursor: null }
    })
  }
}

async function allIds(api: PostMcp): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of await api.accounts.list({ limit: 100 })) ids.push(id)
  return ids
}
