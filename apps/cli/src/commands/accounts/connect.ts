import { Flags } from '@oclif/core'
import type { ConnectionInput, ConnectStep, PostMcp } from '@postmcp/sdk'
import { ConnectCommand, type ConnectValues } from '../../connect/connect-command.js'
import { refusedBy } from '../../connect/follow.js'
import { browserFlags, chooseWay, withWaitSeconds } from '../../connect/way.js'
import {
  credentialFlags,
  fieldsInFlags,
  readCredentials,
  readFlags,
  secretsOnCommandLine,
} from '../../credentials.js'
import type { ApiAccess } from '../../open-api.js'

export default class AccountsConnect extends ConnectCommand {
  static override summary = 'Connect an account, so that you can publish to it.'
  static override description =
    'What the platform asks for is taken from flags, standard input or variables, and else asked for. Where it asks for consent in a browser, the page is shown (and opened, at a terminal with a screen) and waited for; with --json the step that says where to go is the result, unless --wait is given. An account that is connected already keeps its id and gets the new authorization. Exits with 6 when --wait ended before the browser was done.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --platform bluesky',
    '<%= config.bin %> <%= command.id %> --platform bluesky --identifier you.bsky.social --app-password-stdin < app-password.txt',
    {
      description: 'With POSTMCP_BLUESKY_IDENTIFIER and POSTMCP_BLUESKY_APP_PASSWORD set:',
      command: '<%= config.bin %> <%= command.id %> --platform bluesky --json',
    },
    '<%= config.bin %> <%= command.id %> --platform mastodon --instance mastodon.social',
    {
      description: 'By another way than the first, where a platform has several:',
      command: '<%= config.bin %> <%= command.id %> --platform instagram --way facebook_login',
    },
    {
      description: 'See what became of a connect that was left:',
      command: '<%= config.bin %> <%= command.id %> --connection CONN_ID --wait',
    },
    {
      description: 'Choose among what an authorization can publish to:',
      command: '<%= config.bin %> <%= command.id %> --connection CONN_ID --target ID',
    },
    {
      description: 'Where no browser can come back to the server:',
      command: '<%= config.bin %> <%= command.id %> --platform mastodon --instance mastodon.social --paste',
    },
  ]
  static override flags = {
    platform: Flags.string({
      summary: 'Where the account is; see `postmcp platforms list`.',
      exactlyOne: ['platform', 'connection'],
    }),
    connection: Flags.string({ summary: 'Go on with this connection.', helpValue: 'CONN_ID' }),
    target: Flags.string({
      summary: 'What to connect, as the connection listed it. May be repeated.',
      helpValue: 'ID',
      multiple: true,
      multipleNonGreedy: true,
      dependsOn: ['connection'],
    }),
    'refresh-targets': Flags.boolean({
      summary: 'Ask the platform again what there is to connect.',
      dependsOn: ['connection'],
      exclusive: ['target', 'paste'],
    }),
    ...browserFlags,
    ...credentialFlags,
  }

  async run(): Promise<ConnectStep> {
    const { flags } = await this.parse(AccountsConnect, withWaitSeconds(this.argv))
    this.noteSecrets(secretsOnCommandLine(flags))
    return this.withApi((access) =>
      flags.connection === undefined
        ? this.#connect(access, flags.platform ?? '', flags)
        : this.#resume(access, flags.connection, flags),
    )
  }

  async #connect(here: ApiAccess, platformId: string, flags: ConnectValues): Promise<ConnectStep> {
    const platform = await here.api.platforms.get(platformId)
    const method = chooseWay(platform, flags)
    const fields = await readCredentials(platform, method, flags, {
      env: process.env,
      isJson: this.jsonEnabled(),
      isRemembered: false,
    })
    const access = await this.reachable(here, method, flags)
    const { way, 'redirect-uri': redirectUri } = flags
    const step = await access.api.accounts.connect({
      platform: platform.id,
      fields,
      method,
      way,
      redirectUri,
    })
    return this.goOn(access, step, flags)
  }

  async #resume(
    access: ApiAccess,
    connectionId: string,
    flags: ConnectValues & { target?: string[] | undefined },
  ): Promise<ConnectStep> {
    const input = await inputOf(flags)
    const step = input
      ? await access.api.connections.continue(connectionId, input)
      : await presentStep(access.api, connectionId)
    return this.goOn(access, step, flags)
  }
}

async function presentStep(api: PostMcp, connectionId: string): Promise<ConnectStep> {
  const { step } = await api.connections.get(connectionId)
  return step ?? refusedBy(api, connectionId)
}

/** What the flags have for a connection under way. */
async function inputOf(
  flags: ConnectValues & { target?: string[] | undefined },
): Promise<ConnectionInput | undefined> {
  if (flags.target) return { targetIds: flags.target }
  if (flags['refresh-targets'] === true) return { refreshTargets: true }
  return fieldsInFlags(flags).length > 0 ? { fields: await readFlags(flags) } : undefined
}
