import { Flags } from '@oclif/core'
import type { ConnectStep } from '@postmcp/sdk'
import { ConnectCommand } from '../../connect/connect-command.js'
import { followFlags, withWaitSeconds } from '../../connect/way.js'
import { findAccountId } from '../../find-account.js'
import { accountFlag } from '../../flags.js'

export default class AccountsAdd extends ConnectCommand {
  static override summary =
    'Add further pages, channels or boards that an account you connected came with, without a new consent.'
  static override description =
    'Lists what the authorization of the account can publish to and is not connected yet, and connects what is chosen: at a terminal by asking, else with --target. Where the authorization has ended it is renewed first, as with `accounts reconnect`; then add again.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --account ACCT_ID',
    '<%= config.bin %> <%= command.id %> --account @mybakery --target ID --target ID --json',
  ]
  static override flags = {
    account: accountFlag,
    target: Flags.string({
      summary: 'What to add, as the list without this flag names it. May be repeated.',
      helpValue: 'ID',
      multiple: true,
      multipleNonGreedy: true,
    }),
    ...followFlags,
  }

  async run(): Promise<ConnectStep> {
    const { flags } = await this.parse(AccountsAdd, withWaitSeconds(this.argv))
    return this.withApi(async (access) => {
      const { accounts } = access.api
      const id = await findAccountId(access.api, flags.account)
      const step = await accounts.add(id, { targetIds: flags.target })
      if (step.type !== 'select_targets' && step.type !== 'connected') {
        process.stderr.write('The authorization has ended. Renew it, then add again.\n')
      }
      return this.goOn(access, step, flags)
    })
  }
}
