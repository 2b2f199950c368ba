import type { Account, Page } from '@postmcp/sdk'
import { BaseCommand } from '../../base-command.js'
import { pageFlags } from '../../flags.js'
import { renderAccounts } from '../../render/account.js'

export default class AccountsList extends BaseCommand {
  static override summary = 'List the accounts, with the status last known.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override flags = pageFlags

  async run(): Promise<Page<Account>> {
    const { flags } = await this.parse(AccountsList)
    return this.withApi(async ({ api }) => {
      const page = await api.accounts.list(flags)
      this.log(renderAccounts(page.data))
      this.noteMore(page)
      return page
    })
  }
}
