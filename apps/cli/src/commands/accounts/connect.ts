import { Flags } from '@oclif/core'
import type { ConnectStep, PostMcp } from '@postmcp/sdk'
import { BaseCommand } from '../../base-command.js'
import { credentialFlags, readCredentials, secretsOnCommandLine } from '../../credentials.js'
import { renderStep } from '../../render/account.js'

export default class AccountsConnect extends BaseCommand {
  static override summary = 'Connect an account, so that you can publish to it.'
  static override description =
    'What the platform asks for is taken from flags, standard input or variables, and else asked for. An account that is connected already keeps its id and gets the new authorization.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --platform bluesky',
    '<%= config.bin %> <%= command.id %> --platform bluesky --identifier you.bsky.social --app-password-stdin < app-password.txt',
    {
      description: 'With POSTMCP_BLUESKY_IDENTIFIER and POSTMCP_BLUESKY_APP_PASSWORD set:',
      command: '<%= config.bin %> <%= command.id %> --platform bluesky --json',
    },
    {
      description: 'Choose among what an authorization can publish to:',
      command: '<%= config.bin %> <%= command.id %> --connection CONN_ID --target ID',
    },
  ]
  static override flags = {
    platform: Flags.string({
      summary: 'Where the account is; see `postmcp platforms list`.',
      exactlyOne: ['platform', 'connection'],
    }),
    connection: Flags.string({
      summary: 'Go on with this connection.',
      helpValue: 'CONN_ID',
      dependsOn: ['target'],
    }),
    target: Flags.string({
      summary: 'What to connect, as the connection listed it. May be repeated.',
      helpValue: 'ID',
      multiple: true,
      multipleNonGreedy: true,
      dependsOn: ['connection'],
    }),
    ...credentialFlags,
  }

  async run(): Promise<ConnectStep> {
    const { flags } = await this.parse(AccountsConnect)
    this.noteSecrets(secretsOnCommandLine(flags))
    return this.withApi(async ({ api }) => {
      const step =
        flags.connection === undefined
          ? await this.#connect(api, flags.platform ?? '', flags)
          : await api.connections.continue(flags.connection, { targetIds: flags.target ?? [] })
      this.log(renderStep(step))
      return step
    })
  }

  async #connect(
    api: PostMcp,
    platformId: string,
    flags: Parameters<typeof readCredentials>[1],
  ): Promise<ConnectStep> {
    const platform = await api.platforms.get(platformId)
    const isJson = this.jsonEnabled()
    const fields = await readCredentials(platform, flags, { env: process.env, isJson, isRemembered: false })
    return api.accounts.connect({ platform: platform.id, fields })
  }
}
