import type { ConnectStep } from '@postmcp/sdk'
import { ConnectCommand, type ConnectValues } from '../../connect/connect-command.js'
import { browserFlags, chooseWayAgain, withWaitSeconds } from '../../connect/way.js'
import { credentialFlags, readCredentials, secretsOnCommandLine } from '../../credentials.js'
import { findAccountId } from '../../find-account.js'
import { accountFlag } from '../../flags.js'
import type { ApiAccess } from '../../open-api.js'

export default class AccountsReconnect extends ConnectCommand {
  static override summary = 'Give an account a new authorization; its id, posts and history stay.'
  static override description =
    'It goes the way the account was connected, unless --method, --way or a credential says otherwise. Only secrets are asked for: what else the platform needs is remembered. Browser and exit status are as with `accounts connect`. Posts that failed meanwhile are published with `postmcp post retry`.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --account @you.bsky.social',
    '<%= config.bin %> <%= command.id %> --account ACCT_ID --app-password-stdin < app-password.txt',
    '<%= config.bin %> <%= command.id %> --account ACCT_ID --wait --json',
  ]
  static override flags = { account: accountFlag, ...browserFlags, ...credentialFlags }

  async run(): Promise<ConnectStep> {
    const { flags } = await this.parse(AccountsReconnect, withWaitSeconds(this.argv))
    this.noteSecrets(secretsOnCommandLine(flags))
    return this.withApi((access) => this.#reconnect(access, flags.account, flags))
  }

  async #reconnect(here: ApiAccess, name: string, flags: ConnectValues): Promise<ConnectStep> {
    const account = await here.api.accounts.get(await findAccountId(here.api, name))
    const platform = await here.api.platforms.get(account.platform)
    const method = chooseWayAgain(platform, flags)
    const fields = await readCredentials(platform, method, flags, {
      env: process.env,
      isJson: this.jsonEnabled(),
      isRemembered: true,
    })
    const access = await this.reachable(here, method, flags)
    const { way, 'redirect-uri': redirectUri } = flags
    const step = await access.api.accounts.reconnect(account.id, { fields, method, way, redirectUri })
    return this.goOn(access, step, flags)
  }
}
