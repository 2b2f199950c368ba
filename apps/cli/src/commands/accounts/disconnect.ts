import type { Disconnected } from '@postmcp/sdk'
import { confirm } from '../../ask.js'
import { BaseCommand } from '../../base-command.js'
import { findAccountId } from '../../find-account.js'
import { accountFlag, yesFlag } from '../../flags.js'
import { renderDisconnected } from '../../render/account.js'

export default class AccountsDisconnect extends BaseCommand {
  static override summary = 'Let go of an account: revoke, destroy its credentials, cancel what waits.'
  static override description =
    'What was published stays. The account can be connected again and then keeps its id.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --account @you.bsky.social',
    '<%= config.bin %> <%= command.id %> --account ACCT_ID --yes --json',
  ]
  static override flags = { account: accountFlag, yes: yesFlag }

  async run(): Promise<Disconnected | undefined> {
    const { flags } = await this.parse(AccountsDisconnect)
    return this.withApi(async ({ api }) => {
      const { id, handle, platform } = await api.accounts.get(await findAccountId(api, flags.account))
      if (!(await confirm(`Disconnect @${handle} (${platform})?`, flags, this.jsonEnabled())))
        return undefined
      const disconnected = await api.accounts.disconnect(id)
      this.log(renderDisconnected(disconnected))
      return disconnected
    })
  }
}
