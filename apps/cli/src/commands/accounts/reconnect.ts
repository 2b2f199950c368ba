import type { ConnectStep } from '@postmcp/sdk'
import { BaseCommand } from '../../base-command.js'
import { credentialFlags, readCredentials, secretsOnCommandLine } from '../../credentials.js'
import { findAccountId } from '../../find-account.js'
import { accountFlag } from '../../flags.js'
import { renderStep } from '../../render/account.js'

export default class AccountsReconnect extends BaseCommand {
  static override summary = 'Give an account a new authorization; its id, posts and history stay.'
  static override description =
    'Only secrets are asked for: what else the platform needs is remembered. Posts that failed meanwhile are published with `postmcp post retry`.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --account @you.bsky.social',
    '<%= config.bin %> <%= command.id %> --account ACCT_ID --app-password-stdin < app-password.txt',
  ]
  static override flags = { account: accountFlag, ...credentialFlags }

  async run(): Promise<ConnectStep> {
    const { flags } = await this.parse(AccountsReconnect)
    this.noteSecrets(secretsOnCommandLine(flags))
    return this.withApi(async ({ api }) => {
      const account = await api.accounts.get(await findAccountId(api, flags.account))
      const platform = await api.platforms.get(account.platform)
      const isJson = this.jsonEnabled()
      const fields = await readCredentials(platform, flags, { env: process.env, isJson, isRemembered: true })
      const step = await api.accounts.reconnect(account.id, fields)
      this.log(renderStep(step))
      return step
    })
  }
}
