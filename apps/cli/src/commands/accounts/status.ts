import { Flags } from '@oclif/core'
import type { AccountStatus, PostMcp } from '@postmcp/sdk'
import { exitCodeOfAccounts } from '../../account-alarm.js'
import { BaseCommand } from '../../base-command.js'
import { fewAtATime } from '../../few-at-a-time.js'
import { findAccountId } from '../../find-account.js'
import { words } from '../../flags.js'
import { renderStatus, renderStatuses } from '../../render/account.js'

/** Platforms that are asked at the same time. */
const atOnce = 4

export default class AccountsStatus extends BaseCommand {
  static override summary = 'Show whether an account can be published to, verified at the platform.'
  static override description =
    'Exits with 0 when that could be told, whatever it is. With --fail-on it exits with 5 when an account needs a person, and, where warnings matter, with 6 when a platform did not answer.'
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
      summary: 'Exit with 5 when an account cannot be published to, or (warning) will not be within 14 days.',
    })(),
  }

  async run(): Promise<AccountStatus | { data: AccountStatus[]; nextCursor: null }> {
    const { flags } = await this.parse(AccountsStatus)
    const freshness = flags.cached ? 'stored' : flags.fresh ? 'live' : 'recent'
    return this.withApi(async ({ api }) => {
      const ids = flags.account === undefined ? await allIds(api) : [await findAccountId(api, flags.account)]
      const data = await fewAtATime(ids, atOnce, (id) => api.accounts.status(id, { freshness }))
      const now = new Date()
      const failOn = flags['fail-on']
      if (failOn) process.exitCode = exitCodeOfAccounts(data, failOn, now)
      const [one] = data
      const isOne = flags.account !== undefined && one !== undefined
      this.log(isOne ? renderStatus(one) : renderStatuses(data, now))
      return isOne ? one : { data, nextCursor: null }
    })
  }
}

async function allIds(api: PostMcp): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of await api.accounts.list({ limit: 100 })) ids.push(id)
  return ids
}
